"""Every code of the doctor is provoked by some test: one that is not is one that nobody has seen."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from aim_runtime import doctor

TESTS = Path(__file__).parents[2]
_CODE = re.compile(r"(?:gpu|plan|host|cache|engine|model|s3)\.[a-z_]+")


def test_every_code_has_a_case() -> None:
    codes = {
        node.value
        for module in Path(str(doctor.__file__)).parent.glob("*.py")
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _CODE.fullmatch(node.value)
    }
    assert len(codes) > 40
    own = Path(__file__)
    files = [*own.parent.glob("test_*.py"), *(TESTS / "integration").glob("test_doctor*.py")]
    said = "".join(path.read_text(encoding="utf-8") for path in files if path != own)
    assert {code for code in codes if f'"{code}"' not in said} == set()
