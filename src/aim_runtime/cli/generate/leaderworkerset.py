"""`aim-runtime generate leaderworkerset`: a model that several machines serve together."""

from __future__ import annotations

from typing import Any

import click

from aim_runtime.cli import output
from aim_runtime.cli.generate.planning import CACHING, DOWNLOAD, NAMING, PLACING, asked, options, planned
from aim_runtime.cli.generate.repeat import command_line
from aim_runtime.deploy.documents import to_yaml
from aim_runtime.deploy.leaderworkerset.group import checked_group
from aim_runtime.deploy.leaderworkerset.header import header
from aim_runtime.deploy.leaderworkerset.render import render
from aim_runtime.variables import DEFAULT_MASTER_PORT

GROUP = (
    click.option(
        "--nodes",
        "machines",
        type=click.IntRange(2),
        required=True,
        help="Machines of a group, each with the accelerators of the profile.",
    ),
    click.option(
        "--master-port",
        "port",
        type=click.IntRange(1, 65535),
        default=DEFAULT_MASTER_PORT,
        show_default=True,
        help="Where they meet on the leader.",
    ),
    click.option("--host-network", is_flag=True, help="The pods have their node's network."),
    click.option("--interface", metavar="NAME", help="The network interface between the machines."),
    click.option(
        "--rdma", metavar="RESOURCE[=COUNT]", help="What opens the fabric of a node, such as rdma/hca=8."
    ),
    click.option(
        "--rccl",
        "variables",
        metavar="NAME=VALUE",
        multiple=True,
        help="One of RCCL's variables; may be given several times.",
    ),
)
AROUND = (
    DOWNLOAD,
    click.option(
        "--network-policy/--no-network-policy",
        default=True,
        show_default=True,
        help="Only clients in; only names, weights and one another out. None with --host-network.",
    ),
)


@click.command(
    "leaderworkerset",
    epilog="""\b
Examples:
  AIM_ID=CohereLabs/command-a-reasoning-08-2025 AIM_ACCELERATOR_MODEL=MI300X \\
    aim-runtime generate leaderworkerset --nodes 2 | kubectl apply -f -
  … generate leaderworkerset --nodes 2 --rdma rdma/hca=8 --interface eth0 --rccl NCCL_IB_GID_INDEX=3

\b
Needs the controller: https://lws.sigs.k8s.io/docs/installation/
""",
)
@options(NAMING, PLACING, GROUP, CACHING, AROUND)
@click.pass_context
def command(
    context: click.Context,
    /,
    engine_args: tuple[str, ...],
    machines: int,
    port: int,
    host_network: bool,
    interface: str | None,
    rdma: str | None,
    variables: tuple[str, ...],
    network_policy: bool,
    **said: Any,
) -> None:
    """Write a LeaderWorkerSet: groups of machines that serve the plan together, by vLLM without Ray.

    The model is a pipeline over the machines; AIM_ENGINE_ARGS can spread it otherwise.
    """
    wanted = planned(engine_args, machines=machines, port=port)
    # A pod with its node's network is out of reach of a policy.
    wishes = asked(wanted, network_policy=network_policy and not host_network, **said)
    group = checked_group(
        wishes,
        machines=machines,
        port=port,
        host_network=host_network,
        interface=interface,
        rdma=rdma,
        variables=variables,
    )
    made_by = command_line(context, wanted.arguments)
    objects = render(wanted, wishes, group)
    output.data(to_yaml(objects, header(wanted, wishes, group, made_by)).rstrip("\n"))
