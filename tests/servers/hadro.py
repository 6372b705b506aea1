"""hadro: a read-only store in front of a folder, as slow, narrow and faulty as one likes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path

from servers import free_port, program, running
from servers.s3 import KEY, SECRET, S3Store


@dataclass(frozen=True)
class Line:
    """What is between the store and its client. Megabits a second, for each answer and for all together;
    `error_rate` is the part of the requests that are answered with 503."""

    latency_ms: float | None = None
    latency_jitter_ms: float | None = None
    bandwidth_mbps: float | None = None
    total_bandwidth_mbps: float | None = None
    error_rate: float | None = None
    fault_seed: int | None = None

    @property
    def arguments(self) -> list[str]:
        given = {each.name: getattr(self, each.name) for each in fields(self)}
        return [f"--{name.replace('_', '-')}={value}" for name, value in given.items() if value is not None]


@contextmanager
def hadro(
    root: Path, log: Path, line: Line | None = None, *, tls: tuple[Path, Path] | None = None
) -> Iterator[S3Store]:
    """Serve `root`, each folder of which is a bucket; `tls` are a certificate and its key.

    Its ETags look like MD5s and are made of size and time; it ignores If-Match, and looks at no region.
    """
    port = free_port()
    argv = [program("hadro"), "--host=127.0.0.1", f"--port={port}", "--region=us-east-1"]
    argv += [f"--access-key={KEY}", f"--secret-key={SECRET}", *(line or Line()).arguments]
    argv += [f"--tls-cert={tls[0]}", f"--tls-key={tls[1]}"] if tls else []
    with running([*argv, str(root)], port, log) as process:
        yield S3Store(f"{'https' if tls else 'http'}://127.0.0.1:{port}")
        process.kill()  # it would wait for its clients to close their connections
