"""What the environment says about the cloud stores: a mapping in, settings out."""

from __future__ import annotations

import pytest

from aim_runtime.models.ref import Scheme
from aim_runtime.models.sources import cloud_settings
from aim_runtime.models.sources.cloud_settings import settings_of
from aim_runtime.variables import SECRETS
from servers.azurite import ACCOUNT, KEY

GS, AZ = Scheme.GS, Scheme.AZ


@pytest.mark.parametrize(
    ("scheme", "environment", "config", "where"),
    [
        (GS, {}, {}, "Google Cloud Storage"),
        (
            GS,
            {
                "GOOGLE_APPLICATION_CREDENTIALS": "key.json",
                "GOOGLE_BUCKET": "not ours",
                "GOOGLE_BASE_URL": "",
            },
            {"application_credentials": "key.json"},
            "Google Cloud Storage",
        ),
        (
            GS,
            {"STORAGE_EMULATOR_HOST": "127.0.0.1:4443"},
            {"base_url": "http://127.0.0.1:4443", "skip_signature": "true"},
            "http://127.0.0.1:4443",
        ),
        (
            GS,
            {"STORAGE_EMULATOR_HOST": "http://h:1/", "GOOGLE_BASE_URL": "https://mine"},
            {"base_url": "https://mine"},
            "https://mine",
        ),
        (AZ, {}, {}, "the Azure account"),
        (
            AZ,
            {
                "AZURE_STORAGE_ACCOUNT_NAME": "a",
                "AZURE_STORAGE_MASTER_KEY": "m",
                "AZURE_STORAGE_ACCESS_KEY": "k",
            },
            {"account_name": "a", "account_key": "k"},
            "the Azure account a",
        ),
        (
            AZ,
            {"AZURE_STORAGE_ACCOUNT_NAME": "a", "AZURE_CLIENT_ID": "i", "AZURE_TENANT_ID": "t"},
            {"account_name": "a", "client_id": "i", "tenant_id": "t"},
            "the Azure account a",
        ),
        (
            AZ,
            {"AZURE_STORAGE_USE_EMULATOR": "true"},
            {"account_name": ACCOUNT, "account_key": KEY, "endpoint": f"http://127.0.0.1:10000/{ACCOUNT}"},
            f"http://127.0.0.1:10000/{ACCOUNT}",
        ),
        (
            AZ,
            {
                "AZURE_STORAGE_USE_EMULATOR": "1",
                "AZURITE_BLOB_STORAGE_URL": "http://h:2/",
                "AZURE_STORAGE_SAS_TOKEN": "s",
            },
            {"account_name": ACCOUNT, "sas_key": "s", "endpoint": f"http://h:2/{ACCOUNT}"},
            f"http://h:2/{ACCOUNT}",
        ),
        (AZ, {"AZURE_STORAGE_USE_EMULATOR": "false"}, {}, "the Azure account"),
        (
            AZ,
            {"AZURE_STORAGE_ACCOUNT": "a", "AZURE_STORAGE_KEY": "k"},  # as Azure's own program has them
            {"account_name": "a", "account_key": "k"},
            "the Azure account a",
        ),
        (
            AZ,
            {
                "AZURE_STORAGE_CONNECTION_STRING": "DefaultEndpointsProtocol=https;AccountName=a;"
                "AccountKey=k+/==;BlobEndpoint=https://mine/a;QueueEndpoint=https://other",
                "AZURE_STORAGE_ACCOUNT_NAME": "b",
            },
            {"account_name": "b", "account_key": "k+/==", "endpoint": "https://mine/a"},
            "https://mine/a",
        ),
        (
            AZ,
            {"AZURE_STORAGE_CONNECTION_STRING": "AccountName=a;SharedAccessSignature=sv=1&sig=s%3D"},
            {"account_name": "a", "sas_key": "sv=1&sig=s%3D"},
            "the Azure account a",
        ),
        (AZ, {"AZURE_STORAGE_CONNECTION_STRING": "nonsense"}, {}, "the Azure account"),
    ],
)
def test_settings(scheme: Scheme, environment: dict[str, str], config: dict[str, str], where: str) -> None:
    settings = settings_of(scheme, environment)
    assert dict(settings.config) == config
    assert settings.where == where
    assert settings.plain_http == where.startswith("http://")


def test_no_secret_is_in_what_is_printed_of_them() -> None:
    assert "hush" not in repr(settings_of(AZ, {"AZURE_STORAGE_ACCOUNT_KEY": "hush"}))


SECRET_SETTINGS = ("account_key", "sas_key", "token", "client_secret", "service_account_key", "bearer_token")


def test_what_holds_a_secret_is_known_as_one() -> None:
    """So that it is shown nowhere, and may be given as a file."""
    tables = {**cloud_settings._AZURE, **cloud_settings._GOOGLE}
    held = {variable for setting in SECRET_SETTINGS for variable in tables[setting]}
    assert {*held, "AZURE_STORAGE_CONNECTION_STRING"} <= set(SECRETS)


def test_authorities() -> None:
    assert settings_of(GS, {}).authorities is None
    assert settings_of(GS, {"SSL_CERT_FILE": "ca.pem"}).authorities == "ca.pem"
