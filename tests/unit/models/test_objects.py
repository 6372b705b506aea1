"""Which objects of a store are the files of a model: values in, values out."""

from __future__ import annotations

import pytest

from aim_runtime.models.sources import sums
from aim_runtime.models.sources.objects import StoredObject, below, choose_files, lack, nearest, revision
from aim_runtime.models.transfer.remote import Algorithm, Digest, RemoteFile

A, B = "a" * 64, "b" * 64


def stored(*keys: str, size_bytes: int = 7) -> list[StoredObject]:
    return [StoredObject(key, size_bytes, f"tag-{key}") for key in keys]


def test_only_what_is_below_the_prefix_is_the_models() -> None:
    folder = below("org/m", stored("org/m/a", "org/m/d/b", "org/m2/a", "org/mm", "org/m", "x/org/m/a"))
    assert sorted(folder.objects) == ["a", "d/b"]
    assert folder.objects["d/b"].key == "org/m/d/b"
    assert folder.odd == ()


def test_a_whole_bucket_has_no_prefix() -> None:
    assert sorted(below("", stored("a", "d/b")).objects) == ["a", "d/b"]


@pytest.mark.parametrize("name", ["../up", "d/../../up", "/abs", "d//b", "./a", "d/./b", "nul\0"])
def test_keys_that_no_folder_can_hold_are_left_out_and_said(name: str) -> None:
    folder = below("org/m", stored("org/m/a", f"org/m/{name}"))
    assert sorted(folder.objects) == ["a"]
    assert folder.odd == (f"org/m/{name}",)
    (notice,) = choose_files(folder, {}).notices
    assert "left out" in notice
    assert name in notice


def test_markers_of_folders_are_no_files() -> None:
    empty = stored("m/", "m/d/", "m/d", "m/e_$folder$", size_bytes=0)
    assert sorted(below("m", [*empty, *stored("m/d/a", "m/e/a")]).objects) == ["d/a", "e/a"]


def test_an_object_with_bytes_that_is_also_a_folder_is_odd() -> None:
    folder = below("m", stored("m/d", "m/d/a"))
    assert sorted(folder.objects) == ["d/a"]
    assert folder.odd == ("m/d",)


def test_one_format_of_the_weights_is_chosen_and_the_rest_is_said() -> None:
    keys = ("m/config.json", "m/model.safetensors", "m/pytorch_model.bin", "m/onnx/model.onnx")
    chosen = choose_files(below("m", stored(*keys)), {})
    assert [file.name for file in chosen.files] == ["config.json", "model.safetensors"]
    assert chosen.files[1] == RemoteFile(
        "model.safetensors", 7, "m/model.safetensors", "tag-m/model.safetensors"
    )
    (notice,) = chosen.notices
    assert notice.startswith("skipping 2 files with the same weights in other formats")


def test_the_digests_of_a_sums_file_win_and_it_is_no_file_itself() -> None:
    md5 = Digest(Algorithm.MD5, "0" * 32)
    listed = [StoredObject("m/a", 1, "t", md5), StoredObject("m/b", 1, "t", md5), *stored("m/SHA256SUMS")]
    chosen = choose_files(below("m", listed), {"a": A, "gone": B})
    assert [(file.name, file.digest) for file in chosen.files] == [
        ("a", Digest(Algorithm.SHA256, A)),
        ("b", md5),
    ]
    assert chosen.notices == ("SHA256SUMS names files that are not there: gone",)


def test_the_revision_changes_with_what_is_there_and_with_nothing_else() -> None:
    one, two = RemoteFile("a", 1, "k/a", "x"), RemoteFile("b", 2, "k/b", "y")
    assert revision([one, two]) == revision([two, one])
    others = [RemoteFile("a", 1, "k/a", "z"), RemoteFile("a", 3, "k/a", "x"), RemoteFile("c", 1, "k/a", "x")]
    assert len({revision([other, two]) for other in [one, *others]}) == 4


def test_what_is_not_one_models_weights() -> None:
    assert lack(["config.json", "original/model.safetensors"]) == "no weights"
    assert lack(["a.gguf", "b.gguf", "config.json"]) == "2 GGUF files and nothing else"
    assert lack(["a.gguf"]) is None
    assert lack(["model.safetensors", "config.json"]) is None


def test_the_nearest_prefixes_are_named() -> None:
    assert (
        nearest("org/mdoel", ["org/model/", "org/other"])
        == "there are org/model, org/other; did you mean org/model?"
    )
    assert nearest("org/m", []) == "nothing is there at all"
    assert nearest("x", [f"p{number}/" for number in range(9)]) == "there are p0, p1, p2, p3, p4 and 4 more"


def test_sums_in_both_forms() -> None:
    assert sums.parse(f"{A}  a.txt\n{B.upper()} *./d/b c.txt\n\n".encode()) == {"a.txt": A, "d/b c.txt": B}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<html>\n", "line 1 is not a digest and a name"),
        (f"{A}  a\n{B}  a\n", "line 2 names a again"),
        (f"{A[:-1]}  a", "line 1"),
        ("\n", "names no file"),
    ],
)
def test_sums_that_are_none(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        sums.parse(text.encode())
