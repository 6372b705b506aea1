"""Our verified download against what people use, and against the limits of the machine, in one run.

    make servers && .venv/bin/python benchmarks/download.py [--rounds 5] [--megabytes 500] [--json]

A hub (tests/fakes/hub.py, speaking to the real huggingface_hub too), a web server (nginx) and an S3 store
(hadro) on the loopback serve one file, and the same bytes in 16 shards. The contestants take turns, each
in a fresh process, and a ratio is taken within a round, because machines are noisy. The store also runs
as a far one: 30 ms of latency and 320 Mbit/s a connection.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from fakes.hub import write_model  # noqa: E402
from servers import free_port, program, running  # noqa: E402
from servers.nginx import Site, site  # noqa: E402

KEY, SECRET = "test", "testtest"
FAR = ("--latency-ms", "30", "--bandwidth-mbps", "320")
LAYOUTS = {"one file": 1, "16 shards": 16}
# Contestant and target: how many times as fast ours has to be.
TARGETS = {"hub": 2.0, "boto": 1.3, "sha256": 0.6}
WORDS = {
    "aim": "ours, verified",
    "hub": "huggingface_hub",
    "boto": "boto3",
    "objects": "obstore",
    "copy": "cp",
    "sha256": "SHA-256 alone",
}


@dataclass(frozen=True)
class Race:
    """Contestants over one source: `clients` and the source that each is given."""

    name: str
    clients: dict[str, str]
    environment: dict[str, str]


def main(rounds: int, megabytes: int, as_json: bool) -> None:
    with tempfile.TemporaryDirectory(dir=ROOT / ".cache" if (ROOT / ".cache").is_dir() else None) as folder:
        found = {race.name: measure(race, rounds, Path(folder)) for race in races(Path(folder), megabytes)}
    if as_json:
        print(json.dumps({"rounds": rounds, "megabytes": megabytes, "races": found}, indent=2))
    else:
        for name, figures in found.items():
            print("\n".join(words(name, figures, megabytes)))


def races(folder: Path, megabytes: int) -> Iterator[Race]:
    """Each race with its servers running."""
    for layout, shards in LAYOUTS.items():
        model = f"acme/m{shards}"
        write_model(folder / "hub" / model, shards=shards, payload_bytes=megabytes * 1_000_000 // shards)
        fill(folder / "hub" / model)
        with hub(folder / "hub") as endpoint:
            warm(endpoint, model)
            yield Race(
                f"hub, {layout}",
                {"aim": f"hf://{model}", "hub": f"hf://{model}", **limits(folder, model)},
                {"HF_ENDPOINT": endpoint, "HF_HOME": str(folder / "home")},
            )
        with web_server(folder / "web") as running:
            yield Race(
                f"web server, {layout}",
                {"aim": published(running, folder / "hub" / model), **limits(folder, model)},
                {},
            )
        for name, switches in (("store", ()), ("far store", FAR)):
            with store(folder, switches) as endpoint:
                source = f"s3://acme/m{shards}"
                yield Race(
                    f"{name}, {layout}",
                    {"aim": source, "boto": source, "objects": source, **limits(folder, model)},
                    {
                        "AWS_ENDPOINT_URL": endpoint,
                        "AWS_ACCESS_KEY_ID": KEY,
                        "AWS_SECRET_ACCESS_KEY": SECRET,
                        "AWS_DEFAULT_REGION": "us-east-1",
                        "AWS_EC2_METADATA_DISABLED": "true",
                    },
                )
        shutil.rmtree(folder / "hub" / model)


def fill(model: Path) -> None:
    """Bytes that nothing on the way can make smaller; the headers of the shards stay."""
    for path in model.glob("*.safetensors"):
        with path.open("r+b") as file:
            file.seek(4096)
            left = path.stat().st_size - 4096
            while left > 0:
                left -= file.write(os.urandom(min(left, 1 << 24)))


@contextlib.contextmanager
def web_server(home: Path) -> Iterator[Site]:
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    with site(home) as running:
        yield running


def published(running: Site, model: Path) -> str:
    """Put a model on the site, with its digests; the reference that fetches it."""
    shutil.rmtree(running.root / "m", ignore_errors=True)
    shutil.copytree(model, running.root / "m", copy_function=os.link)
    lines = []
    for path in sorted(model.iterdir()):
        with path.open("rb") as file:
            lines.append(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {path.name}\n")
    (running.root / "m/SHA256SUMS").write_text("".join(lines))
    return f"{running.http}/m/#sha256={hashlib.sha256(''.join(lines).encode()).hexdigest()}"


def limits(folder: Path, model: str) -> dict[str, str]:
    where = str(folder / "hub" / model)
    return {"copy": where, "sha256": where}


@contextlib.contextmanager
def hub(root: Path) -> Iterator[str]:
    argv = [sys.executable, str(ROOT / "tests/fakes/hub.py"), str(root)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.kill()


def warm(endpoint: str, model: str) -> None:
    """Let the hub work out its checksums before anybody's clock runs."""
    import urllib.request

    urllib.request.urlopen(f"{endpoint}/api/models/{model}?blobs=true").read()


@contextlib.contextmanager
def store(folder: Path, switches: tuple[str, ...]) -> Iterator[str]:
    port = free_port()
    who = ("--access-key", KEY, "--secret-key", SECRET, "--region", "us-east-1")
    argv = [
        program("hadro"),
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        *who,
        *switches,
        str(folder / "hub"),
    ]
    with running(argv, port, folder / "hadro.log"):
        yield f"http://127.0.0.1:{port}"


def measure(race: Race, rounds: int, folder: Path) -> dict[str, list[dict[str, float]]]:
    """Let the contestants take turns; the first round only fills caches."""
    found: dict[str, list[dict[str, float]]] = {client: [] for client in race.clients}
    for turn in range(rounds + 1):
        for client, source in race.clients.items():
            result = once(client, source, race.environment, folder)
            if turn:
                found[client].append(result)
    return found


def once(client: str, source: str, environment: dict[str, str], folder: Path) -> dict[str, float]:
    into = folder / "into"
    shutil.rmtree(into, ignore_errors=True)
    around = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(ROOT / "benchmarks")}
    argv = [sys.executable, "-m", f"clients.{client}", source, str(into)]
    done = subprocess.run(argv, env={**around, **environment}, capture_output=True, text=True, cwd=folder)
    if done.returncode:
        raise SystemExit(f"{client}: {done.stderr[-2000:]}")
    result: dict[str, float] = json.loads(done.stdout)
    return result


def words(name: str, figures: dict[str, list[dict[str, float]]], megabytes: int) -> Iterator[str]:
    ours = [each["seconds"] for each in figures["aim"]]
    yield f"\n{name}"
    for client, results in figures.items():
        seconds = [each["seconds"] for each in results]
        rate = megabytes / statistics.median(seconds)
        peak = max(each["peak_mb"] for each in results)
        line = f"  {WORDS[client]:16} {rate:6.0f} MB/s  {peak:4.0f} MB of memory"
        if client != "aim":
            ratios = sorted(theirs / mine for theirs, mine in zip(seconds, ours, strict=True))
            line += f"   ours: {statistics.median(ratios):.2f} x ({ratios[0]:.2f} to {ratios[-1]:.2f})"
            target = TARGETS.get(client)
            line += f", target {target:g} x" if target and "far" not in name else ""
        yield line


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--megabytes", type=int, default=500)
    parser.add_argument("--json", action="store_true")
    options: Any = parser.parse_args()
    main(options.rounds, options.megabytes, options.json)
