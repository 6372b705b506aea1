"""All the objects of one service of the operator, in the order in which they are created."""

from __future__ import annotations

from aim_runtime.deploy.aim_engine.asked import Api, checked
from aim_runtime.deploy.aim_engine.profiles import render_profiles
from aim_runtime.deploy.aim_engine.templates import render_templates
from aim_runtime.deploy.asked import Asked
from aim_runtime.deploy.kubernetes.objects import Document
from aim_runtime.deploy.needs import Needs


def render(wanted: Needs, asked: Asked, api: Api) -> list[Document]:
    """Return the objects as the API takes them; raises InvalidValue and NotDeployable."""
    checked(wanted, asked, api)
    return render_templates(wanted, asked) if api is Api.TEMPLATES else render_profiles(wanted, asked)
