"""The doctor where the weights come from an S3 store: what it answers stops `serve`, or does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from aim_runtime.doctor import network
from aim_runtime.doctor.finding import Finding, Severity
from aim_runtime.models.ref import ModelRef
from fakes.hub import write_model
from integration.doctor.store import KEY, SECRET, Store
from integration.models.s3.support import below, model
from servers.certificate import self_signed
from servers.hadro import hadro
from servers.s3 import keys, nobodys, write
from unit.doctor.children import on_a_disk
from unit.doctor.examine import by_code, patient

Tree = Callable[[str], Path]
OBJECTS = below("org/m", model(3_000_000))
NOWHERE = "http://127.0.0.1:1"


def examined(tree: Tree, endpoint: str, address: str = "s3://models/org/m", **env: str) -> dict[str, Finding]:
    """What the doctor says of a store that has the weights."""
    given = {**nobodys(), **keys(KEY, SECRET), "AWS_ENDPOINT_URL": endpoint, "AIM_MODEL_ID": address, **env}
    found = by_code(tree("no GPU"), network.store, **{"AIM_CACHE_PATH": "/nowhere", **given})
    assert SECRET not in repr(found)
    return found


def severities(found: dict[str, Finding]) -> dict[str, Severity]:
    return {code: finding.severity for code, finding in found.items()}


def test_a_store_that_has_the_model(tree: Tree) -> None:
    with Store.running(objects=OBJECTS) as store:
        found = examined(tree, store.endpoint)
    assert set(severities(found).values()) == {Severity.OK}
    assert found["model.reachable"].seen == f"s3://models/org/m at {store.endpoint}: 3.0 MB to fetch"


def test_a_disk_too_small_for_it(tree: Tree, tmp_path: Path) -> None:
    with Store.running(objects=OBJECTS) as store:
        found = on_a_disk(
            tmp_path, "size=1m", lambda: examined(tree, store.endpoint, AIM_CACHE_PATH=str(tmp_path))
        )
    assert found["cache.space"].severity is Severity.ERROR
    assert found["cache.space"].seen.endswith("and s3://models/org/m takes 3.0 MB")


def test_a_store_that_has_it_not(tree: Tree) -> None:
    with Store.running(objects=OBJECTS) as store:
        found = examined(tree, store.endpoint, "s3://models/org/n")
    assert found["model.not_found"].severity is Severity.ERROR
    assert found["model.not_found"].fix == ("near it are s3://models/org/m",)


@pytest.mark.parametrize(
    ("behaviour", "env", "expected"),
    [
        ({}, {"AWS_ACCESS_KEY_ID": "AKIDOTHER"}, {"s3.clock": "ok", "s3.credentials": "error"}),
        ({}, {"AWS_SECRET_ACCESS_KEY": "mistyped"}, {"s3.clock": "ok", "s3.credentials": "error"}),
        ({}, {"AWS_SECRET_ACCESS_KEY": ""}, {"s3.keys": "error", "s3.clock": "ok"}),
        ({"skew_s": 3600}, {}, {"s3.clock": "error", "s3.credentials": "note"}),
        ({"skew_s": 300}, {}, {"s3.clock": "warning", "s3.credentials": "ok", "model.reachable": "ok"}),
        (
            {"region": "eu-x-1"},
            {},
            {"s3.clock": "ok", "s3.credentials": "warning", "model.reachable": "ok"},
        ),
        (
            {},
            {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""},
            {"s3.clock": "ok", "model.access_denied": "error"},
        ),
    ],
    ids=["key", "secret", "half a pair", "clock", "a little off", "region", "no keys"],
)
def test_what_stops_serve_is_an_error(
    behaviour: dict[str, object], env: dict[str, str], expected: dict[str, str], tree: Tree
) -> None:
    with Store.running(objects=OBJECTS, **behaviour) as store:
        assert severities(examined(tree, store.endpoint, **env)) == expected


def test_a_store_that_is_not_there(tree: Tree) -> None:
    assert severities(examined(tree, NOWHERE)) == {"s3.unreachable": Severity.ERROR}


def test_another_source_is_taken_instead(tree: Tree) -> None:
    given = {**nobodys(), **keys(KEY, SECRET), "AWS_ENDPOINT_URL": NOWHERE, "AIM_CACHE_PATH": "/nowhere"}
    sick = patient(tree("no GPU"), {**given, "AIM_ID": "HuggingFaceTB/SmolLM2-135M-Instruct"})
    assert sick.plan is not None
    refs = (ModelRef.parse("s3://models/org/m"), *sick.plan.location.sources)
    location = replace(sick.plan.location, sources=refs)
    (finding,) = network.store(replace(sick, plan=replace(sick.plan, location=location)))
    assert (finding.code, finding.severity) == ("s3.unreachable", Severity.WARNING)
    assert finding.why == f"{refs[1]} is taken instead"


def test_what_is_in_the_cache_needs_no_store(tree: Tree, tmp_path: Path) -> None:
    write_model(tmp_path / "org/m")
    found = examined(tree, NOWHERE, AIM_CACHE_PATH=str(tmp_path))
    assert severities(found) == {"s3.unreachable": Severity.WARNING}


@pytest.mark.servers
def test_a_certificate_that_the_variable_vouches_for(tree: Tree, tmp_path: Path) -> None:
    pair = self_signed(tmp_path)
    with hadro(write(tmp_path / "data", OBJECTS), tmp_path / "log", tls=pair) as store:
        found = examined(tree, store.endpoint, **keys())
        assert "self-signed certificate" in found["s3.unreachable"].seen
        found = examined(tree, store.endpoint, AWS_CA_BUNDLE=str(pair[0]), **keys())
    assert found["model.reachable"].severity is Severity.OK


def test_authorities_of_ones_own(tree: Tree, tmp_path: Path) -> None:
    lost = str(tmp_path / "lost.pem")
    finding = examined(tree, "https://127.0.0.1:1", AWS_CA_BUNDLE=lost)["s3.unreachable"]
    assert finding.seen.endswith(f"AWS_CA_BUNDLE names {lost}, which is not there")
