"""What Kubernetes takes for the names that users give, and what is said of others."""

from __future__ import annotations

import pytest

from aim_runtime.cli.generate.names import NAMES, checked_image, node_label
from aim_runtime.errors import InvalidValue


@pytest.mark.parametrize(
    ("option", "text", "message"),
    [
        ("namespace", "LLM", "is not a namespace"),
        ("namespace", "a" * 64, "is not a namespace"),
        ("claim", "my_weights", "is not a name"),
        ("gateway", "a/b/c", "'a/b' is not a namespace"),
        ("gateway", "/public", "'' is not a namespace"),
        ("hostname", "example", "is not a host name"),
        ("hostname", "https://llm.example.com", "is not a host name"),
        ("gpu_resource", "gpu", "is not a resource"),
        ("prometheus", "p:9090", "is not an address"),
        ("prometheus", "http://me:pass@p", "is not an address"),
        ("prometheus", "http://[::1", "is not an address"),
    ],
)
def test_what_is_none_is_refused(option: str, text: str, message: str) -> None:
    with pytest.raises(InvalidValue, match=message) as caught:
        NAMES[option](text, f"--{option}")
    assert caught.value.hint.startswith("write ")


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("namespace", "8-models"),
        ("claim", "weights.v2"),
        ("gateway", "gateways/public"),
        ("hostname", "*.example.com"),
        ("gpu_resource", "amd.com/cpx_nps4"),
        ("prometheus", "http://[::1]:9090/prefix"),
    ],
)
def test_what_is_one_is_taken(option: str, text: str) -> None:
    NAMES[option](text, f"--{option}")


@pytest.mark.parametrize("text", ["aim:1", "registry.example:5000/a/b-c:v1.2", "a@sha256:" + "0" * 64])
def test_images(text: str) -> None:
    assert checked_image(text) == text


@pytest.mark.parametrize("text", ["", "Registry/AIM", "a b", "a:", "a@sha256:12", "https://registry/a"])
def test_no_images(text: str) -> None:
    with pytest.raises(InvalidValue, match="is not an image"):
        checked_image(text)


def test_labels_of_nodes() -> None:
    assert node_label("topology.kubernetes.io/zone=a") == ("topology.kubernetes.io/zone", "a")
    assert node_label("gpu=") == ("gpu", "")
    for text, message in (("zone", "has no value"), ("zone=a/b", "is not a label"), ("=a", "is not a label")):
        with pytest.raises(InvalidValue, match=message):
            node_label(text)
