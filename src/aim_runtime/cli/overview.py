"""The explanation of all profiles for a person."""

from __future__ import annotations

from itertools import groupby

from aim_runtime.choice import LAYERS, Choice, counted, of_another_model, why
from aim_runtime.cli.machine import hidden_by
from aim_runtime.cli.memory import gib, memory_line
from aim_runtime.cli.terminal import paint, symbol, wrapped
from aim_runtime.hardware.accelerator import Accelerator, Hardware
from aim_runtime.hardware.cpulist import spaced
from aim_runtime.models.architecture import Architecture
from aim_runtime.profiles.catalog import Problem
from aim_runtime.profiles.selection import Verdict
from aim_runtime.settings import Settings
from aim_runtime.vocabulary import AcceleratorType, Standing, State

_COLOURS = {State.COMPATIBLE: "green", State.INVALID: "red", State.MEMORY_MISMATCH: "red"}
_INDENT = "     "


def overview_text(choice: Choice, verbose: bool) -> str:
    """The machine, the request, the model, the choice, and then every profile, the best first."""
    order = choice.in_order()
    others = [] if verbose else [verdict for verdict in order if of_another_model(verdict)]
    shown = [verdict for verdict in order if verbose or not of_another_model(verdict)]
    ranks = {verdict.profile.id: rank for rank, verdict in enumerate(choice.ranked(), 1)}
    lines = headline(choice, shown[0] if shown else None)
    sections = [
        ("Would run, best first:", [verdict for verdict in shown if not verdict.objections]),
        ("Would not run, the nearest first:", [verdict for verdict in shown if verdict.objections]),
    ]
    if choice.chosen and choice.chosen.objections:  # AIM_PROFILE_ID names it all the same
        sections = [("All profiles, the chosen first:", shown)]
    for title, verdicts in sections:
        lines += ["", paint(title, bold=True)] if verdicts else []
        for verdict in verdicts:
            lines += verdict_lines(verdict, choice, ranks.get(verdict.profile.id))
    if others:
        models = sorted({str(verdict.profile.content.aim_id) for verdict in others})
        lines += ["", *wrapped(f"For other models: {len(others)} ({', '.join(models)}); -v shows them.")]
    problems = choice.site.catalog.problems
    lines += ["", paint("Cannot be read:", bold=True)] if problems else []
    lines += [problem_text(problem) for problem in problems]
    return "\n".join(lines)


def verdict_lines(verdict: Verdict, choice: Choice, rank: int | None, *, memory: bool = True) -> list[str]:
    """One profile: its state, all that speaks against it, and what would change that."""
    chosen = choice.chosen is verdict
    mark = paint(symbol("▶", ">"), fg="green", bold=True) if chosen else " "
    name = paint(verdict.profile.id, bold=True)
    state = paint(verdict.state, fg=_COLOURS.get(verdict.state, "yellow"))
    lines = [f"{mark}{f'{rank}.' if rank else '-':>3} {name}  {state}"]
    for objection in verdict.objections:
        lines += wrapped(objection.text, f"{_INDENT}- ")
    if verdict.barrier:
        lines += wrapped(f"not by itself: {verdict.barrier.text}", f"{_INDENT}- ")
    lines += _labelled("change", verdict.change, fg="cyan") if verdict.change and not chosen else []
    lines += _labelled("score", score(verdict))
    level = _level(verdict)
    lines += _labelled("service level", level) if level else []
    lines += _labelled("memory", memory_line(verdict.fit)) if verdict.fit and memory else []
    uses = used(verdict, choice.site.hardware)
    return lines + (_labelled("uses", uses) if uses else [])


def _level(verdict: Verdict) -> str:
    """What its evidence says; empty where that is nothing, and it would not run anyway."""
    level = verdict.level
    if level is None or (verdict.objections and level.standing is Standing.NO_EVIDENCE):
        return ""
    return level.text


def problem_text(problem: Problem) -> str:
    """A file that cannot be used, and why."""
    lines = [f"  - {paint(problem.id, bold=True)}  {paint(State.INVALID, fg='red')}"]
    return "\n".join([*lines, *wrapped(f"{problem.path}: {problem.reason}", f"{_INDENT}- ")])


def score(verdict: Verdict) -> str:
    """What ranking looks at, in its order."""
    metadata = verdict.profile.metadata
    count = counted(verdict.profile)
    first = f"{count} accelerator{'s' if count != 1 else ''}" if count else metadata.accelerator_model
    return "; ".join((first, LAYERS[verdict.profile.origin], metadata.precision, metadata.type))


def used(verdict: Verdict, hardware: Hardware) -> str:
    """The accelerators that it would get, empty where that is all of them or none."""
    metadata = verdict.profile.metadata
    if not verdict.uses or metadata.accelerator_type is AcceleratorType.CPU:
        return ""
    if len(verdict.uses) == len(hardware.gpus):
        return ""
    return f"GPU {spaced(device.index for device in verdict.uses)} of {len(hardware.gpus)}"


def machine(hardware: Hardware) -> str:
    """What was seen, devices that are alike together, and how it is known."""
    groups = [list(group) for _, group in groupby(hardware.gpus, key=_kind)]
    found = [f"{len(group)} x {_device(group[0])}, GPU {spaced(d.index for d in group)}" for group in groups]
    cpu = hardware.cpu
    cores = f", {cpu.cores} cores" if cpu.cores else ""
    found += [] if groups else [f"{_device(cpu)}{cores}"]
    how = "" if "declared" in hardware.source else "seen by "
    seen = f"{'; '.join(found)} ({how}{hardware.source})" if hardware.source else "; ".join(found)
    return "; ".join([seen, *(f"{names} hidden by {by}" for by, names in hidden_by(hardware).items())])


def model_facts(model: Architecture) -> list[str]:
    """The facts that decide, as far as they are known."""
    facts = [f"{gib(model.weights_bytes)} GiB of weights"] if model.weights_bytes else []
    facts += [model.name] if model.name else []
    facts += [f"{model.layers} layers"] if model.layers else []
    if model.sliding_layers and model.sliding_window:
        facts.append(f"{model.sliding_layers} of them with a window of {model.sliding_window:,} tokens")
    facts += [f"{model.attention_heads} attention heads"] if model.attention_heads else []
    facts += [f"{model.key_value_heads} key-value heads"] if model.key_value_heads else []
    facts += [f"head size {model.head_dim}"] if model.head_dim else []
    facts += [f"at most {model.max_positions:,} tokens"] if model.max_positions else []
    return facts


def headline(choice: Choice, first: Verdict | None) -> list[str]:
    """The machine, the request, the model as the `first` profile would load it, and the choice."""
    lines = _labelled("Machine", machine(choice.site.hardware), indent="")
    for problem in choice.site.hardware.problems:
        lines += _labelled("Problem", problem, indent="", fg="yellow")
    lines += _labelled("Request", request(choice.settings), indent="")
    model = first.model if first else None
    facts = model_facts(model) if model else []
    known = f"{', '.join(facts)} ({model.source})" if model and model.source else ", ".join(facts)
    lines += _labelled("Model", known or "nothing is known of it", indent="")
    chosen = choice.chosen
    if chosen:
        return lines + _labelled("Chosen", f"{chosen.profile.id}: {why(choice)}", indent="", fg="green")
    lines += _labelled("Chosen", f"None: {why(choice)}", indent="", fg="red")
    nearest = choice.nearest()
    if nearest:
        lines += _labelled("Nearest", f"{nearest.profile.id}; {nearest.change}", indent="", fg="cyan")
    return lines


def request(settings: Settings) -> str:
    """What was asked for, with what was left open."""
    count = settings.accelerator_count
    parts = [
        settings.aim or "no model",
        f"weights {settings.model_ref}" if settings.model_ref and settings.aim_id else "",
        f"profile {settings.profile_id}" if settings.profile_id else "",
        settings.metrics,
        f"AIM_SLO={settings.slo.text}" if settings.slo else "",
        f"precision {settings.precision}" if settings.precision else "any precision",
        f"exactly {count} accelerator{'s' if count != 1 else ''}" if count else "any count",
    ]
    return ", ".join(part for part in parts if part)


def _labelled(label: str, text: str, indent: str = _INDENT, fg: str | None = None) -> list[str]:
    prefix = f"{indent}{label}: "
    first, *rest = wrapped(text, prefix)
    return [indent + paint(f"{label}:", fg=fg, bold=not indent) + first[len(prefix) - 1 :], *rest]


def _kind(device: Accelerator) -> tuple[str, int | None, str, str]:
    return *device.kind, "" if device.free_bytes is None else gib(device.free_bytes)


def _device(device: Accelerator) -> str:
    memory = f", {gib(device.memory_bytes)} GiB" if device.memory_bytes else ""
    free = f" ({gib(device.free_bytes)} free)" if memory and device.free_bytes is not None else ""
    mode = f" {device.partition.mode}" if device.partition else ""
    return f"{device.model or device.name}{mode}{memory}{free}"
