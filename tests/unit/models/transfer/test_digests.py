"""Checksums against values that others worked out."""

from __future__ import annotations

import subprocess
import sys

import pytest

from aim_runtime.models.transfer.digests import Checksums
from aim_runtime.models.transfer.remote import Algorithm, Digest

TEXT = b"123456789"
# The check values of the catalogue of CRC algorithms (reveng.sourceforge.io), and `git hash-object`.
KNOWN = {
    Algorithm.SHA256: "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225",
    Algorithm.SHA1: "f7c3bc1d808e04732adf679965ccc34ca7ae3441",
    Algorithm.GIT_SHA1: "e2e107ac61ac259b87c544f6e7a4eb03422c6c21",
    Algorithm.MD5: "25f9e794323b453885f5181f1b624d0b",
    Algorithm.CRC32: "cbf43926",
    Algorithm.CRC32C: "e3069283",
    Algorithm.CRC64NVME: "ae8b14860a799888",
}


def summed(digest: Digest | None) -> Checksums:
    sums = Checksums(digest, len(TEXT))
    sums.update(TEXT[:4])
    sums.update(memoryview(TEXT)[4:])
    return sums


@pytest.mark.parametrize("algorithm", Algorithm)
def test_each_algorithm(algorithm: Algorithm) -> None:
    sums = summed(Digest(algorithm, KNOWN[algorithm]))
    assert sums.broken is None
    assert sums.sha256 == KNOWN[Algorithm.SHA256]
    wrong = "0" * len(KNOWN[algorithm])
    broken = summed(Digest(algorithm, wrong)).broken
    assert broken is not None
    assert broken[1] == KNOWN[algorithm]
    assert broken[0].endswith(f" {wrong}")


def test_nothing_promised_is_nothing_broken() -> None:
    assert summed(None).broken is None


def test_a_missing_library_is_named() -> None:
    program = (
        "import sys; sys.modules['awscrt'] = None\n"
        "from aim_runtime.models.transfer.digests import Checksums\n"
        "from aim_runtime.models.transfer.remote import Algorithm, Digest\n"
        "Checksums(Digest(Algorithm.CRC32C, '0'), 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "CRC32C, which needs the library awscrt" in done.stderr
