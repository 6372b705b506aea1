"""What a search comes to: the profile with its evidence, and all trials with their reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msgspec.structs import replace as changed

from aim_runtime.bench.machine import machine
from aim_runtime.errors import FileNotWritable
from aim_runtime.profiles.profile import Evidence, ProfileFile
from aim_runtime.tune.candidate import reasons_of
from aim_runtime.tune.last_runs import LastRuns
from aim_runtime.tune.profile_text import text_of
from aim_runtime.tune.search import Search
from aim_runtime.tune.subject import Subject, stem_of
from aim_runtime.tune.trial import Outcome

FORMAT = "aim-runtime/tune/1"


@dataclass(frozen=True)
class Found:
    """`profile` is the file that was written, None where nothing beats the engine's defaults; `root` what
    AIM_PROFILES_PATH names to have it.
    """

    runs: LastRuns
    profile: Path | None
    root: Path
    profile_id: str
    interrupted: bool
    words: str


def conclude(search: Search, runs: LastRuns, root: Path, *, interrupted: bool, generator: str) -> Found:
    """Write the profile of the best below `root`, and the results. Raises FileNotWritable."""
    subject, champion = search.subject, search.champion
    better = champion.outcome is not Outcome.REFERENCE and runs.gain > 1
    content = changed(subject.content(champion.settings), evidence=_evidence(search, runs, generator))
    stem = stem_of(content.metadata)
    path = root / "custom" / str(content.aim_id) / f"{stem}.yaml"
    if better:
        _write(path, content, subject)
    found = Found(
        runs=runs,
        profile=path if better else None,
        root=root,
        profile_id=f"custom/{content.aim_id}/{stem}",
        interrupted=interrupted,
        words=_words(search, runs, better),
    )
    search.state.keep_result(_result(search, found))
    return found


def _write(path: Path, content: ProfileFile, subject: Subject) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text_of(content, reasons_of(subject)), encoding="utf-8")
    except OSError as error:
        raise FileNotWritable(
            f"{path} cannot be written: {error.strerror}", hint="name another folder with --write-to"
        ) from error


def _words(search: Search, runs: LastRuns, better: bool) -> str:
    if search.champion.outcome is Outcome.REFERENCE:
        return "nothing that was tried is better than the engine's defaults"
    if not better:
        return (
            f"the best of the search is x {runs.gain:.2f} the engine's defaults in the last runs: no better"
        )
    return f"x {runs.gain:.2f} the engine's defaults ({search.champion.origin})"


def _evidence(search: Search, runs: LastRuns, generator: str) -> Evidence:
    subject, point = search.subject, search.goal.point
    engine = subject.site.engine
    build = ", CPU build" if engine and engine.cpu_only else ""
    loads = sorted({int(name.split("_")[1]) for name in runs.figures if name.startswith("clients_")})
    clients = ", ".join(map(str, loads))
    rounds = (
        f"median of {len(runs.ratios)} rounds, interleaved with the engine's defaults, which are the baseline"
        if not runs.problem
        else "as measured in the search, the baseline earlier than the figures"
    )
    return Evidence(
        source="measured",
        engine=f"vLLM {engine.version if engine else 'not known'}{build}",
        machine=machine(subject.site.hardware),
        model=subject.content({}).model_id,
        date=search.today,
        workload=f"{point.input_tokens} input and {point.output_tokens} output tokens a request, {clients} "
        f"clients on the same machine (aim-runtime tune, {generator}); {rounds}",
        figures={name: _rounded(value) for name, value in runs.figures.items()},
        baseline={name: _rounded(value) for name, value in runs.baseline.items()},
    )


def _rounded(value: float) -> float:
    """Four digits that count: more of them are noise."""
    return float(f"{value:.4g}")


def _result(search: Search, found: Found) -> dict[str, Any]:
    champion, subject = search.champion, search.subject
    held: Mapping[str, Any] = {**subject.arguments, **subject.variables}
    return {
        "format": FORMAT,
        "model": subject.settings.aim,
        "metric": str(search.goal.metric),
        "slo": search.goal.slo.text if search.goal.slo else None,
        "workload": search.goal.point.name,
        "date": search.today,
        "interrupted": found.interrupted,
        "conclusion": found.words,
        "profile": str(found.profile) if found.profile else None,
        "profile_id": found.profile_id if found.profile else None,
        "best": champion.number,
        "gain": found.runs.gain,
        "ratios": list(found.runs.ratios),
        "problem": found.runs.problem or None,
        "figures": dict(found.runs.figures),
        "baseline": dict(found.runs.baseline),
        "held": dict(held),
        "space": [
            {
                "name": knob.name,
                "kind": str(knob.kind),
                "choices": list(knob.choices),
                "why": knob.why,
                "when": knob.when or None,
            }
            for knob in subject.space.knobs
        ],
        "trials": [each.to_json() for each in search.trials],
    }
