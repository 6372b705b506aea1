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
    """The ways, from the plainest to the one that grows with the number of nodes."""
    node_takes = min(DISK.value, NODE_LINK.value)
    # The pods of a node share its network card.
    streams = min(MOST_CONNECTIONS * S3_STREAM.value, NODE_LINK.value / (NODE_GPUS // COUNT))
    on_disk = min(streams, DISK.value)
    bucket = ("one prefix: GETs a second", S3_GETS.value * RANGE_BYTES)
    volume = (SHARE.name, SHARE.value, NODE_LINK.value)
    one, ten = (MIRROR.name, MIRROR.value), ("ten mirrors", 10 * MIRROR.value)
    each = ("the disk of each node", nodes() * _passed_on(node_takes))
    return [
        Way("each pod from the hub", PODS, SITE.name, SITE.value, SITE.value, "the internet, at every start"),
        Way("each pod from S3", PODS, *bucket, streams, "GETs, at every start; no copy is kept"),
        Way(
            "each node from S3, pods share it", nodes(), *bucket, on_disk, "GETs once a node; a disk in each"
        ),
        Way("shared volume, each pod for itself", PODS, *volume, "the file system's throughput"),
        Way("shared volume, page cache of the node", nodes(), *volume, "the same; memory for the weights"),
        Way("OCI image, one mirror", nodes(), *one, node_takes, "the mirror; a disk in each node"),
        Way("OCI image, ten mirrors", nodes(), *ten, node_takes, "ten mirrors; a disk in each node"),
        Way(
            "OCI image, from peer to peer",
            nodes(),
            *each,
            node_takes,
            "a daemon a node; its network and disk",
        ),
    ]


def _passed_on(node_takes: float) -> float:
    """Bytes a second of each node where all receive and send at once.

    The last of a chain waits for one piece at each hop before it.
    """
    hops = math.ceil(math.log2(nodes() + 1))
    return weights() / ((weights() + hops * PIECE_BYTES) / node_takes)


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
