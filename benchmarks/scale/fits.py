"""What fits where: the model on the GPUs of one node, and the shapes that a node or two can take."""

from __future__ import annotations

from scale.given import COUNTS, GIB, GPUS, INPUT, NIC, NODE_GPUS, OUTPUT, XGMI
from scale.markdown import seconds, size, table
from scale.plans import Shape, shape, staged
from scale.roofline import model, state_bytes, token_s

LOADS = (8, 64, 512)


def fits() -> str:
    """One line a GPU and tensor parallel size: what `aim-runtime explain` computes."""
    heads = ["", "profile", "evidence", "weights", "KV cache", "tokens", "requests of full length at once"]
    heads += ["longest context", "on a node of 8: replicas x requests"]
    rows = (_fit_row(gpu, count, shape(gpu, count)) for gpu in GPUS for count in COUNTS)
    return table(heads, rows)


def _fit_row(gpu: str, count: int, found: Shape) -> list[str]:
    fit, name = found.fit, f"{count} x {gpu}"
    kind = str(found.profile.metadata.type) if found.own else "general"
    start = [name, kind, _evidence(found)]
    if fit.misfit:
        return [*start, f"{fit.weights_bytes / GIB:.1f} GiB", f"does not fit: {fit.misfit}", "", "", "", ""]
    assert fit.concurrency is not None
    replicas = NODE_GPUS // count
    return [
        *(*start, f"{fit.weights_bytes / GIB:.1f} GiB", f"{fit.kv_bytes / GIB:.1f} GiB"),
        *(
            f"{fit.capacity_tokens:,}",
            f"{fit.concurrency:.1f} of {fit.context:,}",
            f"{fit.longest_context:,}",
        ),
        f"{replicas} x {int(fit.concurrency)} = {replicas * int(fit.concurrency)}",
    ]


def _evidence(found: Shape) -> str:
    evidence = found.profile.content.evidence
    if evidence is None:
        return "none"
    said = f"{evidence.source}: {evidence.release}" if evidence.release else str(evidence.source)
    return said if evidence.figures else f"{said}, no figures"


def at_once(gpu: str, count: int, tokens: int) -> int:
    """Requests of `tokens` tokens that run at once: as the KV cache and max-num-seqs allow."""
    fit = shape(gpu, count).fit
    assert fit.pool is not None
    return min(int(fit.pool.concurrency(tokens)), fit.demand.max_num_seqs)


def node() -> str:
    """A node of each kind of GPU, cut into replicas, at several loads."""
    heads = ["a node of 8", "replicas x GPUs", "run at once", *(f"{n} requests" for n in LOADS)]
    rows = []
    for gpu in GPUS:
        for count in COUNTS:
            if shape(gpu, count).fit.misfit:
                continue
            replicas = NODE_GPUS // count
            each = at_once(gpu, count, INPUT + OUTPUT)
            cells = [_load(gpu, count, load // replicas, each) for load in LOADS]
            rows.append([gpu, f"{replicas} x {count}", f"{replicas * each:,}", *cells])
    return table(heads, rows)


def _load(gpu: str, count: int, requests: int, most: int) -> str:
    """What `requests` at once have on one replica; those beyond `most` wait."""
    run = min(requests, most)
    wait = f", {NODE_GPUS // count * (requests - run)} wait" if requests > run else ""
    if not run:
        return "does not hold one"
    token = token_s(gpu, count, run, INPUT, OUTPUT)
    return f"{NODE_GPUS // count * run / token:,.0f} tokens/s, {seconds(token)} a token{wait}"


def stages() -> str:
    """One tensor parallel group beside pipelines, on one node of MI300X and on two."""
    heads = ["MI300X", "GPUs", "weights", "KV cache", "requests of full length at once"]
    heads += ["a GPU sends for each token", "over", "time for 1,024 tokens"]
    layers = model().layers or 0
    one = state_bytes(1)
    rows = []
    for tensor, pipeline in ((8, 1), (4, 2), (8, 2)):
        fit = staged("MI300X", tensor, pipeline)
        row = [f"tensor {tensor}" + f", pipeline {pipeline}" * (pipeline > 1), tensor * pipeline]
        row += [
            f"{fit.weights_bytes / GIB:.1f} GiB",
            f"{fit.kv_bytes / GIB:.1f} GiB",
            f"{fit.concurrency:.0f}",
        ]
        group = 4 * layers // pipeline * one * (tensor - 1) / tensor
        inside = group * 1024 / (tensor - 1) / XGMI.value
        if pipeline == 1:
            rows.append([*row, size(group), "xGMI", seconds(inside)])
            continue
        way = NIC if tensor * pipeline > NODE_GPUS else XGMI
        across = one * 1024 / tensor / way.value
        exchanged = f"{size(group)} in a stage, {size(one)} between them"
        ways = f"xGMI; {'network' if way is NIC else 'xGMI'}"
        rows.append([*row, exchanged, ways, f"{seconds(inside)}; {seconds(across)}"])
    return table(heads, rows)
