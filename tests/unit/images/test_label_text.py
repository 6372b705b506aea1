"""Labels in each format, read back by the rules of those that read it."""

from __future__ import annotations

import json
import shlex
import subprocess

from aim_runtime.images.label_text import as_arguments, as_dockerfile, as_env, as_json

LABELS = {
    "plain": "text",
    "json": '[{"a":"b c","n":1}]',
    "odd": r'a "quoted" \ and $HOME ${X} `date` = ; # \n it' + "\N{RIGHT SINGLE QUOTATION MARK}s",
}


def dockerfile_labels(instruction: str) -> dict[str, str]:
    """As Docker's own parser reads LABEL: lines are joined, `\\` protects `"`, `$` and itself between quotes.

    https://github.com/moby/buildkit (frontend/dockerfile/shell/lex.go)
    """
    text = instruction.removeprefix("LABEL ").replace("\\\n", "")
    found, place = {}, 0
    while place < len(text):
        place += len(text[place:]) - len(text[place:].lstrip(" "))
        name, _, _ = text[place:].partition('="')
        place += len(name) + 2
        value = ""
        while text[place] != '"':
            assert text[place] != "$", "a variable would be put in here"
            if text[place] == "\\" and text[place + 1] in '"$\\':
                place += 1
            value += text[place]
            place += 1
        found[name] = value
        place += 1
    return found


def test_a_label_instruction() -> None:
    text = as_dockerfile(LABELS)
    assert text.startswith('LABEL plain="text" \\\n      json=')
    assert dockerfile_labels(text) == LABELS


def test_arguments_for_a_shell() -> None:
    words = shlex.split(as_arguments(LABELS))
    assert words[::2] == ["--label"] * len(LABELS)
    assert dict(word.split("=", 1) for word in words[1::2]) == LABELS


def test_arguments_for_xargs() -> None:
    done = subprocess.run(
        ["xargs", "printf", r"%s\0"], input=as_arguments(LABELS), capture_output=True, text=True, check=True
    )
    words = done.stdout.split("\0")[:-1]
    assert dict(word.split("=", 1) for word in words[1::2]) == LABELS


def test_lines_and_an_object() -> None:
    assert dict(line.split("=", 1) for line in as_env(LABELS).splitlines()) == LABELS
    assert json.loads(as_json(LABELS)) == LABELS
