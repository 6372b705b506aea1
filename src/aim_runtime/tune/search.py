"""The search: one configuration after the other against the best so far, within a budget."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace

from aim_runtime.errors import EngineError
from aim_runtime.tune.candidate import Candidate, judge, key_of, write
from aim_runtime.tune.duel import fight, start_s
from aim_runtime.tune.goal import START, Goal, figures_of
from aim_runtime.tune.proposals import Proposal, first, next_of
from aim_runtime.tune.runner import Broke, Runner
from aim_runtime.tune.sampler import Sampler
from aim_runtime.tune.space import shown
from aim_runtime.tune.state import State
from aim_runtime.tune.subject import Subject
from aim_runtime.tune.trial import Outcome, Trial

# A start that takes so many times the reference's is given up, but none before so many seconds: what nobody
# served before is compiled first. On two cores the engine's defaults took 101 s at first, and 38 s later.
_SLOW_START, _LEAST_START_S = 2.0, 240.0
# Rounds of last runs that there is to be time for.
_LAST_ROUNDS = 2


@dataclass(frozen=True)
class Budget:
    """How long a search may go on: seconds with its last runs, trials that were started; None: no limit."""

    seconds: float | None = None
    trials: int | None = None


@dataclass(frozen=True)
class Told:
    """What the search does or found; `left_s` of its budget, `trials` so far."""

    text: str
    left_s: float | None
    trials: int


@dataclass
class Search:
    """One session of a search; what sessions before it did is in the journal of `state`.

    `start_limit_s` is how long a start may take, None for a multiple of the reference's.
    """

    subject: Subject
    goal: Goal
    budget: Budget
    state: State
    runner: Runner
    today: str
    tell: Callable[[Told], None]
    start_limit_s: float | None = None
    _began: float = field(default_factory=time.monotonic)
    _before_s: float = field(init=False)
    _sampler: Sampler = field(init=False)

    def __post_init__(self) -> None:
        self._before_s = self.state.journal.seconds
        self._sampler = Sampler(self.subject.space)
        for trial in self.trials:
            self._sampler.tell(trial.settings, trial)

    @property
    def trials(self) -> list[Trial]:
        return self.state.journal.trials

    @property
    def reference(self) -> Trial:
        return self.trials[0]

    @property
    def champion(self) -> Trial:
        """The best so far, which is the reference at first."""
        found = self.state.journal.champion
        assert found is not None, "the reference was tried"
        return found

    @property
    def left_s(self) -> float | None:
        """What is left of the budget's seconds, those of earlier sessions taken off."""
        if self.budget.seconds is None:
            return None
        return self.budget.seconds - self._before_s - (time.monotonic() - self._began)

    def run(self) -> None:
        """Try what is known, then search, until the budget or the space is used up.

        Raises the error of the reference where that does not run: without it nothing can be compared.
        """
        for proposal in first(self.subject):
            if not self._tried(proposal) and (not self.trials or self._affordable()):
                self._attempt(proposal)
        while self._affordable():
            best = self.champion.settings
            found = next_of(self.subject, self._sampler, best, self._keys(), len(self.trials))
            if found is None:
                self.say("everything in the space was tried")
                return
            self._attempt(found)
        self.say("the budget has no room for another trial")

    def candidate(self, trial: Trial) -> Candidate:
        """The candidate of a trial, with what the plan says of it."""
        found = self._write(Proposal(trial.settings, trial.origin), trial.number)
        if found.key not in self.runner.takes:
            self.runner.takes[found.key] = judge(self.subject, found, self.state.profiles).takes_bytes
        return found

    def say(self, text: str) -> None:
        self.tell(Told(text, self.left_s, len(self.trials)))

    def _affordable(self) -> bool:
        """Whether the budget has room for another trial and the last runs."""
        ran = [each for each in self.trials if each.outcome is not Outcome.REFUSED]
        if self.budget.trials is not None and len(ran) >= self.budget.trials:
            return False
        left = self.left_s
        return left is None or left > statistics.median(each.seconds for each in ran) + self._last_runs_s()

    def _last_runs_s(self) -> float:
        """What the last runs will take, by what was seen so far: starts, and rounds of every load."""
        both = {each.key: each for each in (self.reference, self.champion)}
        starts = [
            each.figures.get(START, 0.0)
            for each in both.values()
            if not self.runner.stand.is_up(self.candidate(each))
        ]
        runs = self.runner.run_seconds
        each_run = statistics.median(runs) if runs else 0.0
        return sum(starts) + _LAST_ROUNDS * 2 * len(self.goal.evidence_points()) * each_run

    def _keys(self) -> set[str]:
        return {each.key for each in self.trials}

    def _tried(self, proposal: Proposal) -> bool:
        return key_of(self.subject.content(proposal.settings)) in self._keys()

    def _write(self, proposal: Proposal, number: int) -> Candidate:
        root = self.state.profiles
        return write(self.subject, proposal.settings, number, proposal.origin, root, self.today)

    def _attempt(self, proposal: Proposal) -> None:
        began = time.monotonic()
        candidate = self._write(proposal, len(self.trials))
        settings = ", ".join(shown(*each) for each in candidate.settings.items()) or "nothing set"
        self.say(f"trial {candidate.number}: {candidate.origin} ({settings})")
        trial = replace(self._try(candidate), seconds=time.monotonic() - began)
        self.state.journal.add(trial)
        self._sampler.tell(trial.settings, trial)
        self.say(f"trial {trial.number}: {_told(trial)}")

    def _try(self, candidate: Candidate) -> Trial:
        judged = judge(self.subject, candidate, self.state.profiles)
        if judged.refusal:
            if not self.trials:
                raise EngineError(f"the engine's defaults are refused by the plan: {judged.refusal}")
            return _trial(candidate, Outcome.REFUSED, judged.refusal)
        self.runner.takes[candidate.key] = judged.takes_bytes
        loser: Candidate | None = candidate
        try:
            if not self.trials:
                trial, loser = self._referred(candidate), None
                return trial
            champion = self.candidate(self.champion)
            self.runner.up(candidate, self._start_limit_s())
            trial = self._compared(candidate, champion)
            loser = champion if trial.outcome is Outcome.WON else candidate
            return trial
        except Broke as broke:
            if broke.candidate.key != candidate.key or not self.trials:
                raise broke.error from broke  # of the champion or the reference: nothing can be compared
            return _trial(candidate, Outcome.FAILED, broke.error.message, code=broke.error.code)
        finally:
            if loser is not None:
                self.runner.stand.end(loser)

    def _start_limit_s(self) -> float:
        if self.start_limit_s is not None:
            return self.start_limit_s
        return max(_LEAST_START_S, _SLOW_START * self.reference.figures[START])

    def _referred(self, candidate: Candidate) -> Trial:
        """What everything is compared with: its answers and its figures."""
        self.runner.up(candidate)
        self.state.keep_answers(self.runner.answers(candidate))
        (seen,) = self.runner.load(candidate, [self.goal.point])
        figures = figures_of(seen, start_s(self.runner, candidate, {}))
        return _trial(candidate, Outcome.REFERENCE, gain=1.0, figures=figures)

    def _compared(self, candidate: Candidate, champion: Candidate) -> Trial:
        reference = self.state.answers
        if reference is None:
            raise EngineError(
                f"{self.state.folder / 'reference.json'} is missing: answers cannot be compared",
                hint=f"remove {self.state.folder} to begin anew",
            )
        found = self.runner.agreement(candidate, reference)
        if found.against:
            return _trial(candidate, Outcome.WRONG, found.against, answers=asdict(found))
        best = self.champion
        fought = fight(self.runner, self.goal, candidate, champion, best.figures)
        return _trial(
            candidate,
            fought.outcome,
            fought.reason,
            ratios=fought.ratios,
            gain=(best.gain or 1.0) * statistics.median(fought.ratios),
            figures=fought.figures,
            answers=asdict(found),
        )


def _trial(candidate: Candidate, outcome: Outcome, reason: str = "", **more: object) -> Trial:
    return Trial(
        candidate.number,
        candidate.key,
        candidate.origin,
        dict(candidate.settings),
        outcome,
        reason,
        **more,  # type: ignore[arg-type]
    )


def _told(trial: Trial) -> str:
    """How a trial ended, in words."""
    if trial.outcome is Outcome.REFERENCE:
        return "this is what the others are held against"
    if trial.ratios:
        ratio = statistics.median(trial.ratios)
        runs = f"{len(trial.ratios)} pair{'s' * (len(trial.ratios) > 1)} of runs"
        beside = f"x {ratio:.2f} the best so far in {runs}, x {trial.gain or 0:.2f} the defaults"
        return f"{trial.outcome}: {beside}{f'; {trial.reason}' if trial.reason else ''}"
    return f"{trial.outcome}: {trial.reason}"
