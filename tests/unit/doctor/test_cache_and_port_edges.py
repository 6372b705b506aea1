"""Whose the cache is, and which ports there are."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from aim_runtime.doctor import engine, storage
from aim_runtime.doctor.finding import Finding, Severity
from tiny_model import write_tiny_model
from unit.doctor.children import NAMELESS, as_nameless
from unit.doctor.examine import by_code, patient

Tree = Callable[[str], Path]


def nameless(root: Path, cache: Path) -> Finding:
    """What a user who is in no list finds."""
    given = patient(root, {"AIM_CACHE_PATH": str(cache)})
    (finding,) = as_nameless(lambda: tuple(storage.cache(given)))
    return finding


def test_another_users_cache_is_mended_for_this_user(tree: Tree, place: Path) -> None:
    place.chmod(0o755)
    cache = place / "models"
    cache.mkdir()
    cache.chmod(0o755)
    finding = nameless(tree("no GPU"), cache)
    assert (finding.code, finding.severity) == ("cache.not_writable", Severity.ERROR)
    assert finding.seen == (
        f"{cache} cannot be written by uid {NAMELESS} (Permission denied): "
        "it belongs to uid 0, gid 0, mode 0755"
    )
    chown, docker, pod, elsewhere = finding.fix
    assert chown == f"sudo chown -R {NAMELESS}:{NAMELESS} {cache}   # on the host"
    assert docker == f"docker run -v FOLDER:{cache} …   # a folder of uid {NAMELESS}"
    assert yaml.safe_load(pod) == {"securityContext": {"fsGroup": NAMELESS}}
    assert elsewhere.startswith("AIM_CACHE_PATH=FOLDER ")


def test_a_cache_that_is_to_be_made_leaves_what_is_above_it_to_others(tree: Tree, place: Path) -> None:
    place.chmod(0o755)
    cache = place / "models" / "deep"
    finding = nameless(tree("no GPU"), cache)
    assert finding.seen.startswith(f"{cache} cannot be made: {place} cannot be written by uid {NAMELESS} ")
    assert finding.fix[:2] == (
        f"sudo mkdir -p {cache} && sudo chown {NAMELESS}:{NAMELESS} {cache}   # on the host",
        f"docker run -v FOLDER:{cache} …   # a folder of uid {NAMELESS}",
    )
    assert list(place.iterdir()) == []


def test_a_cache_of_this_users_group(tree: Tree, place: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    place.chmod(0o755)
    cache = place / "models"
    cache.mkdir()
    cache.chmod(0o775)
    os.chown(cache, 0, NAMELESS)
    assert nameless(tree("no GPU"), cache).severity is Severity.OK


def test_a_file_in_the_place_of_the_cache(tree: Tree, tmp_path: Path) -> None:
    file = tmp_path / "models"
    file.touch()
    found = by_code(tree("no GPU"), storage.cache, AIM_CACHE_PATH=str(file))
    assert found["cache.not_writable"].severity is Severity.ERROR
    assert "Not a directory" in found["cache.not_writable"].seen


def test_the_last_port_has_none_after_it(tree: Tree) -> None:
    try:
        server = socket.create_server(("127.0.0.1", 65535))
    except OSError:
        pytest.skip("another program has port 65535")
    with server:
        found = by_code(tree("no GPU"), engine.port, AIM_PORT="65535")
    assert found["engine.port"].fix[0].startswith("AIM_PORT=8000 ")


def test_a_port_that_is_not_for_this_user(tree: Tree) -> None:
    if int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text()) <= 80:
        pytest.skip("every user may listen on port 80 here")
    given = patient(tree("no GPU"), {"AIM_PORT": "80"})
    (finding,) = as_nameless(lambda: tuple(engine.port(given)))
    assert (finding.code, finding.severity) == ("engine.port", Severity.ERROR)
    assert finding.seen == "port 80 is not for this user"
    assert finding.fix[0].startswith("AIM_PORT=8000 ")
    assert finding.fix[1].startswith("docker run --sysctl net.ipv4.ip_unprivileged_port_start=0 ")
    (sysctl,) = yaml.safe_load(finding.fix[2])["securityContext"]["sysctls"]
    assert sysctl == {"name": "net.ipv4.ip_unprivileged_port_start", "value": "0"}
    assert not any(line.startswith(("kill", "sudo ss")) for line in finding.fix), "there is none to stop"


def at_folder(tree: Tree, folder: Path) -> Finding:
    env = {"AIM_MODEL_ID": f"file://{folder}", "AIM_CACHE_PATH": str(folder.parent)}
    (finding,) = by_code(tree("no GPU"), storage.cache, **env).values()
    return finding


def test_a_folder_of_the_users_that_is_not_there(tree: Tree, tmp_path: Path) -> None:
    finding = at_folder(tree, tmp_path / "org/none")
    assert (finding.code, finding.severity) == ("model.not_found", Severity.ERROR)
    assert finding.seen.startswith(f"{tmp_path}/org/none is not a folder")
    assert finding.fix[0].startswith(f"docker run -v FOLDER:{tmp_path}/org/none:ro ")
    (mount,) = yaml.safe_load(finding.fix[1])["volumeMounts"]
    assert mount["mountPath"] == f"{tmp_path}/org/none"


def test_a_folder_of_the_users_that_is_not_whole(tree: Tree, tmp_path: Path) -> None:
    folder = write_tiny_model(tmp_path / "org/m")
    assert at_folder(tree, folder).severity is Severity.OK
    os.truncate(folder / "model.safetensors", 10)
    finding = at_folder(tree, folder)
    assert (finding.code, finding.severity) == ("model.verification_failed", Severity.ERROR)
