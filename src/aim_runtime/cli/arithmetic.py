"""The explanation of one profile for a person: the arithmetic of its memory, line by line."""

from __future__ import annotations

from collections.abc import Sequence

from aim_runtime.choice import Choice
from aim_runtime.cli.memory import gib
from aim_runtime.cli.overview import headline, verdict_lines
from aim_runtime.cli.terminal import paint, wrapped
from aim_runtime.engines.launch import EnvironmentVariable
from aim_runtime.models.architecture import Architecture
from aim_runtime.profiles.fit import Fit
from aim_runtime.profiles.kv_cache import Pool
from aim_runtime.profiles.selection import Verdict

# What a number is, the number, its unit, where it comes from.
Line = tuple[str, str, str, str]


def profile_text(verdict: Verdict, choice: Choice) -> str:
    """One profile in full."""
    ids = [each.profile.id for each in choice.ranked()]
    name = verdict.profile.id
    rank = ids.index(name) + 1 if name in ids else None
    fit = verdict.fit
    lines = [*headline(choice, verdict), ""]
    lines += verdict_lines(verdict, choice, rank, memory=not isinstance(fit, Fit))
    lines += wrapped(f"file: {verdict.profile.path}", "     ")
    model = verdict.model
    if isinstance(fit, Fit):
        lines += _section("Memory of one accelerator", _memory(verdict, fit, choice))
        cache = _cache(fit, fit.pool, verdict, choice) if fit.pool else []
        lines += _section("KV cache", cache)
    lines += _section("Environment of the engine", _environment(choice.environment(verdict)))
    if model:
        lines += _section(f"Model, by {model.source}" if model.source else "Model", _model(model))
    return "\n".join(lines)


def _section(title: str, lines: Sequence[Line]) -> list[str]:
    if not lines:
        return []
    labels = max(len(line[0]) for line in lines)
    numbers = max(len(line[1]) for line in lines)
    units = max(len(line[2]) for line in lines)
    shown = ["", paint(title, bold=True)]
    for label, number, unit, whence in lines:
        shown += wrapped(whence, f"  {label:{labels}}  {number:>{numbers}} {unit:{units}}  ")
    return [line.rstrip() for line in shown]


def _memory(verdict: Verdict, fit: Fit, choice: Choice) -> list[Line]:
    demand, count = fit.demand, fit.demand.tensor_parallel_size
    model = verdict.model
    whole = model.weights_bytes if model and model.weights_bytes else fit.weights_bytes * count
    source = f"; {model.source}" if model and model.source else ""
    share = f"{gib(whole)} GiB / {count} accelerators" if count > 1 else "the whole model"
    kind = verdict.profile.metadata.accelerator_model
    seen = choice.site.hardware.source if verdict.uses else "as every accelerator of this model has it"
    lines = [("total", gib(fit.memory_bytes), "GiB", f"{kind}, {seen}")]
    if demand.kv_bytes is None:
        given = _given("gpu-memory-utilization", verdict, choice) or "the engine's default"
        lines += [
            ("x gpu-memory-utilization", f"{demand.utilization:g}", "", given),
            ("= budget", gib(fit.budget_bytes), "GiB", "what the engine takes, and must find free"),
        ]
    else:
        lines.append(("budget", gib(fit.budget_bytes), "GiB", "what is free"))
    batch = f"{demand.max_num_batched_tokens:,} tokens a batch, {demand.max_num_seqs:,} sequences"
    lines += [
        ("- weights", gib(fit.weights_bytes), "GiB", share + source),
        ("- activations", gib(demand.activation_bytes), "GiB", f"estimate: {batch}"),
        ("- runtime", gib(demand.runtime_bytes), "GiB", "estimate: context, libraries, collectives"),
        ("- graphs", gib(demand.graph_bytes), "GiB", "estimate: captured graphs"),
    ]
    if demand.kv_bytes is not None:
        lines.append(("KV cache", gib(demand.kv_bytes), "GiB", "the size that was given"))
    else:
        lines.append(("= KV cache", gib(fit.kv_bytes), "GiB", "what is left"))
    lines.append(("needs", gib(fit.needs_bytes), "GiB", "all of it, with one request of full length"))
    return lines


def _cache(fit: Fit, pool: Pool, verdict: Verdict, choice: Choice) -> list[Line]:
    groups = f"{pool.full_groups} group{'s' if pool.full_groups != 1 else ''} of full attention"
    if pool.sliding_groups:
        groups += f", {pool.sliding_groups} of sliding attention that keep {pool.kept_tokens:,} tokens"
    element = f"{fit.demand.element_bytes} bytes a number"
    lines = [
        ("block", f"{pool.block_tokens:,}", "tokens", f"{pool.block_bytes:,} bytes, {element}; {groups}"),
        ("blocks", f"{pool.blocks:,}", "", "KV cache / bytes of a block"),
    ]
    if not fit.context or fit.capacity_tokens is None or fit.concurrency is None:
        return lines
    given = _given("max-model-len", verdict, choice) or "the model's own limit"
    lines += [
        ("max-model-len", f"{fit.context:,}", "tokens", given),
        ("one request", f"{pool.request_blocks(fit.context):,}", "blocks", "of max-model-len tokens"),
        ("at once", f"{fit.concurrency:.1f}", "requests", "blocks / blocks of one request"),
        ("capacity", f"{fit.capacity_tokens:,}", "tokens", "requests at once x max-model-len"),
    ]
    longest = fit.longest_context or 0
    most = " (the most that the model can take)" if longest == fit.limit else ""
    lines.append(("longest context", f"{longest:,}", "tokens", f"that would fit{most}"))
    return lines


def _environment(variables: Sequence[EnvironmentVariable]) -> list[Line]:
    """Each variable, its value, and who gave it: a reason where it is not the profile's own word."""
    return [
        (
            each.name,
            "-" if each.value is None else each.value,
            "",
            f"{each.layer}: {each.reason}" if each.reason else str(each.layer),
        )
        for each in variables
    ]


def _model(model: Architecture) -> list[Line]:
    numbers = {
        "layers": (model.layers, ""),
        "sliding layers": (model.sliding_layers or None, f"window {model.sliding_window or 0:,} tokens"),
        "layers of other kinds": (model.other_layers or None, "not part of the arithmetic of the KV cache"),
        "hidden size": (model.hidden_size, ""),
        "attention heads": (model.attention_heads, ""),
        "key-value heads": (model.key_value_heads, ""),
        "head size": (model.head_dim, ""),
        "latent rank": (model.latent_rank, "one vector a token instead of keys and values"),
        "rotated part": (model.rope_head_dim, ""),
        "intermediate size": (model.intermediate_size, ""),
        "experts for a token": (model.experts_per_token, ""),
        "size of an expert": (model.expert_size, ""),
        "vocabulary": (model.vocabulary, ""),
        "longest context": (model.max_positions, "tokens"),
    }
    size = gib(model.weights_bytes) if model.weights_bytes else None
    lines: list[Line] = [("weights", size, "", f"GiB; {model.name}" if model.name else "GiB")] if size else []
    return lines + [(name, f"{value:,}", "", note) for name, (value, note) in numbers.items() if value]


def _given(argument: str, verdict: Verdict, choice: Choice) -> str:
    """Who gave the argument; empty when nobody did."""
    layers = {
        "AIM_ENGINE_ARGS": choice.settings.engine_args,
        "the profile": verdict.profile.content.engine_args,
    }
    for name, arguments in layers.items():
        if argument in {key.replace("_", "-") for key in arguments}:
            return name
    return ""
