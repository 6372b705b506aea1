"""What to try next, by what was tried: optuna's estimator of where good configurations are.

Its study is kept in memory and told all trials anew when a search goes on: the journal is the one record.
So nothing of optuna's storages is needed, nor the database libraries that these are made with.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from aim_runtime.errors import ToolMissing
from aim_runtime.tune.space import Space, Value
from aim_runtime.tune.trial import RAN, Trial

if TYPE_CHECKING:
    from optuna import Study

# The same search again asks the same questions.
_SEED = 20260101
# Random ones before the estimator is asked: few, since a trial is dear and the seeds were chosen.
_RANDOM = 3
# What did not run is worse than all that did; as the logarithm of a gain.
_WORST = -1.5


class Sampler:
    """Suggests configurations of a space."""

    def __init__(self, space: Space) -> None:
        """Raises ToolMissing where optuna is not installed."""
        try:
            import optuna
        except ImportError as error:
            raise ToolMissing(
                "tune needs optuna, which is not installed",
                hint="install it with: pip install 'aim-runtime[tune]'",
            ) from error
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        sampler = optuna.samplers.TPESampler(seed=_SEED, n_startup_trials=_RANDOM)
        self._space = space
        self._optuna = optuna
        self._study: Study = optuna.create_study(direction="maximize", sampler=sampler)

    def tell(self, settings: Mapping[str, Any], trial: Trial) -> None:
        """Learn from a trial."""
        params, distributions = {}, {}
        for knob in self._space.knobs:
            labels = _labels(knob.choices)
            # What does not apply, or is left alone where that is no choice, says nothing about the knob.
            if self._space.applies(knob, settings) and _label(settings.get(knob.name)) in labels:
                params[knob.name] = _label(settings.get(knob.name))
                distributions[knob.name] = self._optuna.distributions.CategoricalDistribution(labels)
        gained = math.log(trial.gain) if trial.gain and trial.outcome in RAN else _WORST
        self._study.add_trial(
            self._optuna.trial.create_trial(
                params=params, distributions=distributions, value=max(gained, _WORST)
            )
        )

    def ask(self) -> dict[str, Value]:
        """A configuration; maybe one that was tried."""
        trial = self._study.ask()
        found: dict[str, Value] = {}
        for knob in self._space.knobs:
            if self._space.applies(knob, found):
                value = json.loads(trial.suggest_categorical(knob.name, _labels(knob.choices)))
                if value is not None:
                    found[knob.name] = value
        # What comes of it is told by `tell`, as of all trials: this one would be told twice.
        self._study.tell(trial, state=self._optuna.trial.TrialState.FAIL)
        return found


def _labels(choices: Iterable[Value]) -> tuple[str, ...]:
    return tuple(map(_label, choices))


def _label(value: Value) -> str:
    """A choice as text: optuna would take 1 and true for one."""
    return json.dumps(value)
