"""The models room: the user names and passwords that docker, podman and skopeo saved for a registry."""

from __future__ import annotations

import base64
import binascii
import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aim_runtime.models.sources.oci_repository import Repository

_HELPER_S = 5.0
# What a credential helper says for a user name where the secret is an identity token.
_TOKEN_USER = "<token>"


@dataclass(frozen=True)
class Credentials:
    """What to show a registry; `saved_in` says where it was found, for messages."""

    user: str
    password: str = field(repr=False)
    saved_in: str = ""
    identity_token: str | None = field(default=None, repr=False)

    @property
    def basic(self) -> str:
        """The value of an Authorization header."""
        return "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()


@dataclass(frozen=True)
class Found:
    """The credentials for a repository; `trouble` is what could not be read on the way to them."""

    credentials: Credentials | None
    trouble: tuple[str, ...] = ()


def find(repository: Repository, environment: Mapping[str, str]) -> Found:
    """Look into the files that `docker login` and `skopeo login` write, and ask the helpers they name."""
    trouble: list[str] = []
    for path in _files(environment):
        try:
            data = json.loads(path.read_bytes())
            found = _saved(data, path, repository) or _helped(data, path, repository, environment)
        except FileNotFoundError:
            continue
        except OSError as error:
            trouble.append(f"{path} cannot be read ({error.strerror})")
        except (ValueError, TypeError, AttributeError, KeyError):
            trouble.append(f"{path} is not a file of saved logins")
        except _HelperFailed as error:
            trouble.append(f"{path}: {error}")
        else:
            if found is not None:
                return Found(found, tuple(trouble))
    return Found(None, tuple(trouble))


def _files(environment: Mapping[str, str]) -> Iterator[Path]:
    """Yield the files in the order of https://github.com/containers/image's containers-auth.json(5)."""
    if named := environment.get("REGISTRY_AUTH_FILE"):
        yield Path(named)
        return
    if runtime := environment.get("XDG_RUNTIME_DIR"):
        yield Path(runtime) / "containers/auth.json"
    home = Path(environment.get("HOME") or "/nonexistent")
    yield home / ".config/containers/auth.json"
    yield Path(environment.get("DOCKER_CONFIG") or home / ".docker") / "config.json"


def _saved(data: Any, path: Path, repository: Repository) -> Credentials | None:
    entries = data.get("auths") or {}
    for key in repository.credential_keys:
        entry = entries.get(key)
        if not entry:
            continue
        user, password = str(entry.get("username", "")), str(entry.get("password", ""))
        if entry.get("auth"):
            try:
                decoded = base64.b64decode(entry["auth"], validate=True).decode()
            except (binascii.Error, UnicodeDecodeError) as error:
                raise ValueError("not base64") from error
            user, _, password = decoded.partition(":")
        token = entry.get("identitytoken")
        if user or token:
            return Credentials(user, password.rstrip("\0"), str(path), str(token) if token else None)
    return None


class _HelperFailed(Exception):
    """A program that keeps credentials did not give them, which its text says."""


def _helped(
    data: Any, path: Path, repository: Repository, environment: Mapping[str, str]
) -> Credentials | None:
    """Ask the helper that the file names, as docker does: the registry on its standard input."""
    helpers = data.get("credHelpers") or {}
    name = next((helpers[key] for key in repository.credential_keys if key in helpers), None)
    name = name or data.get("credsStore")
    if not name:
        return None
    program = f"docker-credential-{name}"
    found = shutil.which(program, path=environment.get("PATH", ""))
    if found is None or "/" in str(name):
        raise _HelperFailed(f"{program}, which it names, is not installed")
    hub = "https://index.docker.io/v1/" in repository.credential_keys
    asked = "https://index.docker.io/v1/" if hub else repository.registry
    try:
        done = subprocess.run(
            [found, "get"],
            input=asked,
            capture_output=True,
            text=True,
            env=environment,
            timeout=_HELPER_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _HelperFailed(f"{program} did not answer in {_HELPER_S:g} s, or did not start") from error
    if done.returncode != 0:
        return None  # which is how a helper says that it has none for this registry
    answer = json.loads(done.stdout)
    user, secret = str(answer["Username"]), str(answer["Secret"])
    if user == _TOKEN_USER:
        return Credentials("", "", program, identity_token=secret)
    return Credentials(user, secret, program)
