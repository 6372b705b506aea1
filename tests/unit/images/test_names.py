"""The names of images."""

from __future__ import annotations

import re

import pytest

from aim_runtime.errors import InvalidValue
from aim_runtime.images.names import checked_tag, image_name, image_of, is_version_tag, sanitized
from aim_runtime.profiles.catalog import shipped_root
from aim_runtime.version import __version__


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Qwen/Qwen3-32B", "qwen-qwen3-32b"),
        ("meta-llama/Llama-3.1-8B-Instruct", "meta-llama-llama-3-1-8b-instruct"),
        ("a__b..c-_d", "a-b-c-d"),
        ("-edge-", "edge"),
    ],
)
def test_runs_of_punctuation_are_one_dash(name: str, expected: str) -> None:
    assert sanitized(name) == expected


def test_every_shipped_aim_has_a_name_that_a_registry_takes() -> None:
    names = [image_name("/".join(path.parts[-3:-1])) for path in shipped_root().glob("*/*/metadata.yaml")]

    assert names
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"aim(-[a-z0-9]+)+", name) for name in names)


def test_the_cpu_has_one_image_and_a_model_its_own() -> None:
    assert image_of("Qwen/Qwen3-32B", cpu=False) == f"aim-qwen-qwen3-32b:{__version__}"
    assert image_of(None, cpu=False) == f"aim-base:{__version__}"
    assert image_of("Qwen/Qwen3-32B", cpu=True) == f"aim-cpu:{__version__}"


@pytest.mark.parametrize(
    "tag", ["0.6.0", "v1.2.3", "10.0.0-preview", "0.6.0-rc1", "1.0.0-0.3.7", "1.0.0--", __version__]
)
def test_a_whole_version_is_a_tag(tag: str) -> None:
    assert checked_tag(tag) == tag


@pytest.mark.parametrize(
    "tag",
    [
        "0.11",
        "latest",
        "",
        "1",
        "01.2.3",
        "1.2.3.4",
        "1.2.3-",
        "1.2.3-01",
        "1.2.3+build",
        "V1.2.3",
        "1.2.3\n",
        "\N{ARABIC-INDIC DIGIT ONE}.2.3",
    ],
)
def test_what_the_operator_passes_over_is_no_tag(tag: str) -> None:
    with pytest.raises(InvalidValue, match="is not a whole semantic version"):
        checked_tag(tag)


def test_a_tag_has_an_end() -> None:
    assert is_version_tag(f"1.2.3-{'a' * 122}")
    assert not is_version_tag(f"1.2.3-{'a' * 123}")
