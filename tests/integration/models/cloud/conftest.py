"""The two cloud stores, each started once for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from servers.azurite import AzureStore, azure_store
from servers.gcs import GoogleStore, google_store

Store = GoogleStore | AzureStore


@pytest.fixture(scope="package")
def gs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GoogleStore]:
    with google_store(tmp_path_factory.mktemp("gcs")) as store:
        store.make("models")
        yield store


@pytest.fixture(scope="package")
def az(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AzureStore]:
    with azure_store(tmp_path_factory.mktemp("azurite")) as store:
        store.make("models")
        yield store


@pytest.fixture(params=["gs", "az"])
def store(request: pytest.FixtureRequest) -> Store:
    """Each of the two stores in turn: what is asked of one is asked of the other."""
    found: Store = request.getfixturevalue(request.param)
    return found
