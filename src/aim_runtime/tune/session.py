"""One session of a search from its beginning to what is written: the folder, the services, the last runs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aim_runtime.bench.machine import machine
from aim_runtime.bench.report import report
from aim_runtime.bench.result import Benchmark, to_json
from aim_runtime.errors import ToolMissing
from aim_runtime.tune.goal import START, Goal
from aim_runtime.tune.last_runs import LastRuns, from_search, last_runs
from aim_runtime.tune.outcome import Found, conclude
from aim_runtime.tune.runner import Measure, Runner
from aim_runtime.tune.search import Budget, Search, Told
from aim_runtime.tune.stand import Stand
from aim_runtime.tune.state import State, opened
from aim_runtime.tune.subject import Subject
from aim_runtime.tune.trial import Outcome

# Without a limit of time: enough for a median and its spread.
_ROUNDS, _MOST_ROUNDS = 3, 5


@dataclass(frozen=True)
class Session:
    """What a session works with. `root` is where the profile goes, None for the folder of the search;
    `environment` what services inherit; `start_limit_s` how long a start may take, None: by the reference's.
    """

    subject: Subject
    goal: Goal
    budget: Budget
    folder: Path
    root: Path | None
    environment: Mapping[str, str]
    measure: Measure
    generator: str
    today: str
    tell: Callable[[Told], None]
    start_limit_s: float | None = None

    def request(self) -> dict[str, Any]:
        """What must be the same for a search to go on: everything that its figures hang on."""
        subject, engine = self.subject, self.subject.site.engine
        point = self.goal.point
        return {
            "model": subject.settings.aim,
            "metric": str(self.goal.metric),
            "slo": self.goal.slo.text if self.goal.slo else None,
            "load": f"{point.name}, {point.requests} requests",
            "engine": f"{subject.settings.engine} {engine.version if engine else ''}",
            "machine": machine(subject.site.hardware),
            "accelerators": subject.metadata.accelerator_count,
            "generator": self.generator,
            "arguments": {name: str(value) for name, value in sorted(subject.arguments.items())},
            "variables": dict(sorted(subject.variables.items())),
        }

    def run(self) -> Found | None:
        """Search until the budget is used up or Ctrl-C ends it, and write what was found.

        None where Ctrl-C came before anything was measured. Raises InvalidValue for a folder that has another
        search, and the error of the engine's defaults, or of the best so far, where these do not run.
        """
        with opened(self.folder, self.request()) as state:
            return self._run(state)

    def _run(self, state: State) -> Found | None:
        before, interrupted = len(state.journal.trials), False
        runs: LastRuns | None = None
        with self._stand(state) as stand:
            runner = Runner(stand, self.measure, self.environment)
            search = Search(
                self.subject,
                self.goal,
                self.budget,
                state,
                runner,
                self.today,
                self.tell,
                self.start_limit_s,
            )
            try:
                search.run()
                runs = _of_before(state, before) or self._last(search)
            except KeyboardInterrupt:
                interrupted = True
                search.say("stopping")
            finally:
                if runs is None and search.trials:
                    # An error or an interruption: what was found until now is not lost.
                    why = "the search was interrupted" if interrupted else "the search ended with an error"
                    early = from_search(search, why)
                    found = self._concluded(search, early, interrupted=interrupted)
        if interrupted:
            return found if search.trials else None
        assert runs is not None
        return self._concluded(search, runs, interrupted=False)

    def _last(self, search: Search) -> LastRuns:
        if search.champion.outcome is Outcome.REFERENCE:
            return from_search(search, "the best is what the others are held against")
        rounds = _ROUNDS if self.budget.seconds is None else _MOST_ROUNDS
        return last_runs(search, rounds)

    def _concluded(self, search: Search, runs: LastRuns, *, interrupted: bool) -> Found:
        root = self.root or search.state.best
        found = conclude(search, runs, root, interrupted=interrupted, generator=self.generator)
        self._keep_loads(search, runs)
        return found

    def _keep_loads(self, search: Search, runs: LastRuns) -> None:
        """Keep the last round as benchmarks, which the report draws side by side."""
        names = {"defaults": search.reference, "best": search.champion}
        kept = []
        engine = self.subject.site.engine
        for name, trial in names.items():
            points = runs.loads.get(trial.key)
            if points:
                found = Benchmark(
                    service="",
                    model=str(self.subject.settings.aim),
                    profile_id=f"{name}: {trial.origin}",
                    engine=f"{self.subject.settings.engine} {engine.version if engine else ''}",
                    machine=machine(self.subject.site.hardware),
                    date=self.today,
                    suite=f"tune for {self.goal.metric}",
                    generator=self.generator,
                    points=tuple(points),
                    started_s=trial.figures.get(START),
                    slo=self.goal.slo,
                )
                search.state.keep_benchmark(name, to_json(found))
                kept.append(found)
        if kept:
            try:
                search.state.keep_report(report(kept))
            except ToolMissing as error:  # the figures are there: a page of them is not worth a failure
                search.say(f"no report: {error.message}; {error.hint}")

    def _stand(self, state: State) -> Stand:
        subject = self.subject
        dropped = {*subject.users, *subject.space.names, "AIM_ENGINE_ARGS", "AIM_ON_FAILURE"}
        environment = {name: value for name, value in self.environment.items() if name not in dropped}
        free = [each.free_bytes for each in subject.plan.selection.uses]
        known = [each for each in free if each is not None]
        # A service that fails must fail: another profile in its place would be measured for it.
        return Stand(
            {**environment, "AIM_ON_FAILURE": "stop"},
            state.profiles.resolve(),
            state.log,
            min(known) if known and len(known) == len(free) else None,
        )


def _of_before(state: State, before: int) -> LastRuns | None:
    """The last runs of an earlier session, where this one had nothing to add to it."""
    if not before or len(state.journal.trials) > before:
        return None
    try:
        read = json.loads(state.result.read_text(encoding="utf-8"))
        champion = state.journal.champion
        if read["problem"] or champion is None or read["best"] != champion.number:
            return None
        return LastRuns(read["figures"], read["baseline"], tuple(read["ratios"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
