"""Repeat a recorded run: ask, look and decide as always, from what the record says, and compare."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from aim_runtime.errors import RecordDiffers, VerificationFailed
from aim_runtime.models.location import Location
from aim_runtime.models.ref import ModelRef, Scheme
from aim_runtime.plan import Plan, make_plan
from aim_runtime.record import restore, text, weights
from aim_runtime.record.describe import Run, describe
from aim_runtime.record.differences import Difference, accelerators, against
from aim_runtime.record.hide import Hider
from aim_runtime.record.values import Outcome, Record, State
from aim_runtime.settings import Settings
from aim_runtime.site import Site, load_catalog_for, survey
from aim_runtime.variables import SECRET_ARGUMENTS
from aim_runtime.vocabulary import AcceleratorType

_HINT = (
    "--allow-differences goes on all the same; `aim-runtime explain --diff {path} now` shows all that differs"
)
# Sources that a revision pins: where it is known, the same bytes can be had again.
_PINNED_BY_REVISION = (Scheme.HF, Scheme.MODELSCOPE, Scheme.OCI)
_MOST_SHOWN = 4
_KEY = SECRET_ARGUMENTS["api-key"]


@dataclass(frozen=True)
class Repeat:
    """One record on its way to be executed again; `environment` is what the engine inherits."""

    path: Path
    record: Record
    settings: Settings
    environment: Mapping[str, str]
    allow: bool = False

    @classmethod
    def of(
        cls, path: Path, around: Mapping[str, str], given: tuple[str, ...] = (), *, allow: bool = False
    ) -> Repeat:
        """Read a record and ask for what it asked for. Raises InvalidRecord or another ConfigError."""
        record = text.read(path)
        environment, notes = restore.environment(record, around)
        settings = Settings.from_env(environment, restore.arguments(record, given, Hider.of(around)))
        settings = replace(settings, warnings=(*settings.warnings, *notes))
        return cls(path, record, settings, environment, allow)

    def plan(self, watch: Callable[[], None] = lambda: None) -> Plan:
        """Decide again. Raises RecordDiffers where this machine or its software would make it another run,
        VerificationFailed where the weights are others and cannot be had as they were."""
        plan, said = self._decide(self.settings, watch)
        pinned = self._pinned(plan)
        if pinned is not None:
            name = plan.location.model_id
            asked = {**self.environment, "AIM_MODEL_ID": str(pinned), "AIM_CUSTOM_MODEL_NAME": name}
            settings = Settings.from_env(asked, self.settings.extra_args)
            plan, said = self._decide(replace(settings, warnings=self.settings.warnings), watch)
        planned = describe(plan, self.environment, Run("", Outcome(state=State.STARTING, started="")))
        lines = [_worded(each) for each in against(self.record, planned)]
        self._refuse(lines)
        warnings = (*said, *(f"not as recorded: {line}" for line in lines))
        selection = replace(plan.selection, warnings=(*plan.selection.warnings, *warnings))
        return replace(plan, selection=selection)

    def check(self, location: Location, folder: Path) -> list[str]:
        """Compare the weights with the record's; return what to say of them where that is allowed.

        Raises VerificationFailed where it is not.
        """
        lines = weights.differ(self.record.weights, weights.look_at(location, folder))
        if not lines:
            return []
        more = f" and {len(lines) - _MOST_SHOWN} more" if len(lines) > _MOST_SHOWN else ""
        what = f"the weights in {folder} are not those of the record: {', '.join(lines[:_MOST_SHOWN])}{more}"
        if not self.allow:
            raise VerificationFailed(what, hint=_HINT.format(path=self.path))
        return [what]

    def _decide(self, settings: Settings, watch: Callable[[], None]) -> tuple[Plan, tuple[str, ...]]:
        catalog, said = restore.catalog(self.record, load_catalog_for(settings), Hider.of(self.environment))
        site = survey(settings, watch, self.environment, catalog)
        self._refuse(self._lacks(site))
        return make_plan(settings, site), said

    def _lacks(self, site: Site) -> list[str]:
        """What differs so much that there may be no plan to compare."""
        before, here = self.record.engine, site.engine
        lines = []
        if here is not None and here.version != before.version:
            lines.append(f"engine: version: {before.version} → {here.version}")
        uses = self.record.hardware.uses
        model = (uses[0].model if uses else None) or ""
        alike = site.hardware.gpus_of(model)
        found = ""
        if uses and uses[0].type == AcceleratorType.GPU and len(alike) < len(uses):
            found = f"{len(alike)} x {model}"
        elif uses and uses[0].type == AcceleratorType.CPU and model not in site.hardware.cpu.models:
            found = f"1 x {site.hardware.cpu.model}"
        if found:
            lines.append(f"hardware: accelerators: {accelerators(self.record)} → {found}")
        return lines

    def _refuse(self, lines: list[str]) -> None:
        if lines and not self.allow:
            raise RecordDiffers(
                "\n  - ".join([f"{self.path} cannot be repeated here as it was", *lines]),
                hint=_HINT.format(path=self.path),
            )

    def _pinned(self, plan: Plan) -> ModelRef | None:
        """The reference to exactly the weights of the record, where those that are here are not they."""
        recorded, location = self.record.weights, plan.location
        lines = weights.differ(recorded, weights.look_at(location, location.path)) if location.present else []
        if location.present and not lines:
            return None
        source = recorded.source or next(iter(recorded.sources), None)
        ref = ModelRef.parse(source) if source else None
        if ref is not None and ref.scheme in _PINNED_BY_REVISION and recorded.revision:
            pinned = replace(ref, revision=recorded.revision)
            return None if location.sources[0] == pinned else pinned
        if lines:
            self.check(location, location.path)
        return None


def _worded(each: Difference) -> str:
    if (each.group, each.name) != ("variables", _KEY):
        return f"{each.group}: {each}"
    if each.b is None:
        return f"the recorded run asked its clients for a key, and none is set: set {_KEY} or {_KEY}_FILE"
    return f"the recorded run asked its clients for no key: leave {_KEY} and {_KEY}_FILE out"
