"""What it takes to get weights from where they are."""

from __future__ import annotations

import pytest

from aim_runtime.deploy import origins
from aim_runtime.models.ref import ModelRef


def refs(*texts: str) -> list[ModelRef]:
    return [ModelRef.parse(text) for text in texts]


@pytest.mark.parametrize(
    ("sources", "environment", "ports"),
    [
        (("hf://org/model",), {}, (443,)),
        (("hf://org/model",), {"HF_ENDPOINT": "http://mirror.example:8080"}, (443, 8080)),
        (("hf://org/model",), {"HF_ENDPOINT": "http://mirror.example"}, (80, 443)),
        (("hf://org/model",), {"AWS_ENDPOINT_URL": "https://store:9000"}, (443,)),
        (("s3://models/m",), {"AWS_ENDPOINT_URL": "https://store:9000"}, (443, 9000)),
        (
            ("s3://models/m",),
            {"AWS_ENDPOINT_URL_S3": "https://a:1", "AWS_ENDPOINT_URL": "https://b:2"},
            (1, 2, 443),
        ),
        (("oci://registry.example:5000/models/m:1",), {}, (443, 5000)),
        (("https://host.example:8443/m.tar",), {}, (443, 8443)),
        (("hf://org/model", "pypi://p==1/m.gguf"), {}, (443,)),
        (("file:///models/m",), {}, ()),
    ],
)
def test_ports(sources: tuple[str, ...], environment: dict[str, str], ports: tuple[int, ...]) -> None:
    assert origins.ports(refs(*sources), environment) == ports


def test_secrets_of_all_sources_each_once() -> None:
    found = origins.secrets(refs("s3://models/m", "hf://org/model", "hf://org/other"))
    assert found == ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "HF_TOKEN")
    assert origins.secrets(refs("pypi://p==1/m.gguf")) == ()


def test_addresses_are_carried_on_without_a_password() -> None:
    environment = {
        "AWS_ENDPOINT_URL": "https://me:pass@store",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "HF_ENDPOINT": "x",
    }
    assert origins.addresses(refs("s3://models/m"), environment) == {"AWS_DEFAULT_REGION": "eu-west-1"}


@pytest.mark.parametrize(
    ("source", "doubled", "converted"),
    [
        ("hf://org/model", False, False),
        ("hf://org/model-GGUF", True, True),
        ("pypi://p==1/m.gguf", True, True),
        ("s3://models/m.tar.gz", True, False),
        ("s3://models/m", False, False),
        ("https://host.example/m.zip", True, False),
        ("https://host.example/m.gguf", True, True),
    ],
)
def test_what_is_there_twice_while_it_is_made_ready(source: str, doubled: bool, converted: bool) -> None:
    assert origins.doubled(refs(source)) is doubled
    assert origins.converted(refs(source)) is converted
