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
        ("hf://org/m:v1", ModelRef(Scheme.HF, "org/m", "v1"), "org/m"),
        ("modelscope://Qwen/m@v2", ModelRef(Scheme.MODELSCOPE, "Qwen/m", "v2"), "Qwen/m"),
        ("s3://b-1/org/m", ModelRef(Scheme.S3, "b-1", path="org/m"), "org/m"),
        ("s3://b-1/deep/down/org/m/", ModelRef(Scheme.S3, "b-1", path="deep/down/org/m"), "org/m"),
        ("s3://bucket", ModelRef(Scheme.S3, "bucket", path=""), "bucket"),
        ("s3://bucket/m", ModelRef(Scheme.S3, "bucket", path="m"), "bucket/m"),
        ("s3://bucket/my org/.m", ModelRef(Scheme.S3, "bucket", path="my org/.m"), "my_org/m"),
        ("gs://bucket/org/m", ModelRef(Scheme.GS, "bucket", path="org/m"), "org/m"),
        ("az://container/org/m", ModelRef(Scheme.AZ, "container", path="org/m"), "org/m"),
        ("oci://localhost:5000/org/m", ModelRef(Scheme.OCI, "localhost:5000/org/m"), "org/m"),
        ("oci://r.io/a/org/m:v1", ModelRef(Scheme.OCI, "r.io/a/org/m", "v1"), "org/m"),
        (f"oci://r.io/org/m@sha256:{SHA}", ModelRef(Scheme.OCI, "r.io/org/m", f"sha256:{SHA}"), "org/m"),
        ("oci://[::1]:5000/m", ModelRef(Scheme.OCI, "[::1]:5000/m"), "___1__5000/m"),
        ("https://h.org/org/m.tar.gz", ModelRef(Scheme.HTTPS, "https://h.org/org/m.tar.gz"), "org/m"),
        (
            f"https://h/models/org/m/#sha256={SHA.upper()}",
            ModelRef(Scheme.HTTPS, "https://h/models/org/m/", sha256=SHA),
            "org/m",
        ),
        (f"http://h/m.gguf#sha256={SHA}", ModelRef(Scheme.HTTPS, "http://h/m.gguf", sha256=SHA), "h/m"),
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
        ("s3://", "is not an address in a store"),
        ("s3://b/../m", "is not an address in a store"),
        ("s3://bucket/a//m", "is not an address in a store"),
        ("gs://bucket/m?versionId=1", "is not an address in a store"),
        ("oci://registry", "is not an artifact of a registry"),
        ("oci://registry/Org/m", "is not an artifact of a registry"),
        ("oci://registry/org/m@sha256:12", "is not an artifact of a registry"),
        ("https://h/org/m", "neither an archive, nor a GGUF file, nor a folder"),
        ("https://h/m.tar#md5=1", "is not an address of a model"),
        ("https:///m.tar", "is not an address of a model"),
        ("https://h:port/m.tar", "is not an address of a model"),
        ("http://h/m.tar", "anybody on the way could change"),
    ],
)
def test_what_is_refused(text: str, words: str) -> None:
    with pytest.raises(InvalidModelRef) as raised:
        ModelRef.parse(text)
    assert words in raised.value.message
    assert repr(text) in raised.value.message
    assert raised.value.hint


def test_what_a_url_hides_is_neither_shown_nor_recorded() -> None:
    ref = ModelRef.parse(f"https://ann:s3cret@h.org:8443/m.tar?sig=abc#sha256={SHA}")
    assert ref.name == "https://ann:s3cret@h.org:8443/m.tar?sig=abc"
    assert str(ref) == f"https://****@h.org:8443/m.tar?****#sha256={SHA}"
    assert str(ModelRef.parse("https://h.org/m/")) == "https://h.org/m/"
