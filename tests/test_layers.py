"""Who may import whom, and what may be called where: DESIGN's rules, checked on the syntax tree."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

PACKAGE = "aim_runtime"
SOURCE = Path(__file__).parents[1] / "src" / PACKAGE

# The layers from the ground up: a module may import what is below it, and its own group.
BASE = frozenset({"vocabulary", "errors", "variables", "redact", "given", "version", "slo"})
VALUES = frozenset(
    {
        *(
            "hardware.accelerator",
            "hardware.device",
            "hardware.instinct",
            "hardware.found",
            "hardware.visibility",
            "profiles.profile",
            "profiles.selection",
            "profiles.aim",
        ),
        *(
            "profiles.demand",
            "profiles.fit",
            "profiles.kv_cache",
            "profiles.faults",
            "profiles.service_level",
        ),
        *("models.ref", "models.location", "models.events", "models.architecture", "models.stored"),
        "models.storage",
        "models.adapter",
        "models.status",
        *("engines.adapting", "engines.certificate"),
        *("engines.launch", "engines.endpoint", "engines.failure", "engines.load", "engines.output_line"),
        *("settings", "parse", "secret_arguments", "nodes"),
    }
)
ROOMS = ("hardware", "profiles", "models", "engines", "serving")
VERBS = (
    "site",
    "weights",
    "plan",
    "choice",
    "summary",
    "obtain",
    "overlap",
    "chances",
    "record",
    "serve",
)  # each may use those before
# Each may use those before, as `bench` uses a `service`, and `tune` measures by `bench`.
TOOLS = ("authoring", "doctor", "service", "bench", "validate", "evaluate", "tune", "images", "deploy")

# The stand-alone script that the engine's own Python runs.
SCRIPT = "models.gguf_to_safetensors"
# The stand-alone script that starts the engine: what it forks must end, not come back.
KEEPER = "engines.keeper"
# Third-party libraries that cost much or may be absent: the module that may import each, inside a function.
HOMES: dict[str, tuple[str, ...]] = {
    "huggingface_hub": (
        "models.sources.huggingface",
        "models.sources.huggingface_errors",
        "models.sources.huggingface_xet",
    ),
    "torch": (SCRIPT,),
    "transformers": (SCRIPT,),
    "gguf": (SCRIPT,),
    "amdsmi": ("hardware.amdsmi",),
    "pynvml": ("hardware.nvml",),
    "vl_convert": ("bench.report.picture",),
    "boto3": (),
    "botocore": tuple(f"models.sources.s3_{part}" for part in ("client", "digests", "errors", "signing")),
    "awscrt": ("models.transfer.digests",),
    "optuna": ("tune.sampler",),
    "obstore": (
        "models.sources.cloud",
        "models.sources.cloud_connection",
        "models.sources.cloud_errors",
    ),
}
ONLY_CLI_IMPORTS = ("click", "rich")
ONLY_CLI_CALLS = ("print", "exit", "quit", "sys.exit", "os._exit")
ONLY_CLI_ENVIRONMENT = ("os.environ", "os.environb", "os.getenv", "os.putenv")


@dataclass(frozen=True)
class Import:
    """One imported dotted name; `lazy` when a function does it."""

    name: str
    line: int
    lazy: bool


def group_of(module: str) -> tuple[int, str]:
    """The layer of a module (dotted, below the package) and its group; "" is the package itself."""
    top = module.partition(".")[0]
    if module in BASE:
        return 0, "base"
    if module in VALUES:
        return 1, "values"
    if top in ROOMS:
        return 2, top
    if top in VERBS:
        return 3 + VERBS.index(top), top
    if top in TOOLS:
        return 3 + len(VERBS) + TOOLS.index(top), top
    if module == "":
        return 3 + len(VERBS) + len(TOOLS), "package"
    if top in ("cli", "__main__"):
        return 4 + len(VERBS) + len(TOOLS), "cli"
    raise LookupError(f"{module} has no place in the layers: give it one in {Path(__file__).name}")


def is_cli(module: str) -> bool:
    return module.partition(".")[0] in ("cli", "__main__")


def imports(tree: ast.AST) -> Iterator[Import]:
    """Yield what a module imports at run time; what only the type checker sees is left out."""

    def walk(node: ast.AST, lazy: bool) -> Iterator[Import]:
        if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            for child in node.orelse:
                yield from walk(child, lazy)
            return
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, node.lineno, lazy) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from (Import(f"{module}.{alias.name}", node.lineno, lazy) for alias in node.names)
        inside = lazy or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for child in ast.iter_child_nodes(node):
            yield from walk(child, inside)

    yield from walk(tree, False)


def violations(module: str, source: str, modules: frozenset[str]) -> list[str]:
    """Every rule that the source of `module` breaks; `modules` are the names of all of the package's."""
    group_of(module)
    tree = ast.parse(source)
    found = [
        f"{module}:{each.line}: {why}"
        for each in imports(tree)
        for why in _against_import(module, each, modules)
    ]
    found += [f"{module}:{line}: {why}" for line, why in _against_code(module, tree)]
    return found


def _against_import(module: str, each: Import, modules: frozenset[str]) -> Iterator[str]:
    top, _, rest = each.name.partition(".")
    if each.name.startswith("."):
        yield f"relative import {each.name}"
    elif top == PACKAGE:
        while rest not in modules:  # `from module import name`: the name is not a module
            rest = rest.rpartition(".")[0]
        (ours, our_group), (theirs, their_group) = group_of(module), group_of(rest)
        if theirs > ours or (theirs == ours and their_group != our_group):
            yield f"{our_group} may not import {rest or PACKAGE} ({their_group})"
    elif top in ONLY_CLI_IMPORTS and not is_cli(module):
        yield f"{top} outside cli"
    elif top in HOMES:
        if module not in HOMES[top]:
            yield f"{top} is not imported here"
        elif not each.lazy and module != SCRIPT:
            yield f"{top} must be imported inside a function"
    elif each.name in (*ONLY_CLI_CALLS, *ONLY_CLI_ENVIRONMENT) and not is_cli(module):
        yield f"{each.name} outside cli"


def _against_code(module: str, tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler):
            caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            names = {"" if each is None else ast.unparse(each) for each in caught}
            if names & {"", "Exception", "BaseException"}:
                yield node.lineno, "catches everything"
        if is_cli(module):
            continue
        if isinstance(node, ast.Attribute) and ast.unparse(node) in ONLY_CLI_ENVIRONMENT:
            yield node.lineno, f"{ast.unparse(node)} outside cli"
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ONLY_CLI_CALLS:
            called = ast.unparse(node.func)
            if (module, called) not in ((SCRIPT, "print"), (KEEPER, "os._exit")):
                yield node.lineno, f"{called}() outside cli"
        if isinstance(node, ast.Raise) and node.exc and ast.unparse(node.exc).startswith("SystemExit"):
            yield node.lineno, "SystemExit outside cli"


def package_modules() -> dict[str, Path]:
    """Every module of the package: dotted name below it, "" for the package itself."""
    found = {}
    for path in sorted(SOURCE.rglob("*.py")):
        parts = path.relative_to(SOURCE).with_suffix("").parts
        found[".".join(part for part in parts if part != "__init__")] = path
    return found


MODULES = package_modules()


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module or PACKAGE)
def test_module_keeps_the_rules(module: str) -> None:
    broken = violations(module, MODULES[module].read_text(encoding="utf-8"), frozenset(MODULES))
    assert not broken, "\n".join(broken)


BROKEN = [
    ("vocabulary", "import aim_runtime.settings", "may not import settings"),
    ("settings", "from aim_runtime.profiles.catalog import load_catalog", "may not import profiles.catalog"),
    ("profiles.select", "from aim_runtime.hardware import detect", "may not import hardware (hardware)"),
    ("profiles.select", "from aim_runtime.hardware import kfd", "may not import hardware.kfd"),
    (
        "engines.vllm",
        "def f():\n    from aim_runtime.models.fetch import fetch",
        "may not import models.fetch",
    ),
    ("models.cache", "from aim_runtime.plan import Plan", "may not import plan"),
    ("site", "from aim_runtime.plan import Plan", "may not import plan"),
    ("plan", "from aim_runtime.serve import serve", "may not import serve"),
    ("serve", "from aim_runtime.cli import output", "may not import cli.output"),
    ("plan", "from aim_runtime import __version__", "may not import aim_runtime"),
    ("plan", "from .site import Site", "relative import"),
    ("plan", "import click", "click outside cli"),
    ("models.fetch", "def f():\n    from rich.progress import Progress", "rich outside cli"),
    ("models.fetch", "def f():\n    print('x')", "print() outside cli"),
    ("serve", "import sys\nsys.exit(1)", "sys.exit() outside cli"),
    ("serve", "from sys import exit", "sys.exit outside cli"),
    ("serve", "raise SystemExit(3)", "SystemExit outside cli"),
    ("engines.process", "import os\nos._exit(1)", "os._exit() outside cli"),
    ("settings", "import os\nhome = os.environ['HOME']", "os.environ outside cli"),
    ("hardware.cpu", "from os import environ", "os.environ outside cli"),
    ("hardware.cpu", "import os\nos.getenv('X')", "os.getenv outside cli"),
    ("models.sources.huggingface", "from huggingface_hub import HfApi", "must be imported inside a function"),
    ("models.fetch", "def f():\n    import huggingface_hub", "huggingface_hub is not imported here"),
    ("engines.vllm", "def f():\n    import torch.cuda", "torch is not imported here"),
    ("hardware.kfd", "def f():\n    import amdsmi", "amdsmi is not imported here"),
    ("cli.serve", "try:\n    pass\nexcept Exception:\n    pass", "catches everything"),
    ("cli.serve", "try:\n    pass\nexcept:\n    pass", "catches everything"),
    ("models.fetch", "try:\n    pass\nexcept (OSError, BaseException):\n    pass", "catches everything"),
]


@pytest.mark.parametrize(("module", "source", "why"), BROKEN, ids=[why for _, _, why in BROKEN])
def test_a_broken_rule_is_found(module: str, source: str, why: str) -> None:
    found = violations(module, source, frozenset(MODULES))
    assert len(found) == 1, found
    assert why in found[0]


KEPT = [
    ("settings", "from aim_runtime import variables\nfrom aim_runtime.models.ref import ModelRef"),
    (
        "engines.vllm",
        "from aim_runtime.profiles.profile import Profile\nfrom aim_runtime.engines import args",
    ),
    ("models.sources.huggingface", "def f():\n    from huggingface_hub import HfApi"),
    (SCRIPT, "import torch\nprint('x')"),
    ("cli.serve", "import os, click\nprint(os.environ)\nraise SystemExit(1)"),
    ("plan", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from aim_runtime.serve import Ready"),
]


@pytest.mark.parametrize(("module", "source"), KEPT, ids=[module for module, _ in KEPT])
def test_what_is_allowed_is_not_found(module: str, source: str) -> None:
    assert violations(module, source, frozenset(MODULES)) == []


def test_a_new_module_must_be_given_a_place() -> None:
    with pytest.raises(LookupError, match="utilities has no place in the layers"):
        violations("utilities", "", frozenset(MODULES))


def test_dry_run_imports_nothing_heavy() -> None:
    program = "import json, sys, aim_runtime.cli.dry_run; json.dump(sorted(sys.modules), sys.stdout)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in json.loads(done.stdout)}
    heavy = {"asyncio", "httpx", "huggingface_hub", "numpy", "psutil", "pydantic", "requests", "rich"}
    assert not loaded & (heavy | {"tqdm", "torch", "transformers", "vllm"})
    assert "aim_runtime" in loaded
