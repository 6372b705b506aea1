"""What the tables take as given: published figures with their source, and what is only assumed."""

from __future__ import annotations

from dataclasses import dataclass

GB, GIB, MIB = 10**9, 1024**3, 1024**2

AIM = "CohereLabs/command-a-reasoning-08-2025"
GPUS = ("MI300X", "MI325X", "MI355X")
COUNTS = (1, 2, 4, 8)
NODE_GPUS = 8


@dataclass(frozen=True)
class Given:
    """A number that is not computed here."""

    name: str
    value: float
    shown: str
    source: str


def published(name: str, value: float, shown: str, source: str) -> Given:
    return Given(name, value, shown, f"published: {source}")


def assumed(name: str, value: float, shown: str, why: str) -> Given:
    return Given(name, value, shown, f"assumed: {why}")


_SHEET = "AMD's data sheet, dense"
FLOPS = {
    "MI300X": published("MI300X, 16 bits", 1307.4e12, "1,307.4 TFLOP/s", _SHEET),
    "MI325X": published("MI325X, 16 bits", 1307.4e12, "1,307.4 TFLOP/s", _SHEET),
    "MI355X": published("MI355X, 16 bits", 2516.6e12, "2,516.6 TFLOP/s", _SHEET),
}
_RULE = "nothing was measured on a GPU here; real kernels reach this or better for large batches"
MEMORY_SHARE = assumed("share of the memory bandwidth", 0.6, "60%", _RULE)
COMPUTE_SHARE = assumed("share of the peak", 0.4, "40%", _RULE)

# Each GPU of a node has a link of its own to each of the seven others.
XGMI = published("xGMI, one MI300X to another", 64 * GB, "64 GB/s", "AMD's data sheet, each direction")
NIC = assumed("network of one GPU between nodes", 50 * GB, "400 Gbit/s", "one such card a GPU, RDMA")
NODE_LINK = assumed("network of a node for storage", 12.5 * GB, "100 Gbit/s", "a usual card for storage")
DISK = assumed("NVMe of a node, writing", 3 * GB, "3 GB/s", "one data-centre NVMe drive")
SHARE = assumed(
    "shared file system, all readers together",
    40 * GB,
    "40 GB/s",
    "ask the one who runs yours; the figure decides",
)
MIRROR = assumed(
    "a registry mirror or object cache", 12.5 * GB, "100 Gbit/s", "one server of that network card"
)
SITE = assumed("the site's way to the internet", 1.25 * GB, "10 Gbit/s", "shared by everything")
S3_STREAM = published(
    "S3, one request", 85 * 10**6, "85 MB/s", "Amazon S3's performance guidelines: 85 to 90 MB/s"
)
S3_GETS = published(
    "S3, requests a second and prefix", 5500, "5,500", "Amazon S3's performance guidelines; it adapts to more"
)
PODS = 1000

WARM_S = published(
    "start with everything warm",
    130,
    "130 s",
    "vLLM issue 19824, Llama 70B on 8 GPUs: 60 check + 10 weights + 60 graphs",
)
ALL_REDUCE_S = assumed(
    "one exchange of tensor parallelism, apart from its bytes",
    20e-6,
    "20 µs",
    "two a layer; a kernel and its wait",
)
COLD_S = published(
    "the same with nothing compiled", 215, "215 s", "the same issue: 15 s to trace and 70 s to compile more"
)
INPUT, OUTPUT = 2048, 4096
PROMPT = assumed(
    "a request", INPUT, f"{INPUT:,} tokens in, {OUTPUT:,} out", "a model that thinks; measure your own"
)

ALL = (
    *FLOPS.values(),
    *(MEMORY_SHARE, COMPUTE_SHARE, XGMI, NIC, ALL_REDUCE_S, NODE_LINK, DISK, SHARE, MIRROR, SITE),
    *(S3_STREAM, S3_GETS, WARM_S, COLD_S, PROMPT),
)
