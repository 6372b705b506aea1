"""Whether a manifest is for one machine or for several that serve together, and that it is said once."""

from __future__ import annotations

from dataclasses import replace

from aim_runtime.errors import InvalidValue, NotDeployable
from aim_runtime.nodes import Nodes, require_together
from aim_runtime.settings import Settings


def together(settings: Settings, machines: int, port: int) -> Settings:
    """Return the settings of the machine that leads `machines`, of the only one where that is 1.

    Raises NotDeployable where the environment is about several machines and the platform is not, and
    InvalidValue where they contradict each other.
    """
    said = settings.nodes
    if machines == 1:
        if said:
            raise NotDeployable(
                f"AIM_NODES={said.count}: what is written here runs on one machine",
                hint=f"use `generate leaderworkerset --nodes {said.count}`, or unset AIM_NODES",
            )
        return settings
    if said and said.count != machines:
        raise InvalidValue(
            f"--nodes {machines} with AIM_NODES={said.count}",
            hint="unset AIM_NODES: in a LeaderWorkerSet the controller says it",
        )
    nodes = Nodes(machines, 0, "leader", port)
    ports = {"AIM_PORT": settings.port, "AIM_MANAGEMENT_PORT": settings.serving.management_port}
    require_together(nodes, ports, settings.serving.on_failure)
    return replace(settings, nodes=nodes)
