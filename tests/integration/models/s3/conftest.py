"""Stores that several tests read; each starts when the first of them asks for it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from integration.models.s3.support import ALL
from servers.hadro import hadro
from servers.moto import moto
from servers.rclone import rclone
from servers.s3 import S3Store, write
from servers.seaweed import seaweed

STORES = ("hadro", "seaweed", "rclone", "moto")


@pytest.fixture(autouse=True)
def _nothing_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """botocore reads some variables of the process itself."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture(scope="session")
def moto_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Store]:
    with moto(tmp_path_factory.mktemp("moto") / "log") as store:
        yield store


@pytest.fixture(scope="session")
def seaweed_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Store]:
    with seaweed(tmp_path_factory.mktemp("seaweed")) as store:
        store.put(ALL)
        yield store


@pytest.fixture(scope="session", params=STORES)
def each_store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Store]:
    """Each of the stores with the same objects in it."""
    folder: Path = tmp_path_factory.mktemp(request.param)
    with ExitStack() as stack:
        if request.param == "hadro":
            yield stack.enter_context(hadro(write(folder / "data", ALL), folder / "log"))
        elif request.param == "rclone":
            yield stack.enter_context(rclone(write(folder / "data", ALL), folder / "log"))
        elif request.param == "seaweed":
            yield request.getfixturevalue("seaweed_store")
        else:
            store = stack.enter_context(moto(folder / "log"))
            store.put(ALL)
            yield store
