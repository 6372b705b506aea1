"""The models room: who asks an S3 store, where and in which region. By botocore, which finds the keys."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aim_runtime.errors import AccessDenied, ExtraMissing, SourceUnreachable
from aim_runtime.models.sources.s3_settings import KEYS, authorities, endpoint_of, first, shown_endpoint
from aim_runtime.models.words import redact

_REGIONS = ("AWS_DEFAULT_REGION", "AWS_REGION")
_SETTINGS = {
    "profile": ("AWS_DEFAULT_PROFILE", "AWS_PROFILE"),
    "config_file": ("AWS_CONFIG_FILE",),
    "credentials_file": ("AWS_SHARED_CREDENTIALS_FILE",),
}
_SCOPE = re.compile(r"Credential=[^/]+/\d+/(?P<region>[^/]+)/s3/")
_TRIES = 3
CONNECTIONS = 8


@dataclass
class Traffic:
    """What the client was seen to do: how often it was answered, and where a bucket turned out to be.

    The client follows a bucket to its region and spells its host, so the bytes are asked for there too.
    """

    answers: int = 0
    base_url: str = ""
    region: str = ""

    def sent(self, request: Any, **_: object) -> None:
        """Note the address and the region of a listing that is on its way."""
        self.base_url = request.url.partition("?")[0].rstrip("/")
        signed = request.headers.get("Authorization", b"")
        match = _SCOPE.search(signed.decode() if isinstance(signed, bytes) else signed)
        self.region = match["region"] if match else ""

    def received(self, response_dict: object = None, **_: object) -> None:
        """Count an answer, whatever it says."""
        self.answers += response_dict is not None


@dataclass(frozen=True)
class Store:
    """An S3 store as one user sees it; without `credentials` only what is public is to be had.

    `environment` is the caller's, with the certificate authorities in the place that comes first.
    """

    client: Any
    credentials: Any
    shown: str
    region: str
    environment: Mapping[str, str] = field(repr=False)
    traffic: Traffic


def require_library() -> None:
    """Raise ExtraMissing where there is no botocore."""
    try:
        import botocore.session  # noqa: F401
    except ImportError as error:
        raise ExtraMissing(
            "s3:// needs botocore, which is not installed", hint="pip install 'aim-runtime[s3]'"
        ) from error


def open_store(environment: Mapping[str, str], traffic: Traffic, patience_s: float) -> Store:
    """Find keys and region, and make a client; asks the network only where the keys come from there.

    Keys, profile, region and endpoint are those of `environment`. The providers of keys that live in a
    machine (web identity, containers, the metadata service) read the variables of this process.
    """
    from botocore import UNSIGNED
    from botocore.config import Config
    from botocore.session import Session

    session = Session()
    settings = session.get_component("config_store")
    for name, variables in _SETTINGS.items():
        if value := first(environment, variables):
            settings.set_config_variable(name, value)
    _know_services(session)
    _give_keys(session, environment)
    credentials = session.get_credentials()
    endpoint = endpoint_of(environment)
    region = first(environment, _REGIONS) or session.get_config_variable("region") or "us-east-1"
    options = Config(
        signature_version="s3v4" if credentials else UNSIGNED,
        connect_timeout=patience_s,
        read_timeout=patience_s,
        retries={"mode": "standard", "total_max_attempts": _TRIES},
        max_pool_connections=CONNECTIONS,
        # The names of buckets are no hosts where a store of one's own is reached by an address.
        **({"s3": {"addressing_style": "path"}} if endpoint else {}),
    )
    trusted = authorities(environment)
    try:
        client = session.create_client(
            "s3", region_name=region, endpoint_url=endpoint, verify=trusted, config=options
        )
    except ValueError as error:
        raise SourceUnreachable(
            f"{shown_endpoint(environment)} in {region!r}: {redact(str(error))}",
            hint="set AWS_ENDPOINT_URL to https://HOST:PORT, and AWS_DEFAULT_REGION to one such as us-east-1",
        ) from error
    client.meta.events.register("before-send.s3.ListObjectsV2", traffic.sent)
    client.meta.events.register("response-received.s3", traffic.received)
    own = {**environment, "SSL_CERT_FILE": trusted} if trusted else environment
    return Store(client, credentials, shown_endpoint(environment), region, own, traffic)


def _know_services(session: Any) -> None:
    """Spare the session a look into the folders of all four hundred services, to know that there is one.

    That is a third of the time that a client takes to be made; whether a folder has the service's files
    shows when they are loaded.
    """
    loader = session.get_component("data_loader")
    folders = [Path(path) for path in loader.search_paths]
    names = {each.name for folder in folders if folder.is_dir() for each in folder.iterdir()}
    loader.list_available_services = lambda _: sorted(names)


def _give_keys(session: Any, environment: Mapping[str, str]) -> None:
    present = [name for name in KEYS if environment.get(name)]
    if len(present) == 1:
        (missing,) = set(KEYS) - set(present)
        raise AccessDenied(
            f"{present[0]} is set, and {missing} is not",
            hint=f"set {missing} too (or {missing}_FILE to a file that holds it)",
        )
    if present:
        session.set_credentials(*(environment[name] for name in KEYS), environment.get("AWS_SESSION_TOKEN"))
