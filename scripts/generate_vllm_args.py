"""Write what the installed vLLM accepts to `src/aim_runtime/engines/vllm_args/<version>.json`.

Run it with a Python that has vLLM. With `--check` nothing is written, and the exit code is 1 when the
committed file differs. The file holds names and choices only: no defaults, because some depend on the
machine.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent / "src/aim_runtime/engines/vllm_args"

# Choices that the engine extends with the device of the machine it runs on (vllm/engine/arg_utils.py).
_CHOICES_OF_THE_MACHINE = {"mm-processor-device"}

# vLLM's converters of numbers; a size may be written 8k or 8K, a length also `auto`.
_NUMBERS = {
    "int": "int",
    "float": "float",
    "human_readable_int": "size",
    "human_readable_int_or_auto": "length",
}


def canonical_name(action: argparse.Action) -> str | None:
    """The first long spelling without dashes, or None for a positional argument."""
    return next((o[2:] for o in action.option_strings if o.startswith("--")), None)


def accepts_json(convert: object) -> bool:
    """Whether an argparse `type` parses JSON. vLLM wraps its converters in closures, so look inside them."""
    if not callable(convert):
        return False
    name = getattr(convert, "__qualname__", "")
    if convert is json.loads or name == "union_dict_and_str" or name.endswith("parse_dataclass"):
        return True
    return any(accepts_json(cell.cell_contents) for cell in getattr(convert, "__closure__", None) or ())


def accepts_text_too(convert: object) -> bool:
    """Whether a JSON option also takes a plain string, as `--pt-load-map-location cpu` does."""
    return getattr(convert, "__qualname__", "") == "union_dict_and_str"


def number_type(convert: object) -> str | None:
    """Which numbers an argparse `type` converts, also one that vLLM wraps so that it takes `None` too."""
    name = getattr(convert, "__name__", "")
    if name in _NUMBERS or not is_optional(convert):
        return _NUMBERS.get(name)
    cells = getattr(convert, "__closure__", None) or ()
    return next((found for cell in cells if (found := number_type(cell.cell_contents))), None)


def is_optional(convert: object) -> bool:
    """Whether a converter also takes the words for nothing: an empty text and `None`."""
    return getattr(convert, "__name__", "") == "_optional_type"


def kind(action: argparse.Action) -> str:
    """How the option is spelled: `--key`, `--[no-]key`, `--key value`, `--key a b`, `--key '<json>'`."""
    if isinstance(action, argparse.BooleanOptionalAction):
        return "boolean"
    if action.nargs == 0:
        return "flag"
    if accepts_json(action.type):
        return "json"
    if action.nargs in ("+", "*") or isinstance(action, argparse._AppendAction):
        return "list"
    return "value"


def option(action: argparse.Action, deprecated: bool) -> dict[str, Any]:
    """One option as data; keys that say nothing are left out."""
    name = canonical_name(action)
    aliases = [o for o in action.option_strings if o not in (f"--{name}", f"--no-{name}")]
    entry: dict[str, Any] = {"kind": kind(action)}
    if action.nargs:
        entry["nargs"] = action.nargs
    if isinstance(action, argparse._AppendAction):
        entry["repeat"] = True
    if number := number_type(action.type):
        entry["type"] = number
    if is_optional(action.type) and (number or entry["kind"] == "json"):
        entry["none"] = True
    if accepts_text_too(action.type):
        entry["text"] = True
    if action.choices and name not in _CHOICES_OF_THE_MACHINE:
        entry["choices"] = sorted(choice for choice in action.choices if choice is not None)
    if aliases:
        entry["aliases"] = sorted(aliases)
    if deprecated:
        entry["deprecated"] = True
    return entry


def describe() -> dict[str, Any]:
    """Everything the installed vLLM accepts, from its own parser and registries."""
    import vllm
    from vllm import envs
    from vllm.entrypoints.launchers.cli_args import make_arg_parser
    from vllm.reasoning import ReasoningParserManager
    from vllm.tool_parsers import ToolParserManager
    from vllm.utils.argparse_utils import FlexibleArgumentParser

    parser = make_arg_parser(FlexibleArgumentParser())

    def is_deprecated(action: argparse.Action) -> bool:
        # Marked for argparse (its own attribute from Python 3.13 on), or only said in words.
        marked = action in parser._deprecated or bool(getattr(action, "deprecated", False))
        return marked or bool(re.search(rf"--{canonical_name(action)} is deprecated", action.help or ""))

    return {
        "engine": "vllm",
        "version": re.sub(r"\+.*", "", vllm.__version__),
        "options": {
            name: option(action, is_deprecated(action))
            for action in parser._actions
            if (name := canonical_name(action)) and name != "help"
        },
        "tool_parsers": sorted(ToolParserManager.list_registered()),
        "reasoning_parsers": sorted(ReasoningParserManager.list_registered()),
        "env_vars": sorted(name for name in envs.environment_variables if name.startswith("VLLM_")),
    }


def render(description: dict[str, Any]) -> str:
    """JSON with one option or name a line, sorted, so that `diff` shows what changed between versions."""

    def lines(entries: list[str]) -> str:
        return ",\n".join(f"    {entry}" for entry in entries)

    parts = []
    for key, value in description.items():
        if isinstance(value, dict):
            body = lines([f"{json.dumps(name)}: {json.dumps(value[name])}" for name in sorted(value)])
            parts.append(f'  "{key}": {{\n{body}\n  }}')
        elif isinstance(value, list):
            parts.append(f'  "{key}": [\n{lines([json.dumps(name) for name in value])}\n  ]')
        else:
            parts.append(f'  "{key}": {json.dumps(value)}')
    return "{\n" + ",\n".join(parts) + "\n}\n"


def main(arguments: list[str], folder: Path = FOLDER, look: Callable[[], dict[str, Any]] = describe) -> int:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--check", action="store_true", help="write nothing; exit 1 when the file is stale")
    check = options.parse_args(arguments).check

    description = look()
    path = folder / f"{description['version']}.json"
    text = render(description)
    if path.is_file() and path.read_text() == text:
        print(f"{path.name}: current, {len(description['options'])} options")
        return 0
    if check:
        state = "differs from what the installed vLLM accepts" if path.is_file() else "is missing"
        print(f"{path} {state}. Write it with: make generate", file=sys.stderr)
        return 1
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    print(f"{path.name}: written, {len(description['options'])} options")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
