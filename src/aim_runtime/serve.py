"""DO: fetch the weights, start the engine, say when it is ready, stop it whole."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from types import FrameType

from aim_runtime.engines import ENGINES
from aim_runtime.engines.home import writable_home
from aim_runtime.engines.process import EngineProcess, require_free_port
from aim_runtime.errors import EngineExited, EngineMissing
from aim_runtime.hardware import access
from aim_runtime.models.adapter import Adapters
from aim_runtime.models.adapter_folder import look_at
from aim_runtime.models.compiled import Workspace, workspace
from aim_runtime.models.events import Event, Notice
from aim_runtime.models.fetch import fetch
from aim_runtime.models.used import in_use
from aim_runtime.overlap import Overlap
from aim_runtime.plan import Plan, make_plan
from aim_runtime.serving.adapters import serving_adapters
from aim_runtime.serving.life import Life

_POLL_S = 0.25
_HEARTBEAT_S = 10.0


@dataclass(frozen=True)
class Ready:
    """The engine answers; `seconds` since its process was started."""

    plan: Plan
    seconds: float


Report = Callable[[Event | Ready], None]


class Stopped(BaseException):
    """SIGTERM or SIGINT: not an error, and nothing below may mistake it for one."""


class Stop:
    """Whether a signal asked to stop: its `number`, 0 where none did.

    The handler only takes note. An exception raised by a handler comes between any two steps of
    whatever runs, also between taking a lock of the standard library's and the block that frees it.
    """

    def __init__(self) -> None:
        self.number = 0

    def ask(self, number: int, _frame: FrameType | None) -> None:
        self.number = number

    def check(self) -> None:
        """Raise Stopped, at a place where that is safe."""
        if self.number:
            raise Stopped


def serve(plan: Plan, tell: Report, inherited: Mapping[str, str], stop: Stop) -> None:
    """Execute the plan until `stop` is asked for: then everything is put away, and Stopped is raised.

    `inherited` is the environment that the engine gets beneath the plan's own. Raises EngineMissing,
    DeviceClosed, PortTaken or ModelError before the engine starts and EngineExited when it ends by itself.
    """

    def report(event: Event | Ready) -> None:
        tell(event)
        stop.check()  # a fetch reports several times a second

    engine = plan.engine
    if engine is None:
        raise EngineMissing(
            f"the engine {plan.settings.engine} is not installed in this Python environment",
            hint="run `make engine` in a checkout, use an AIM image, or install vLLM beside aim-runtime",
        )
    access.require(plan.settings.host_root, plan.selection.uses)
    require_free_port(plan.launch.port)
    if plan.launch.certificate:
        plan.launch.certificate.require()
    overlap = Overlap(plan, report)
    folder = fetch(
        plan.location,
        plan.site.cache,
        hub_endpoint=plan.settings.hub_endpoint,
        token_present=plan.settings.token_present,
        engine_python=engine.python,
        environment=inherited,
        report=report,
    )
    if folder != plan.location.path:
        # The copy that was found was damaged and not ours to mend; now there is one of ours.
        plan = make_plan(plan.settings, plan.site)
    with (
        in_use(plan.site.cache, plan.location.model_id),
        _compiling(plan, report) as place,
        overlap.of(folder),
    ):
        report(Notice(f"starting {engine.engine} {engine.version}"))
        started = time.monotonic()
        launch = plan.launch.compiling_in(place.folder)
        endpoint = ENGINES[engine.engine].endpoint(launch, inherited)
        process = EngineProcess(launch, {**inherited, **writable_home(inherited, place.folder)}, endpoint)
        try:
            _wait_until_ready(process, started, report, stop, overlap)
            report(Ready(plan, time.monotonic() - started))
            place.now_good()
            # What is told from another thread does not stop that one.
            with serving_adapters(
                launch.adapting, endpoint, Life(), _adapters(plan), plan.site.adapters, tell
            ):
                _wait_until_it_ends(process, stop, overlap)
        finally:
            process.stop()


def _adapters(plan: Plan) -> Callable[[], Adapters]:
    """What looks at the folder of adapters again: those that the engine can serve."""
    adapting, engine = plan.launch.adapting, ENGINES[plan.settings.engine]

    def look() -> Adapters:
        assert adapting is not None
        return engine.usable(look_at(adapting.source), adapting.max_rank)

    return look


def _compiling(plan: Plan, report: Report) -> AbstractContextManager[Workspace]:
    """Where the engine may keep what it compiles."""
    folder = plan.launch.compiled
    return workspace(folder, lambda text: report(Notice(text))) if folder else nullcontext(Workspace(None))


def _wait_until_ready(
    engine: EngineProcess, started: float, report: Report, stop: Stop, overlap: Overlap
) -> None:
    heartbeat = started + _HEARTBEAT_S
    ready = False
    while not ready:
        ready = engine.answers()
        stop.check()
        overlap.check()  # before the engine's own end: damaged weights may be the reason for it
        code = None if ready else engine.wait(_POLL_S)
        now = time.monotonic()
        if code is not None:
            raise EngineExited(
                f"the engine ended with {_words(code)} after {now - started:.0f} s, before it was ready",
                hint="its own words are above; `aim-runtime dry-run --format shell` prints the command",
            )
        if now >= heartbeat:
            overlap.progress()
            report(Notice(f"the engine is loading: {now - started:.0f} s"))
            heartbeat = now + _HEARTBEAT_S


def _wait_until_it_ends(engine: EngineProcess, stop: Stop, overlap: Overlap) -> None:
    while (code := engine.exit_code()) is None:
        stop.check()
        overlap.check_late()
        time.sleep(_POLL_S)
    raise EngineExited(
        f"the engine ended by itself with {_words(code)}", hint="the engine's own words are above"
    )


def _words(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"


@contextmanager
def stop_signals() -> Iterator[Stop]:
    """Take note of SIGTERM and SIGINT while the block runs."""
    stop = Stop()
    before = {number: signal.signal(number, stop.ask) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
