"""The grammar of model references, as a table."""

from __future__ import annotations

import pytest

from aim_runtime.errors import InvalidModelRef
from aim_runtime.models.ref import ModelRef, Scheme

SHA = "ab" * 32


@pytest.mark.parametrize(
    ("text", "ref", "model_id"),
    [
        ("org/m", ModelRef(Scheme.HF, "org/m"), "org/m"),
        ("hf://org/m", ModelRef(Scheme.HF, "org/m"), "org/m"),
        ("hf://org/m@v1", ModelRef(Scheme.HF, "org/m", "v1"), "org/m"),
        ("org/m.2-x_y@refs/pr/1", ModelRef(Scheme.HF, "org/m.2-x_y", "refs/pr/1"), "org/m.2-x_y"),
        ("pypi://p==1.0/a/b.gguf", ModelRef(Scheme.PYPI, "p", "1.0", "a/b.gguf"), "p"),
        (f"pypi://p==1!2.0+l/b#sha256={SHA}", ModelRef(Scheme.PYPI, "p", "1!2.0+l", "b", SHA), "p"),
        ("file:///data/org/m", ModelRef(Scheme.FILE, "/data/org/m"), "org/m"),
        ("/data/org/m/", ModelRef(Scheme.FILE, "/data/org/m/"), "org/m"),
        ("/m", ModelRef(Scheme.FILE, "/m"), "m"),
    ],
)
def test_parse(text: str, ref: ModelRef, model_id: str) -> None:
    parsed = ModelRef.parse(text)
    assert parsed == ref
    assert parsed.model_id == model_id
    assert ModelRef.parse(str(parsed)) == parsed, "what is printed can be given back"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is not a model reference"),
        ("m", "is not a model reference"),
        ("org/m/file", "is not a model reference"),
        ("org/../m", "is not a model reference"),
        ("org/m@", "is not a model reference"),
        ("hf://org", "is not a model reference"),
        ("hf:///m", "is not a model reference"),
        ("-org/m", "is not a model reference"),
        ("hff://org/m", "hff:// is not known; did you mean hf"),
        ("s4://bucket/m", "s4:// is not known"),
        ("pypi://p/m.gguf", "is not a package reference"),
        ("pypi://p==1.0", "is not a package reference"),
        ("pypi://p==1.0/../m.gguf", "is not a package reference"),
        ("pypi://p==1.0//m.gguf", "is not a package reference"),
        ("pypi://p==1.0/m.gguf#sha256=abc", "is not a package reference"),
        ("file://", "names no folder"),
    ],
)
def test_what_is_refused(text: str, words: str) -> None:
    with pytest.raises(InvalidModelRef) as raised:
        ModelRef.parse(text)
    assert words in raised.value.message
    assert repr(text) in raised.value.message
    assert raised.value.hint
