"""DO: fetch the weights, start the engine, say when it is ready, stop it whole."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NoReturn

from aim_runtime.chances import Chances
from aim_runtime.engines import ENGINES
from aim_runtime.engines.failure import Ending, Failure
from aim_runtime.engines.home import writable_home
from aim_runtime.engines.listeners import connected
from aim_runtime.engines.process import EngineProcess, become, require_free_port
from aim_runtime.errors import AimError, EngineMissing
from aim_runtime.hardware import access
from aim_runtime.hardware.oom import memory_limit, oom_count
from aim_runtime.models.adapter import Adapters
from aim_runtime.models.adapter_folder import look_at
from aim_runtime.models.compiled import Workspace, workspace
from aim_runtime.models.events import Event, Notice
from aim_runtime.models.fetch import fetch
from aim_runtime.models.used import in_use, stay_in_use
from aim_runtime.overlap import Overlap
from aim_runtime.plan import Plan, make_plan
from aim_runtime.profiles.fit import Fit
from aim_runtime.record.recording import Recording, recording
from aim_runtime.record.repeat import Repeat
from aim_runtime.serving.adapters import serving_adapters
from aim_runtime.serving.drain import Drain, linger_s
from aim_runtime.serving.engine_log import EngineLog
from aim_runtime.serving.fetching import Fetching
from aim_runtime.serving.following import Led, serve_led
from aim_runtime.serving.life import Attempt, Life
from aim_runtime.serving.stop import Stop, Stopped, stop_signals
from aim_runtime.serving.supervisor import POLL_S, EngineFailed, Supervisor
from aim_runtime.serving.watchdog import Watchdog
from aim_runtime.summary import summary
from aim_runtime.vocabulary import Phase

__all__ = ["Planned", "Ready", "Report", "Stop", "Stopped", "Voice", "become_engine", "serve", "stop_signals"]
_HEARTBEAT_S = 10.0


@dataclass(frozen=True)
class Planned:
    """Another plan is served now: the one before failed to start, which `attempt` tells of."""

    plan: Plan
    attempt: Attempt


@dataclass(frozen=True)
class Ready:
    """The engine answers; `seconds` since its process was started."""

    plan: Plan
    seconds: float


Report = Callable[[Event | Planned | Ready], None]


@dataclass(frozen=True)
class Voice:
    """Where a service speaks: `tell` of what happens, `log` for the engine's lines.

    `hide` takes secrets out of what the engine says.
    """

    tell: Report
    log: logging.Logger
    hide: Callable[[str], str]


def serve(
    plan: Plan,
    voice: Voice,
    inherited: Mapping[str, str],
    stop: Stop,
    life: Life,
    repeats: Repeat | None = None,
) -> None:
    """Execute the plan until `stop` is asked for: then everything is put away, and Stopped is raised.

    `inherited` is the environment that the engine gets beneath the plan's own; `life` is kept true;
    `repeats` the record that the plan is from.
    Raises EngineMissing, DeviceClosed, PortTaken or ModelError before the engine starts and EngineExited
    or EngineNeverReady when that fails, after what AIM_ON_FAILURE says was tried.
    """
    chances = Chances(plan)
    with recording(plan, life, inherited, voice.tell, repeats) as record, _told_of(life):
        while True:
            life.change(plan=summary(plan))
            try:
                _serve(plan, voice, inherited, stop, life, record)
            except EngineFailed as failed:
                voice.tell(Notice(failed.words, grave=True))
                attempt, plan = chances.after(failed, life)
                record.now(plan)
                voice.tell(Planned(plan, attempt))
                stop.check()


def _serve(
    plan: Plan, voice: Voice, inherited: Mapping[str, str], stop: Stop, life: Life, record: Recording
) -> None:
    """Fetch, start, watch, drain. Raises EngineFailed when the engine fails to start."""

    def report(event: Event) -> None:
        voice.tell(event)
        stop.check()  # a fetch reports several times a second

    weights = _fetch(plan, report, inherited, life)
    if weights.plan is not plan:
        record.now(weights.plan)
    record.weights(weights.folder)
    plan, overlap = weights.plan, weights.overlap
    life.change(plan=summary(plan, weights.folder))
    with (
        in_use(plan.site.cache, plan.location.model_id),
        _compiling(plan, report) as place,
        overlap.of(weights.folder),
    ):
        report(Notice(f"starting {_name(plan)}"))
        engine, serving = ENGINES[plan.settings.engine], plan.settings.serving
        launch = plan.launch.compiling_in(place.folder)
        environment = {**inherited, **writable_home(inherited, place.folder)}
        ending = _ending(plan)
        process, endpoint = EngineProcess(launch, environment), engine.endpoint(launch, inherited)
        log = EngineLog(voice.log, life, voice.hide)
        with Supervisor(process, engine, launch, endpoint, life, stop, log, voice.hide, ending) as supervisor:
            # What is told from another thread must not end that one: not by `report`.
            tell, say = voice.tell, lambda text: voice.tell(Notice(text))
            loading = _Loading(supervisor, overlap, report, stop)

            def ready() -> None:
                record.ready()
                tell(Ready(plan, supervisor.seconds))
                place.now_good()

            if launch.headless:
                led = Led(loading, ready, overlap.check_late, say)
                serve_led(plan.settings, supervisor, life, stop, led)
            supervisor.wait_until_ready(serving.ready_s, loading)
            ready()
            look = partial(connected, Path("/"))
            with Watchdog(engine, launch, endpoint, life, serving.stall_s, look, say):
                with serving_adapters(
                    launch.adapting, endpoint, life, _adapters(plan), plan.site.adapters, tell
                ):
                    supervisor.wait_until_stopped(overlap.check_late)
                life.enter(Phase.DRAINING)
                drain = Drain(engine, supervisor, stop, say)
                whole = drain.run(serving.drain_s, linger_s(inherited, serving.drain_s))
    raise Stopped(cut=not whole)


def become_engine(
    plan: Plan, tell: Report, inherited: Mapping[str, str], stop: Stop, repeats: Repeat | None = None
) -> NoReturn:
    """Fetch and compare the weights, then let the engine have this process: nothing watches it after that.

    Raises what `serve` raises before the engine starts.
    """

    def report(event: Event) -> None:
        tell(event)
        stop.check()

    weights = _fetch(plan, report, inherited, Life())
    plan, overlap = weights.plan, weights.overlap
    for line in repeats.check(plan.location, weights.folder) if repeats else ():
        report(Notice(line))
    with overlap.of(weights.folder):
        while not overlap.finished:
            time.sleep(POLL_S)
            stop.check()
        overlap.check()
    stay_in_use(plan.site.cache, plan.location.model_id)
    # Who keeps what is compiled is who sees whether the engine became ready: nobody, from here on.
    launch = plan.launch.compiling_in(None)
    environment = {**inherited, **writable_home(inherited, None), **launch.environment}
    report(Notice(f"this process becomes {_name(plan)}: no management port, nothing watches it"))
    become(launch, environment)


@dataclass(frozen=True)
class _Weights:
    """What was fetched: the plan that serves it, the folder, and who reads it ahead."""

    plan: Plan
    folder: Path
    overlap: Overlap


def _fetch(plan: Plan, report: Callable[[Event], None], inherited: Mapping[str, str], life: Life) -> _Weights:
    """Have the weights on this machine, once nothing else is in the way of a start."""
    engine = plan.engine
    if engine is None:
        raise EngineMissing(
            f"the engine {plan.settings.engine} is not installed in this Python environment",
            hint="run `make engine` in a checkout, use an AIM image, or install vLLM beside aim-runtime",
        )
    access.require(plan.settings.host_root, plan.selection.uses)
    if not plan.launch.headless:
        require_free_port(plan.launch.port)
    if plan.launch.certificate:
        plan.launch.certificate.require()
    overlap, fetching = Overlap(plan, report), Fetching(life)

    def seen(event: Event) -> None:
        fetching.seen(event)
        report(event)

    folder = fetch(
        plan.location,
        plan.site.cache,
        hub_endpoint=plan.settings.hub_endpoint,
        token_present=plan.settings.token_present,
        engine_python=engine.python,
        environment=inherited,
        report=seen,
    )
    fetching.done()
    if folder != plan.location.path:
        # The copy that was found was damaged and not ours to mend; now there is one of ours.
        plan = make_plan(plan.settings, plan.site)
    return _Weights(plan, folder, overlap)


def _ending(plan: Plan) -> Callable[[], Ending]:
    """What tells one end of the engine from another: what the kernel counts from now on, what was planned."""
    root, fit = plan.settings.host_root, plan.selection.verdict.fit
    before = oom_count(root)

    def look() -> Ending:
        predicted = fit if isinstance(fit, Fit) else None
        return Ending(oom_count(root).since(before), memory_limit(root), predicted)

    return look


def _adapters(plan: Plan) -> Callable[[], Adapters]:
    """What looks at the folder of adapters again: those that the engine can serve."""
    adapting, engine = plan.launch.adapting, ENGINES[plan.settings.engine]

    def look() -> Adapters:
        assert adapting is not None
        return engine.usable(look_at(adapting.source), adapting.max_rank)

    return look


def _compiling(plan: Plan, report: Callable[[Event], None]) -> AbstractContextManager[Workspace]:
    """Where the engine may keep what it compiles."""
    folder = plan.launch.compiled
    return workspace(folder, lambda text: report(Notice(text))) if folder else nullcontext(Workspace(None))


def _name(plan: Plan) -> str:
    name = f"{plan.engine.engine} {plan.engine.version}" if plan.engine else plan.settings.engine
    nodes = plan.settings.nodes
    return f"{name}, machine {nodes.rank + 1} of {nodes.count}" if nodes else name


class _Loading:
    """Called all the time while the engine loads: ends that for a reason, says how long it takes."""

    def __init__(
        self, supervisor: Supervisor, overlap: Overlap, report: Callable[[Event], None], stop: Stop
    ) -> None:
        self._supervisor, self._overlap, self._report, self._stop = supervisor, overlap, report, stop
        self._say_at_s = _HEARTBEAT_S

    def __call__(self) -> None:
        self._stop.check()
        self._overlap.check()  # damaged weights may be the reason why the engine ends
        seconds = self._supervisor.seconds
        if seconds >= self._say_at_s:
            self._overlap.progress()
            self._report(Notice(f"the engine is loading: {seconds:.0f} s"))
            self._say_at_s = seconds + _HEARTBEAT_S


@contextmanager
def _told_of(life: Life) -> Iterator[None]:
    """Keep `life` true about how the block ends."""
    try:
        yield
    except Stopped:
        life.enter(Phase.STOPPED)
        raise
    except AimError as error:
        known = life.view().failure
        if known is None or known.code != error.code:
            life.change(failure=Failure(error.code, error.message, error.hint))
        life.enter(Phase.FAILED)
        raise
