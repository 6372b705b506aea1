"""Damage a written tree, at random but again and again the same."""

from __future__ import annotations

import os
import random
import re
import shutil
from collections.abc import Callable
from pathlib import Path

Damage = Callable[[random.Random, bytes], bytes]
# How many of the damages are to folders and links.
_OTHERS = 0.2
# PCI addresses, and other numbers in names.
_NUMBERS = re.compile(r"[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]|\d+")


def _truncate(chance: random.Random, content: bytes) -> bytes:
    return content[: chance.randrange(len(content) + 1)]


def _garble(chance: random.Random, content: bytes) -> bytes:
    garbled = bytearray(content)
    for _ in range(1 + len(garbled) // 20):
        if garbled:
            garbled[chance.randrange(len(garbled))] = chance.randrange(256)
    return bytes(garbled)


def _empty(_: random.Random, __: bytes) -> bytes:
    return b""


def _line(change: Callable[[random.Random, bytes], bytes]) -> Damage:
    """Change one line."""

    def on_one(chance: random.Random, content: bytes) -> bytes:
        lines = content.splitlines(keepends=True) or [b"\n"]
        index = chance.randrange(len(lines))
        lines[index] = change(chance, lines[index])
        return b"".join(lines)

    return on_one


def _number(*instead: bytes) -> Damage:
    """Put something else in the place of one number, of the last one where a line has several."""

    def replaced(chance: random.Random, line: bytes) -> bytes:
        return re.sub(rb"[0-9a-f]*\d[0-9a-f]*(?=\D*$)", lambda _: chance.choice(instead), line, count=1)

    return _line(replaced)


DAMAGES: dict[str, Damage] = {
    "truncated": _truncate,
    "garbled": _garble,
    "emptied": _empty,
    "one line twice": _line(lambda _, line: line + line),
    "one line gone": _line(lambda _, __: b""),
    "one line without its value": _line(lambda _, line: line.split(b" ")[0] + b"\n"),
    "a huge number": _number(b"18446744073709551615", b"18446744073709551616", b"9" * 40, b"1" + b"0" * 5000),
    "a negative number": _number(b"-1", b"-9223372036854775808"),
    "zero": _number(b"0"),
    "no number": _number(b"", b"N/A", b"0x", b"1e9", b"nan", b"1_000", "²".encode(), "٣".encode()),
    "not UTF-8": _line(lambda _, line: b"\xff\xfe" + line),
    "NUL bytes": _line(lambda _, line: line.rstrip(b"\n") + b"\0\0\n"),
    "CRLF": lambda _, content: content.replace(b"\n", b"\r\n"),
    "no newline at the end": lambda _, content: content.rstrip(b"\n"),
    "much": lambda _, content: (content or b"x")[:10_000] * 100,
}


def damage(root: Path, chance: random.Random, times: int, within: tuple[str, ...] = ("",)) -> tuple[str, ...]:
    """Do up to that many damages below `root`, fewer only where nothing is left, and say which.

    `within` has the beginnings of the paths that may be damaged, as os.walk finds them: KFD is in
    sys/devices/virtual/kfd, a board in sys/bus/pci/devices. First a kind of path is chosen, then one of
    that kind, so that the few files that matter are hit as often as the many that do not. No link is
    followed: what it leads to may be no part of the tree.
    """
    files, others = _paths(root, within)
    done: list[str] = []
    while (files or others) and len(done) < times:
        # A folder takes much along, and leaves little to get wrong.
        kinds = others if others and (not files or chance.random() < _OTHERS) else files
        kind = chance.choice(sorted(kinds))
        path = chance.choice(kinds[kind])
        if os.path.lexists(root / path):
            done.append(f"{path}: {_do(root / path, chance)}")
        else:  # it went with a folder
            kinds[kind].remove(path)
            if not kinds[kind]:
                del kinds[kind]
    return tuple(done)


def _do(path: Path, chance: random.Random) -> str:
    if path.is_symlink() or path.is_dir():
        how = chance.choice(("deleted", "a link to itself", "an empty file"))
    else:
        how = chance.choice(("deleted", "a link to itself", "a folder", *DAMAGES))
    if how in DAMAGES:
        content = DAMAGES[how](chance, path.read_bytes())
        path.write_bytes(content)
        return how
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
    if how == "a link to itself":
        path.symlink_to(path.name)
    elif how == "a folder":
        path.mkdir()
    elif how == "an empty file":
        path.touch()
    return how


def _paths(root: Path, within: tuple[str, ...]) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """The files below `root`, and its folders and links, by the last names of their paths."""
    files: dict[str, list[str]] = {}
    others: dict[str, list[str]] = {}
    for folder, folder_names, file_names in os.walk(root):
        below = os.path.relpath(folder, root)
        for name in folder_names + file_names:
            path = name if below == "." else f"{below}/{name}"
            if path.startswith(within):
                kinds = others if name in folder_names or (root / path).is_symlink() else files
                kinds.setdefault(_NUMBERS.sub("#", "/".join(path.split("/")[-3:])), []).append(path)
    for kinds in (files, others):
        for paths in kinds.values():
            paths.sort()
    return files, others
