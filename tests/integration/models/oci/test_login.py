"""What is shown to a registry: nothing, a saved user name and password, a token, and a new one in between."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from aim_runtime.errors import AccessDenied, SourceUnreachable
from aim_runtime.models.sources.oci_credentials import Credentials, find
from aim_runtime.models.sources.oci_repository import Repository
from fakes.artifacts import modelpack
from fakes.hub import write_model
from integration.models.oci.support import FakeRegistry, Fetch, StartRegistry, files_of
from servers import program
from servers.registry import PASSWORD, USER, DockerRegistry, docker_registry

LOGIN = f"{USER}:{PASSWORD}"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_model(tmp_path / "made", shards=4, payload_bytes=100_000)


def saved(path: Path, key: str, login: str = LOGIN, **more: object) -> Path:
    """Write a file of saved logins, as `docker login` does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    entry = {"auth": base64.b64encode(login.encode()).decode(), **more}
    path.write_text(json.dumps({"auths": {key: entry}}))
    return path


def closed(start_registry: StartRegistry, model: Path, *more: str) -> tuple[FakeRegistry, str]:
    registry = start_registry("--tokens", "--login", LOGIN, *more)
    return registry, registry.put("team/private", "v1", modelpack(model))


def test_a_token_for_everybody_is_asked_for_once(
    tmp_path: Path, start_registry: StartRegistry, model: Path
) -> None:
    registry = start_registry("--tokens")
    fetched = Fetch(tmp_path / "into")(registry.put("acme/open", "v1", modelpack(model)))
    assert files_of(fetched.folder) == files_of(model)
    assert registry.requests().count("GET /token") == 1


@pytest.mark.parametrize(
    ("file", "variable"),
    [
        ("auth.json", "REGISTRY_AUTH_FILE"),
        ("run/containers/auth.json", "XDG_RUNTIME_DIR"),
        ("docker/config.json", "DOCKER_CONFIG"),
        ("home/.docker/config.json", "HOME"),
        ("home/.config/containers/auth.json", "HOME"),
    ],
)
@pytest.mark.parametrize("key", ["{}", "{}/team", "https://{}"])
def test_where_logins_are_saved(
    tmp_path: Path, start_registry: StartRegistry, model: Path, file: str, variable: str, key: str
) -> None:
    registry, ref = closed(start_registry, model)
    path = saved(tmp_path / file, key.format(registry.address))
    value = path if variable == "REGISTRY_AUTH_FILE" else tmp_path / file.split("/")[0]
    fetched = Fetch(tmp_path / "into", {variable: str(value)})(ref)
    assert files_of(fetched.folder) == files_of(model)


def test_no_login(tmp_path: Path, start_registry: StartRegistry, model: Path) -> None:
    registry, ref = closed(start_registry, model)
    broken = tmp_path / ".docker/config.json"
    broken.parent.mkdir()
    broken.write_text("{")
    with pytest.raises(AccessDenied, match=f"no credentials for {registry.address} are saved") as caught:
        Fetch(tmp_path / "into", {"HOME": str(tmp_path)})(ref)
    assert f"{broken} is not a file of saved logins" in caught.value.message
    assert caught.value.hint.startswith(f"docker login {registry.address}")


def test_a_bad_login(tmp_path: Path, start_registry: StartRegistry, model: Path) -> None:
    registry, ref = closed(start_registry, model)
    path = saved(tmp_path / "auth.json", registry.address, f"{USER}:mistyped")
    with pytest.raises(AccessDenied, match=f"does not accept the credentials in {path}") as caught:
        Fetch(tmp_path / "into", {"REGISTRY_AUTH_FILE": str(path)})(ref)
    assert "mistyped" not in caught.value.message


def test_a_login_that_is_good_for_something_else(
    tmp_path: Path, start_registry: StartRegistry, model: Path
) -> None:
    registry = start_registry("--status", "403")
    path = saved(tmp_path / "auth.json", registry.address)
    with pytest.raises(AccessDenied, match=f"the credentials in {path} may not read {registry.address}/a/b"):
        Fetch(tmp_path / "into", {"REGISTRY_AUTH_FILE": str(path)})(f"oci://{registry.address}/a/b:v1")


def test_an_identity_token(tmp_path: Path, start_registry: StartRegistry, model: Path) -> None:
    registry, ref = closed(start_registry, model, "--identity", "refresh-me")
    path = saved(tmp_path / "auth.json", registry.address, "0:", identitytoken="refresh-me")
    fetched = Fetch(tmp_path / "into", {"REGISTRY_AUTH_FILE": str(path)})(ref)
    assert files_of(fetched.folder) == files_of(model)
    assert "POST /token refresh_token" in registry.requests()


def test_a_token_that_expires_during_the_transfer(
    tmp_path: Path, start_registry: StartRegistry, model: Path
) -> None:
    registry, ref = closed(start_registry, model, "--token-uses", "4")
    path = saved(tmp_path / "auth.json", registry.address)
    fetched = Fetch(tmp_path / "into", {"REGISTRY_AUTH_FILE": str(path)})(ref)
    assert files_of(fetched.folder) == files_of(model)
    assert registry.requests().count("GET /token") > 1


@pytest.mark.parametrize("uses", ["0", "1"])
def test_tokens_that_open_nothing_are_not_asked_for_again_and_again(
    tmp_path: Path, start_registry: StartRegistry, model: Path, uses: str
) -> None:
    registry, ref = closed(start_registry, model, "--token-uses", uses)
    path = saved(tmp_path / "auth.json", registry.address)
    with pytest.raises(AccessDenied, match="may not read"):
        Fetch(tmp_path / "into", {"REGISTRY_AUTH_FILE": str(path)})(ref)
    assert registry.requests().count("GET /token") <= 4


@pytest.mark.parametrize("realm", ["http://tokens.example/token", "not a URL"])
def test_tokens_that_anybody_could_read(
    tmp_path: Path, start_registry: StartRegistry, model: Path, realm: str
) -> None:
    _, ref = closed(start_registry, model, "--realm", realm)
    with pytest.raises(SourceUnreachable, match=f"its tokens are at '{realm}', which is not https"):
        Fetch(tmp_path / "into")(ref)


def helper(folder: Path, name: str, body: str) -> Mapping[str, str]:
    """Write a credential helper and a configuration that names it; return the environment of both."""
    script = folder / "bin" / f"docker-credential-{name}"
    script.parent.mkdir()
    script.write_text(f"#!/bin/sh\n{body}\n")
    script.chmod(0o755)
    (folder / "config.json").write_text(json.dumps({"credsStore": name}))
    return {"DOCKER_CONFIG": str(folder), "PATH": f"{script.parent}:/usr/bin:/bin"}


def test_a_credential_helper(tmp_path: Path, start_registry: StartRegistry, model: Path) -> None:
    registry, ref = closed(start_registry, model)
    answer = json.dumps({"ServerURL": registry.address, "Username": USER, "Secret": PASSWORD})
    body = f'read asked; [ "$1 $asked" = "get {registry.address}" ] && echo \'{answer}\''
    environment = helper(tmp_path, "tests", body)
    assert files_of(Fetch(tmp_path / "into", environment)(ref).folder) == files_of(model)


@pytest.mark.parametrize(
    ("body", "trouble"),
    [("exit 1", None), ("echo nonsense", "is not a file of saved logins"), ("kill -9 $$", None)],
)
def test_a_credential_helper_that_gives_none(tmp_path: Path, body: str, trouble: str | None) -> None:
    found = find(Repository("registry.example", "a/b"), helper(tmp_path, "tests", body))
    assert found.credentials is None
    assert [each.partition(" ")[2] for each in found.trouble] == ([trouble] if trouble else [])


def test_a_credential_helper_that_is_not_installed(
    tmp_path: Path, start_registry: StartRegistry, model: Path
) -> None:
    _, ref = closed(start_registry, model)
    environment = {**helper(tmp_path, "tests", "exit 0"), "PATH": str(tmp_path)}
    with pytest.raises(AccessDenied, match="docker-credential-tests, which it names, is not installed"):
        Fetch(tmp_path / "into", environment)(ref)


def test_passwords_are_not_shown() -> None:
    assert PASSWORD not in repr(Credentials(USER, PASSWORD, "file", "identity"))
    assert "identity" not in repr(Credentials(USER, PASSWORD, "file", "identity"))


@pytest.mark.parametrize("key", ["docker.io", "https://index.docker.io/v1/", "docker.io/library"])
def test_the_names_of_docker_hub(tmp_path: Path, key: str) -> None:
    path = saved(tmp_path / "auth.json", key)
    found = find(Repository("docker.io", "library/tiny"), {"REGISTRY_AUTH_FILE": str(path)}).credentials
    assert found == Credentials(USER, PASSWORD, str(path))


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerRegistry]:
    with docker_registry(tmp_path_factory.mktemp("guarded"), login=True) as running:
        yield running


@pytest.mark.servers
def test_what_skopeo_login_saves_opens_dockers_registry(
    tmp_path: Path, guarded: DockerRegistry, model: Path
) -> None:
    ref, path = guarded.push("acme/guarded", "v1", modelpack(model)), tmp_path / "auth.json"
    with pytest.raises(AccessDenied, match="needs a login"):
        Fetch(tmp_path / "into")(ref)
    login = ["login", "--authfile", path, "--tls-verify=false", "-u", USER, "--password-stdin"]
    subprocess.run(
        [program("skopeo"), *login, guarded.address],
        input=PASSWORD,
        text=True,
        check=True,
        capture_output=True,
    )
    fetched = Fetch(tmp_path / "into", {"REGISTRY_AUTH_FILE": str(path)})(ref)
    assert files_of(fetched.folder) == files_of(model)


@pytest.mark.servers
def test_dockers_registry_refuses_a_bad_password(
    tmp_path: Path, guarded: DockerRegistry, model: Path
) -> None:
    ref = guarded.push("acme/guarded", "v1", modelpack(model))
    path = saved(tmp_path / "auth.json", guarded.address, f"{USER}:mistyped")
    with pytest.raises(AccessDenied, match="does not accept the credentials"):
        Fetch(tmp_path / "into", {"REGISTRY_AUTH_FILE": str(path)})(ref)
