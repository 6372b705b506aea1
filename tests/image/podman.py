"""podman on any machine: in a container without cgroups of its own, with low limits, or as a user."""

from __future__ import annotations

import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# The hidden mount is an empty cgroup2 beside the cgroups of version 1, which crun refuses to work with.
HIDDEN = ("unshare", "--mount", "sh", "-c", 'umount /sys/fs/cgroup/unified 2>&-; exec podman "$@"', "podman")
# Nothing that a service does not need.
HARDENED = ("--read-only", "--cap-drop=all", "--security-opt=no-new-privileges")
_CONTAINERS = """\
[containers]
netns = "host"
default_ulimits = ["nofile=20000:20000", "nproc=30000:30000"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"
"""
_STORAGE = """\
[storage]
driver = "overlay"
graphroot = "{store}/images"
runroot = "{store}/run"
"""


@dataclass(frozen=True)
class Podman:
    """podman with a configuration and a storage of its own, which the machine's has nothing to do with."""

    environment: Mapping[str, str]

    @classmethod
    def below(cls, folder: Path) -> Podman:
        """Keep images and configuration in `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "containers.conf").write_text(_CONTAINERS)
        (folder / "storage.conf").write_text(_STORAGE.format(store=folder))
        ours = {
            "CONTAINERS_CONF": str(folder / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
        }
        return cls({**os.environ, **ours})

    def run(self, *words: str, timeout_s: float = 120) -> subprocess.CompletedProcess[str]:
        """Run podman to its end, whatever that is."""
        command = [*(HIDDEN if os.geteuid() == 0 else ("podman",)), *words]
        return subprocess.run(
            command,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout_s,
            stdin=subprocess.DEVNULL,
        )

    def ask(self, *words: str, timeout_s: float = 120) -> str:
        """What podman says on stdout; it must succeed."""
        done = self.run(*words, timeout_s=timeout_s)
        assert done.returncode == 0, f"podman {' '.join(words)}\n{done.stdout}\n{done.stderr}"
        return done.stdout.strip()

    def inspect(self, image: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.ask("image", "inspect", image))[0]
        return found


@dataclass(frozen=True)
class Container:
    """A container that runs, with the port that it serves on."""

    podman: Podman
    name: str
    port: int

    @property
    def log(self) -> str:
        done = self.podman.run("logs", self.name)
        return done.stdout + done.stderr

    def exit_code(self) -> int | None:
        """None while it runs."""
        found = self.podman.ask(
            "inspect", "--type", "container", "--format", "{{.State.Running}} {{.State.ExitCode}}", self.name
        )
        running, code = found.split()
        return None if running == "true" else int(code)

    def wait_until_ready(self, within_s: float) -> None:
        """Wait until the engine answers; a container that ends before does not."""
        deadline = time.monotonic() + within_s
        while not self._healthy():
            assert self.exit_code() is None, self.log
            assert time.monotonic() < deadline, self.log
            time.sleep(0.2)

    def _healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def chat(self, model: str, text: str, *, tokens: int = 16, timeout_s: float = 120) -> str:
        """Ask a question and return the answer."""
        asked = {"model": model, "messages": [{"role": "user", "content": text}], "max_tokens": tokens}
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/v1/chat/completions",
            data=json.dumps({**asked, "temperature": 0}).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=timeout_s) as answer:
            content: str = json.load(answer)["choices"][0]["message"]["content"]
            return content


@contextmanager
def running(podman: Podman, name: str, port: int, *options: str) -> Iterator[Container]:
    """Start a container in the background, and be rid of it afterwards."""
    podman.run("rm", "--force", "--time", "0", name)
    podman.ask("run", "--detach", "--name", name, *options)
    try:
        yield Container(podman, name, port)
    finally:
        podman.run("rm", "--force", "--time", "5", name)
