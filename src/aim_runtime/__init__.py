"""An open AMD Inference Microservice runtime: ask, look, decide, do.

settings = Settings.from_env(os.environ)    # ask
site = survey(settings)                     # look
plan = make_plan(settings, site)            # decide
aim_runtime.serve.serve(plan, …)            # do
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aim_runtime.version import __version__

__all__ = ["Plan", "Settings", "Site", "__version__", "make_plan", "survey"]

if TYPE_CHECKING:
    from aim_runtime.plan import Plan, make_plan
    from aim_runtime.settings import Settings
    from aim_runtime.site import Site, survey

_HOMES = {"Plan": "plan", "make_plan": "plan", "Settings": "settings", "Site": "site", "survey": "site"}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used, so that `aim-runtime --version` imports nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    return found
