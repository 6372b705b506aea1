"""Units read back, as podman's generator and systemd do: sections, keys that there are, words.

The keys are those of podman 4.9, the oldest that a distribution with long support has with quadlets:
https://docs.podman.io/en/v4.9.3/markdown/podman-systemd.unit.5.html . The right-hand side is the flag of
`podman run` that the generator makes of a key, by the table on that page.
"""

from __future__ import annotations

from collections.abc import Iterator

CONTAINER = {
    "AddDevice": "--device",
    "ContainerName": "--name",
    "DropCapability": "--cap-drop",
    "Environment": "--env",
    "Exec": "",
    "HealthCmd": "--health-cmd",
    "HealthInterval": "--health-interval",
    "HealthOnFailure": "--health-on-failure",
    "HealthRetries": "--health-retries",
    "HealthStartPeriod": "--health-start-period",
    "HealthTimeout": "--health-timeout",
    "Image": "",
    "NoNewPrivileges": "--security-opt=no-new-privileges",
    "PidsLimit": "--pids-limit",
    "PodmanArgs": "",
    "PublishPort": "--publish",
    "ReadOnly": "--read-only",
    "Secret": "--secret",
    "ShmSize": "--shm-size",
    "Tmpfs": "--tmpfs",
    "UserNS": "--userns",
    "Volume": "--volume",
}
# Of the others, what may be in a unit of ours: systemd.unit(5), systemd.service(5).
KEYS = {
    "Unit": {"Description", "Wants", "After", "StartLimitIntervalSec"},
    "Container": CONTAINER.keys(),
    "Volume": {"VolumeName"},
    "Service": {"Restart", "RestartSec", "RestartPreventExitStatus", "TimeoutStartSec", "TimeoutStopSec"},
    "Install": {"WantedBy"},
}
# These have their words taken apart; the others are taken as they stand.
_WORDS = ("Environment", "Exec", "PodmanArgs", "Volume")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", '"': '"'}

Unit = dict[str, list[tuple[str, str]]]


def read(text: str) -> Unit:
    """The sections of a unit, each a list of keys and values."""
    found: Unit = {}
    section = ""
    for line in text.splitlines():
        if not line or line.startswith(("#", ";")):
            continue
        if line.startswith("["):
            section = line.removeprefix("[").removesuffix("]")
            assert section in KEYS.keys() - found.keys(), line
            found[section] = []
            continue
        key, _, value = line.partition("=")
        assert key in KEYS[section], f"[{section}] has no {key}"
        assert value, line
        assert not value.endswith("\\"), line
        found[section].append((key, value))
    return found


def words(text: str) -> Iterator[str]:
    """The words of a value, as systemd takes them apart and expands them."""
    word, quoted, inside, letters = "", False, False, iter(text)
    for letter in letters:
        if letter == '"':
            quoted, inside = not quoted, True
        elif letter == "\\":
            word += _ESCAPES[next(letters)]
        elif letter in "%$":
            assert next(letters) == letter, f"{text} is expanded at {letter}"
            word += letter
        elif letter == " " and not quoted:
            if word or inside:
                yield word
            word, inside = "", False
        else:
            assert letter != "'" or quoted, text
            word += letter
    assert not quoted, text
    if word or inside:
        yield word


def podman_run(unit: Unit) -> list[str]:
    """The words after `podman run` that the generator makes of a container's unit."""
    flags, tail = [], {"Image": [], "Exec": []}
    for key, value in unit["Container"]:
        found = list(words(value)) if key in _WORDS else [value]
        if key in tail:
            tail[key] = found
        elif key == "PodmanArgs":
            flags += found
        elif key in ("ReadOnly", "NoNewPrivileges"):
            assert value == "true"
            flags.append(CONTAINER[key])
        else:
            flags += [part for each in found for part in (CONTAINER[key], each)]
    return [*flags, *tail["Image"], *tail["Exec"]]
