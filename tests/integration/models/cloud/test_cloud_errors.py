"""What goes wrong at gs:// and az://, each provoked, and what a person is told."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

import aim_runtime
from aim_runtime.errors import AccessDenied, ModelError, ModelNotFound, SourceUnreachable
from aim_runtime.models.events import Event
from aim_runtime.models.preflight import problems
from aim_runtime.models.ref import ModelRef, Scheme
from aim_runtime.models.sources.cloud import CloudSource
from aim_runtime.models.sources.cloud_connection import CloudConnection
from aim_runtime.models.sources.cloud_errors import Place
from aim_runtime.models.transfer.remote import Again, Algorithm, Changed, Digest, RemoteFile
from fakes.hub import write_model
from integration.models.programs import fake
from servers import free_port
from servers.azurite import ACCOUNT, KEY, AzureStore
from servers.nginx import site

GS, AZ = ModelRef.parse("gs://models/org/m"), ModelRef.parse("az://models/org/m")
OTHER_KEY = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldC1zZWNyZXQhIQ=="


def at(ref: ModelRef, port: int, kind: str = "http") -> dict[str, str]:
    """The environment of somebody whose store is on this port."""
    if ref is GS:
        return {"GOOGLE_BASE_URL": f"{kind}://127.0.0.1:{port}", "GOOGLE_SKIP_SIGNATURE": "true"}
    return {
        "AZURE_STORAGE_ACCOUNT_NAME": ACCOUNT,
        "AZURE_STORAGE_ACCOUNT_KEY": KEY,
        "AZURE_STORAGE_ENDPOINT": f"{kind}://127.0.0.1:{port}/{ACCOUNT}",
    }


def refusal(ref: ModelRef, environment: dict[str, str], decide_within_s: float = 8.0) -> ModelError:
    """What a snapshot raises; no secret of the environment is in it."""
    with pytest.raises(ModelError) as raised:
        CloudSource(ref.scheme, environment, decide_within_s).snapshot(ref, lambda _: None)
    said = raised.value.message + raised.value.hint
    assert not any(value in said for name, value in environment.items() if "KEY" in name or "SAS" in name)
    assert raised.value.hint
    return raised.value


@pytest.mark.parametrize("ref", [GS, AZ], ids=str)
def test_a_store_that_refuses_connections(ref: ModelRef) -> None:
    error = refusal(ref, at(ref, port := free_port()))
    assert isinstance(error, SourceUnreachable)
    assert f"http://127.0.0.1:{port}" in error.message
    assert error.message.endswith("cannot be reached: connection refused")


@pytest.mark.parametrize("ref", [GS, AZ], ids=str)
def test_a_store_that_hangs_is_given_up_in_time(ref: ModelRef) -> None:
    with fake("same_answer", "--hang") as port:
        began = time.monotonic()
        error = refusal(ref, at(ref, port), decide_within_s=0.5)
    assert time.monotonic() - began < 2
    assert isinstance(error, SourceUnreachable)
    assert "no answer in 0.5 s" in error.message


@pytest.mark.parametrize("ref", [GS, AZ], ids=str)
@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (401, "", AccessDenied, "does not let this user read"),
        (403, "<Error><Code>AccessDenied</Code></Error>", AccessDenied, "HTTP status 403, AccessDenied"),
        (404, "<Error><Code>NoSuchBucket</Code></Error>", ModelNotFound, "models"),
        (429, "", SourceUnreachable, "answered with HTTP status 429"),
        (503, "", SourceUnreachable, "answered with HTTP status 503"),
    ],
)
def test_a_store_that_says_no(
    ref: ModelRef, status: int, body: str, kind: type[ModelError], words: str
) -> None:
    with fake("same_answer", "--status", str(status), "--body", body) as port:
        error = refusal(ref, at(ref, port))
    assert type(error) is kind
    assert words in error.message


@pytest.mark.servers
def test_a_certificate_that_nobody_vouches_for(tmp_path: Path) -> None:
    with site(tmp_path) as server:
        environment = at(GS, int(server.https.rpartition(":")[2]), "https")
        error = refusal(GS, environment)
        assert isinstance(error, SourceUnreachable)
        assert "certificate is not trusted" in error.message
        assert "SSL_CERT_FILE" in error.hint
        trusted = refusal(GS, {**environment, "SSL_CERT_FILE": str(server.authority)})
        assert isinstance(trusted, ModelNotFound), "it is asked now, and has no such bucket"
    gone = refusal(GS, {**environment, "SSL_CERT_FILE": str(tmp_path / "gone.pem")})
    assert f"{tmp_path}/gone.pem cannot be read" in gone.message


@pytest.mark.servers
def test_a_key_that_is_not_the_accounts(az: AzureStore) -> None:
    error = refusal(AZ, {**az.environment, "AZURE_STORAGE_ACCOUNT_KEY": OTHER_KEY})
    assert isinstance(error, AccessDenied)
    assert "HTTP status 403, AuthorizationFailure" in error.message
    assert "AZURE_STORAGE_ACCOUNT_KEY" in error.hint


@pytest.mark.servers
def test_a_signature_is_not_shown(az: AzureStore) -> None:
    environment = {
        "AZURE_STORAGE_ACCOUNT_NAME": "other",
        "AZURE_STORAGE_SAS_TOKEN": "sv=2021-08-06&sig=aSecretSignature",
        "AZURE_STORAGE_ENDPOINT": f"http://127.0.0.1:{az.port}/other",
    }
    assert "aSecretSignature" not in refusal(AZ, environment).message


def test_credentials_that_cannot_be_used(tmp_path: Path) -> None:
    key = tmp_path / "key.json"
    missing = refusal(GS, {"GOOGLE_APPLICATION_CREDENTIALS": str(key)})
    assert missing.message.endswith("cannot be used: there is no such file")
    key.write_text("{}")
    broken = refusal(GS, {"GOOGLE_APPLICATION_CREDENTIALS": str(key)})
    assert broken.message.endswith("they are not of the form that is expected")
    assert "GOOGLE_APPLICATION_CREDENTIALS" in broken.hint
    azure = refusal(AZ, {**at(AZ, 1), "AZURE_STORAGE_ACCOUNT_KEY": "not base64!"})
    assert azure.message.endswith("they are not of the form that is expected")
    for error in (missing, broken, azure):
        assert isinstance(error, AccessDenied)


def test_no_account() -> None:
    error = refusal(AZ, {})
    assert error.message == "az://models: no Azure account is named"
    assert "AZURE_STORAGE_ACCOUNT_NAME" in error.hint


def test_no_credentials_for_azure() -> None:
    # Without any, the library asks the machine's own identity service: here, one that is not there.
    environment = {
        "AZURE_STORAGE_ACCOUNT_NAME": "mine",
        "AZURE_MSI_ENDPOINT": f"http://127.0.0.1:{free_port()}/token",
    }
    error = refusal(AZ, environment)
    assert isinstance(error, AccessDenied)
    assert error.message == (
        "az://models needs credentials for the Azure account mine, and none are set that can be used"
    )


SOURCE = Path(aim_runtime.__file__).parents[1]
ALONE = """
from aim_runtime.errors import ModelError
from aim_runtime.models.ref import ModelRef, Scheme
from aim_runtime.models.sources.cloud import CloudSource
try:
    CloudSource(Scheme.GS, {}).snapshot(ModelRef.parse("gs://models/org/m"), lambda _: None)
except ModelError as error:
    print(type(error).__name__, error.message, error.hint, sep="|")
"""


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("unshare"), reason="takes a network of its own")
def test_no_credentials_for_google(tmp_path: Path) -> None:
    # The library asks an address that every machine of Google's has: this child has no network at all.
    done = subprocess.run(
        ["unshare", "--net", sys.executable, "-c", ALONE],
        env={"HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    kind, message, hint = done.stdout.strip().split("|")
    assert kind == "AccessDenied"
    assert message == (
        "gs://models needs credentials for Google Cloud Storage, and none are set that can be used"
    )
    assert "GOOGLE_APPLICATION_CREDENTIALS" in hint


def test_the_library_is_not_installed() -> None:
    # As in an environment without it: nothing is found but the package itself and the standard library.
    program = (
        f"import sys; sys.path = [{str(SOURCE)!r}, *(p for p in sys.path if 'site-packages' not in p)]\n"
    )
    argv = [sys.executable, "-I", "-c", program + ALONE]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    kind, message, hint = done.stdout.strip().split("|")
    assert kind == "ExtraMissing"
    assert message == "gs:// needs the library obstore, which is not installed"
    assert hint == "pip install 'aim-runtime[cloud]'"


LISTING = """<?xml version='1.0' encoding='UTF-8'?>
<ListBucketResult xmlns='http://doc.s3.amazonaws.com/2006-03-01'><Name>models</Name><Prefix>org/m/</Prefix>
<IsTruncated>false</IsTruncated>
<Contents><Key>org/m/model.safetensors</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>
<ETag>"5d41402abc4b2a76b9719d911017c592"</ETag><Size>5</Size></Contents>
<Contents><Key>org/m/composed.json</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>
<ETag>"-CJDQ0fX0gIsDEAE="</ETag><Size>5</Size></Contents>
</ListBucketResult>"""


def test_googles_tag_of_a_simple_object_is_its_md5() -> None:
    # As the real one answers; fake-gcs-server has other tags.
    with fake("same_answer", "--body", LISTING) as port:
        files = CloudSource(Scheme.GS, at(GS, port)).snapshot(GS, lambda _: None).files
    assert {file.name: file.digest for file in files} == {
        "composed.json": None,
        "model.safetensors": Digest(Algorithm.MD5, "5d41402abc4b2a76b9719d911017c592"),
    }


@pytest.mark.servers
def test_a_line_that_breaks_and_one_that_falls_silent(az: AzureStore, tmp_path: Path) -> None:
    az.put("models", "org/m/model.safetensors", os.urandom(3_000_000))
    for fault, words in (("--drop-after", "broke off"), ("--stall-after", "no answer in time")):
        with fake("relay", str(az.port), fault, "1500000") as port:
            source = CloudSource(Scheme.AZ, at(AZ, port), stall_s=0.5)
            snapshot = source.snapshot(AZ, lambda _: None)
            file, connection, sizes = snapshot.files[0], snapshot.connect(), list[int]()
            with pytest.raises(Again, match=words):
                sizes.extend(map(len, connection.read(file, 0, file.size_bytes)))
            assert 1_000_000 < sum(sizes) < 1_500_000, "what came before is not lost"
    with pytest.raises(Again, match="connection refused"):
        list(connection.read(file, 0, file.size_bytes))


@pytest.mark.servers
def test_a_fetch_survives_a_line_that_breaks(az: AzureStore, tmp_path: Path) -> None:
    folder, events = write_model(tmp_path / "m", shards=2, payload_bytes=2_000_000), list[Event]()
    for path in folder.iterdir():
        az.put("models", f"org/broken/{path.name}", path.read_bytes())
    (into := tmp_path / "into").mkdir()
    with fake("relay", str(az.port), "--drop-after", "1100000", "--times", "5") as port:
        source = CloudSource(Scheme.AZ, at(AZ, port))
        source.fetch(ModelRef.parse("az://models/org/broken"), into, events.append)
    assert problems(into) == ()
    for path in folder.iterdir():
        assert (into / path.name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, AccessDenied), (403, AccessDenied), (404, Changed), (412, Changed), (429, Again), (500, Again)],
)
def test_what_a_read_makes_of_an_answer(status: int, kind: type[Exception]) -> None:
    from obstore.store import GCSStore

    with fake("same_answer", "--status", str(status)) as port:
        store = GCSStore(
            "models",
            config={"base_url": f"http://127.0.0.1:{port}", "skip_signature": True},
            client_options={"allow_http": True},
            retry_config={"max_retries": 0},
        )
        connection = CloudConnection(store, Place(Scheme.GS, "models", "the store"), 1.0)
        with pytest.raises(kind):
            list(connection.read(RemoteFile("a", 10, "a", "tag"), 0, 10))
