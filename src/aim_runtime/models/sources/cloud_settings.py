"""The models room: what the environment says about Google Cloud Storage and Azure Blob Storage.

obstore reads these variables too, but only those of its own process, and not all that the emulators are
found by; here they are read from the given mapping, and handed over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from aim_runtime.models.ref import Scheme
from aim_runtime.models.transfer.sockets import authorities

# What obstore calls each setting, and the variables that hold it: the first that is set counts.
_GOOGLE: Mapping[str, tuple[str, ...]] = {
    "service_account": ("GOOGLE_SERVICE_ACCOUNT", "GOOGLE_SERVICE_ACCOUNT_PATH"),
    "service_account_key": ("GOOGLE_SERVICE_ACCOUNT_KEY",),
    "application_credentials": ("GOOGLE_APPLICATION_CREDENTIALS",),
    "bearer_token": ("GOOGLE_BEARER_TOKEN",),
    "base_url": ("GOOGLE_BASE_URL",),
    "skip_signature": ("GOOGLE_SKIP_SIGNATURE",),
}
_AZURE: Mapping[str, tuple[str, ...]] = {
    "account_name": ("AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_ACCOUNT"),
    "account_key": (
        *("AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_ACCESS_KEY", "AZURE_STORAGE_MASTER_KEY"),
        "AZURE_STORAGE_KEY",
    ),
    "sas_key": ("AZURE_STORAGE_SAS_KEY", "AZURE_STORAGE_SAS_TOKEN"),
    "token": ("AZURE_STORAGE_TOKEN",),
    "client_id": ("AZURE_STORAGE_CLIENT_ID", "AZURE_CLIENT_ID"),
    "client_secret": ("AZURE_STORAGE_CLIENT_SECRET", "AZURE_CLIENT_SECRET"),
    "tenant_id": (
        *("AZURE_STORAGE_TENANT_ID", "AZURE_STORAGE_AUTHORITY_ID"),
        *("AZURE_TENANT_ID", "AZURE_AUTHORITY_ID"),
    ),
    "authority_host": ("AZURE_STORAGE_AUTHORITY_HOST", "AZURE_AUTHORITY_HOST"),
    "federated_token_file": ("AZURE_FEDERATED_TOKEN_FILE",),
    "msi_endpoint": ("AZURE_MSI_ENDPOINT", "AZURE_IDENTITY_ENDPOINT"),
    "msi_resource_id": ("AZURE_MSI_RESOURCE_ID",),
    "object_id": ("AZURE_OBJECT_ID",),
    "use_azure_cli": ("AZURE_USE_AZURE_CLI",),
    "skip_signature": ("AZURE_SKIP_SIGNATURE",),
    "endpoint": ("AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT"),
}
# What the parts of a connection string are called.
# https://learn.microsoft.com/azure/storage/common/storage-configure-connection-string
_CONNECTION: Mapping[str, str] = {
    "AccountName": "account_name",
    "AccountKey": "account_key",
    "SharedAccessSignature": "sas_key",
    "BlobEndpoint": "endpoint",
}
# What every Azurite has, and its documentation prints: https://learn.microsoft.com/azure/storage/common/storage-connect-azurite
_EMULATOR_ACCOUNT = "devstoreaccount1"
_EMULATOR_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
_EMULATOR_URL = "http://127.0.0.1:10000"
_YES = ("1", "true", "yes", "on", "y")


@dataclass(frozen=True)
class Settings:
    """`config` is obstore's and may hold secrets; `where` names the store for a person.

    `authorities` is a file with the certificates to trust besides the usual ones.
    """

    config: Mapping[str, str] = field(repr=False)
    where: str
    plain_http: bool = False
    authorities: str | None = None


def settings_of(scheme: Scheme, environment: Mapping[str, str]) -> Settings:
    """Read the variables of one of the two stores."""
    config = _google(environment) if scheme is Scheme.GS else _azure(environment)
    address = config.get("base_url") or config.get("endpoint")
    if scheme is Scheme.GS:
        where = address or "Google Cloud Storage"
    else:
        where = address or f"the Azure account {config.get('account_name', '')}".strip()
    return Settings(config, where, (address or "").startswith("http://"), authorities(environment))


def _google(environment: Mapping[str, str]) -> dict[str, str]:
    config = _read(_GOOGLE, environment)
    emulator = environment.get("STORAGE_EMULATOR_HOST")
    if emulator and "base_url" not in config:
        address = emulator if "://" in emulator else f"http://{emulator}"
        config |= {"base_url": address.rstrip("/"), "skip_signature": "true"}
    return config


def _azure(environment: Mapping[str, str]) -> dict[str, str]:
    config = _in_one(environment) | _read(_AZURE, environment)
    if environment.get("AZURE_STORAGE_USE_EMULATOR", "").strip().lower() in _YES:
        # obstore's own switch for it looks for the address in its process's environment alone.
        address = environment.get("AZURITE_BLOB_STORAGE_URL") or _EMULATOR_URL
        account = config.setdefault("account_name", _EMULATOR_ACCOUNT)
        config.setdefault("endpoint", f"{address.rstrip('/')}/{account}")
        if not config.keys() & {"account_key", "sas_key", "token", "skip_signature"}:
            config["account_key"] = _EMULATOR_KEY
    return config


def _in_one(environment: Mapping[str, str]) -> dict[str, str]:
    """Read the one variable that has an account's name, key and address; those of each count more."""
    parts = (
        part.partition("=") for part in environment.get("AZURE_STORAGE_CONNECTION_STRING", "").split(";")
    )
    return {
        _CONNECTION[name.strip()]: value.strip() for name, _, value in parts if name.strip() in _CONNECTION
    }


def _read(table: Mapping[str, tuple[str, ...]], environment: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for setting, variables in table.items():
        value = next((environment[name] for name in variables if environment.get(name)), None)
        if value is not None:
            found[setting] = value
    return found
