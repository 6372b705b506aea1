"""Write the manifests that the tests compare with: generate_manifests.py [--check].

Each is what the command line writes in a clean environment, so a diff shows what a change does to those who
apply them. With `--check` nothing is written, and the exit code is 1 when one differs.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from generated import write_or_check

ROOT = Path(__file__).parents[1]
GOLDEN = "tests/golden"
AIM = Path(sys.executable).with_name("aim-runtime")
COHERE = {"AIM_ID": "CohereLabs/command-a-reasoning-08-2025", "AIM_ACCELERATOR_MODEL": "MI300X"}
QWEN = {"AIM_ID": "Qwen/Qwen3-32B", "AIM_ACCELERATOR_MODEL": "MI325X", "AIM_ACCELERATOR_COUNT": "1"}
# The name of the file: the plan, and what follows `aim-runtime generate`.
MANIFESTS: Mapping[str, tuple[Mapping[str, str], tuple[str, ...]]] = {
    "kubernetes-cohere-mi300x.yaml": (COHERE, ("kubernetes",)),
    "kubernetes-qwen-mi325x.yaml": (
        QWEN,
        (
            *("kubernetes", "--namespace", "llm", "--replicas", "2", "--download", "--monitor"),
            *("--autoscaler", "keda", "--max-replicas", "8"),
            *("--gateway", "gateways/public", "--hostname", "llm.example.com", "--inference-pool"),
        ),
    ),
    "kserve-cohere-mi300x.yaml": (COHERE, ("kserve",)),
    "kserve-qwen-mi325x.yaml": (
        QWEN,
        ("kserve", "--runtime", "--namespace", "llm", "--autoscaler", "keda", "--max-replicas", "8"),
    ),
    "aim-engine-cohere-mi300x.yaml": (COHERE, ("aim-engine", "--namespace", "llm")),
    "aim-engine-v1alpha2-cohere-mi300x.yaml": (COHERE, ("aim-engine", "--api", "v1alpha2")),
    "aim-engine-v1alpha2-qwen-mi325x.yaml": (QWEN, ("aim-engine", "--api", "v1alpha2")),
}


def written(plan: Mapping[str, str], arguments: tuple[str, ...]) -> str:
    """What the command line writes, or SystemExit with why it does not."""
    with tempfile.TemporaryDirectory() as home:
        env = {"PATH": os.environ.get("PATH", ""), "HOME": home, "AIM_CACHE_PATH": f"{home}/models", **plan}
        done = subprocess.run(
            [AIM, "generate", *arguments], env=env, capture_output=True, text=True, check=False
        )
    if done.returncode:
        raise SystemExit(f"aim-runtime generate {' '.join(arguments)}: {done.stderr}")
    return done.stdout


def main() -> int:
    files = {f"{GOLDEN}/{name}": written(*asked) for name, asked in MANIFESTS.items()}
    return write_or_check(ROOT, files, "--check" in sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
