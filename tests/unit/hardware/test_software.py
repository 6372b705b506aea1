"""The versions below this program, as the files of a machine have them."""

from __future__ import annotations

from pathlib import Path

import pytest

from aim_runtime.hardware.software import Software, look

FILES = {
    "etc/os-release": 'NAME="Ubuntu"\nPRETTY_NAME="Ubuntu 24.04.2 LTS"\nVERSION_ID="24.04"\n',
    "proc/sys/kernel/osrelease": "6.8.0-60-generic\n",
    "sys/module/amdgpu/version": "6.14.14\n",
    "opt/rocm/.info/version": "7.0.2-56\n",
}
# As the driver prints it, with and without open kernel modules.
NVIDIA = [
    "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.133.20  Release Build\nGCC version: 12",
    "NVRM version: NVIDIA UNIX x86_64 Kernel Module  570.133.20  Sun Mar 30 2025\nGCC version: 12",
]


def test_nothing_is_there(tmp_path: Path) -> None:
    assert look(tmp_path) == Software(None, None, None, None, None)


@pytest.mark.parametrize("nvidia", NVIDIA)
def test_all_of_it(nvidia: str, tmp_path: Path) -> None:
    for name, content in {**FILES, "proc/driver/nvidia/version": nvidia}.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    expected = Software("Ubuntu 24.04.2 LTS", "6.8.0-60-generic", "6.14.14", "7.0.2-56", "570.133.20")
    assert look(tmp_path) == expected
