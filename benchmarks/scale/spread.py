"""The weights to a thousand pods: how much goes through the narrowest place of each way, and how long."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scale.given import (
    DISK,
    MIB,
    MIRROR,
    NODE_GPUS,
    NODE_LINK,
    PODS,
    S3_GETS,
    S3_STREAM,
    SHARE,
    SITE,
)
from scale.markdown import seconds, size, table
from scale.plans import shape

GPU, COUNT = "MI300X", 2
# The downloader's own: docs/weights.md.
RANGE_BYTES, MOST_CONNECTIONS = 8 * MIB, 32
# What a node hands on while it still receives the rest.
PIECE_BYTES = 64 * MIB


@dataclass(frozen=True)
class Way:
    """`together` is what all of them get in bytes a second, `alone` the most that one of them can take."""

    name: str
    copies: int
    narrowest: str
    together: float
    alone: float
    costs: str

    def first_s(self, weights: int) -> float:
        return weights / min(self.alone, self.together)

    def all_s(self, weights: int) -> float:
        return max(self.first_s(weights), self.copies * weights / self.together)


def nodes() -> int:
    return math.ceil(PODS / (NODE_GPUS // COUNT))


def weights() -> int:
    size_bytes = shape(GPU, COUNT).model.weights_bytes
    assert size_bytes
    return size_bytes


def ways() -> list[Way]:
    per_node, node_takes = nodes(), min(DISK.value, NODE_LINK.value)
    pod_link = NODE_LINK.value / (NODE_GPUS // COUNT)
    streams = min(MOST_CONNECTIONS * S3_STREAM.value, pod_link)
    prefix = S3_GETS.value * RANGE_BYTES
    hops = math.ceil(math.log2(per_node + 1))
    # All nodes receive and send at once; the last of a chain waits a piece for each hop before it.
    peers = weights() / (weights() / node_takes + hops * PIECE_BYTES / node_takes)
    return [
        Way("each pod from the hub", PODS, SITE.name, SITE.value, SITE.value, "the internet, at every start"),
        Way("each pod from S3", PODS, "one prefix: GETs a second", prefix, streams, "GETs, at every start; no copy to keep"),
        Way("each node from S3, pods share it", per_node, "one prefix: GETs a second", prefix, min(streams, DISK.value), "GETs once a node; a disk in each node"),
        Way("shared volume, each pod for itself", PODS, SHARE.name, SHARE.value, NODE_LINK.value, "the file system's throughput"),
        Way("shared volume, page cache of the node", per_node, SHARE.name, SHARE.value, NODE_LINK.value, "the same; memory of the node for the weights"),
        Way("OCI image, one mirror", per_node, MIRROR.name, MIRROR.value, node_takes, "the mirror; a disk in each node"),
        Way("OCI image, ten mirrors", per_node, "ten mirrors", 10 * MIRROR.value, node_takes, "ten mirrors; a disk in each node"),
        Way("OCI image, from peer to peer", per_node, "the disk of each node", per_node * peers, node_takes, "a daemon a node; its network and disk"),
    ]  # fmt: skip


def spread() -> str:
    heads = [
        "way",
        "copies",
        "bytes in all",
        "narrowest place",
        "one pod alone",
        "all 1,000 together",
        "what costs",
    ]
    rows = (
        [
            *(
                way.name,
                f"{way.copies:,}",
                size(way.copies * weights()),
                f"{way.narrowest}, {size(way.together)}/s",
            ),
            *(seconds(way.first_s(weights())), seconds(way.all_s(weights())), way.costs),
        ]
        for way in ways()
    )
    return table(heads, rows)


def gets() -> str:
    """The requests that S3 answers, by the size of a range."""
    heads = [
        "bytes of a GET",
        "GETs of one copy",
        "of 1,000",
        "of one for each of 250 nodes",
        "a prefix gives at 5,500 a second",
    ]
    rows = []
    for each in (RANGE_BYTES, 8 * RANGE_BYTES):
        one = math.ceil(weights() / each)
        cells = [f"{each // MIB} MiB", f"{one:,}", f"{PODS * one:,}", f"{nodes() * one:,}"]
        rows.append([*cells, f"{size(S3_GETS.value * each)}/s"])
    return table(heads, rows)
