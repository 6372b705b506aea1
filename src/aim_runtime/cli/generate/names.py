"""What Kubernetes takes for the names that a user gives, said before it would refuse them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from aim_runtime.errors import InvalidValue

_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
# https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
_NAMESPACE = re.compile(_LABEL)
_OBJECT = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_HOST = re.compile(rf"(\*\.)?{_LABEL}(\.{_LABEL})+")
_WORD = r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?"
_KEY = re.compile(rf"({_LABEL}(\.{_LABEL})*/)?(?P<name>{_WORD})")
_VALUE = re.compile(rf"({_WORD})?")
# As the references of the registries' own library: registry, path, tag, digest.
_IMAGE = re.compile(
    r"([A-Za-z0-9.-]+(:\d+)?/)?[a-z0-9]+([._/-]+[a-z0-9]+)*(:[A-Za-z0-9_][\w.-]{0,127})?(@sha256:[0-9a-f]{64})?"
)


def _namespace(text: str, option: str) -> None:
    if not _NAMESPACE.fullmatch(text) or len(text) > 63:
        raise _wrong(text, option, "a namespace", "lower-case letters, digits and -, at most 63")


def _object(text: str, option: str) -> None:
    if not _OBJECT.fullmatch(text) or len(text) > 253:
        raise _wrong(text, option, "a name of an object", "lower-case letters, digits, - and .")


def _gateway(text: str, option: str) -> None:
    namespace, slash, name = text.rpartition("/")
    if slash:
        _namespace(namespace, option)
    _object(name, option)


def _host(text: str, option: str) -> None:
    if not _HOST.fullmatch(text) or len(text) > 253:
        raise _wrong(text, option, "a host name", "names parted by dots, for example llm.example.com")


def _resource(text: str, option: str) -> None:
    domain, slash, _ = text.partition("/")
    if not (slash and domain and _is_key(text)):
        raise _wrong(text, option, "a resource", "DOMAIN/NAME, for example amd.com/gpu")


def _url(text: str, option: str) -> None:
    try:
        parts = urlsplit(text)
        whole = parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc
    except ValueError:
        whole = False
    if not whole:
        raise _wrong(text, option, "an address of a server", "http://HOST:PORT, without a password")


def _wrong(text: str, option: str, what: str, allowed: str) -> InvalidValue:
    return InvalidValue(f"{option} {text!r} is not {what}", hint=f"write {allowed}")


def _is_key(text: str) -> bool:
    found = _KEY.fullmatch(text)
    return found is not None and len(found["name"]) <= 63


NAMES: Mapping[str, Callable[[str, str], None]] = {
    "namespace": _namespace,
    "claim": _object,
    "storage_class": _object,
    "token_secret": _object,
    "pull_secret": _object,
    "endpoint_picker": _object,
    "gateway": _gateway,
    "hostname": _host,
    "gpu_resource": _resource,
    "prometheus": _url,
}


def checked_image(text: str) -> str:
    """Return `text`, or raise InvalidValue where no registry would have it."""
    if not _IMAGE.fullmatch(text):
        raise _wrong(text, "--image", "an image", "[REGISTRY/]NAME[:TAG][@sha256:DIGEST], in lower case")
    return text


def node_label(text: str) -> tuple[str, str]:
    """Split KEY=VALUE, or raise InvalidValue where no node could have such a label."""
    key, separator, value = text.partition("=")
    if not separator:
        raise InvalidValue(f"--node-label {text!r} has no value", hint="write it as KEY=VALUE")
    if not _is_key(key) or not _VALUE.fullmatch(value) or len(value) > 63:
        raise _wrong(text, "--node-label", "a label", "KEY=VALUE, for example topology.kubernetes.io/zone=a")
    return key, value
