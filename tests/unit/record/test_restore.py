"""From a record back to what was asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from aim_runtime.errors import InvalidProfile, InvalidValue
from aim_runtime.record import restore
from aim_runtime.record.hide import Hider
from aim_runtime.settings import Settings
from aim_runtime.site import load_catalog_for
from unit.record.records import PROFILE, environment, plan, record


def test_the_record_wins_but_for_places(tmp_path: Path) -> None:
    was = environment(tmp_path, AIM_METRIC="latency", VLLM_USE_V2="1", AIM_GPU_COUNT="8")
    found, notes = restore.environment(
        record(was),
        {
            "PATH": "/bin",
            "HF_TOKEN": "of-now-and-secret",
            "AIM_METRIC": "throughput",
            "AIM_PRECISION": "fp8",
            "AIM_PORT": "9000",
            "VLLM_USE_V2": "0",
            "VLLM_NEW": "1",
            "VLLM_API_KEY": "of-now-and-secret",
            "HIP_VISIBLE_DEVICES": "3",
        },
    )
    assert found == {
        "PATH": "/bin",
        "HF_TOKEN": "of-now-and-secret",
        "VLLM_API_KEY": "of-now-and-secret",
        "HIP_VISIBLE_DEVICES": "3",
        "AIM_PORT": "9000",
        "AIM_ACCELERATOR_COUNT": "8",
        "AIM_PROFILE_ID": PROFILE,
        "AIM_LOAD_STRATEGY": "default",
        "VLLM_USE_V2": "1",
        **{name: value for name, value in was.items() if name not in ("AIM_METRIC", "AIM_GPU_COUNT")},
        "AIM_METRIC": "latency",
    }
    assert notes == (
        "AIM_PRECISION=fp8 of the environment is left out; the record has auto",
        "AIM_METRIC=throughput of the environment is left out; the record has latency",
        "AIM_PORT=9000 of the environment is used; the record has 8000",
        "VLLM_NEW=1 of the environment is left out; the record has none",
        "VLLM_USE_V2=0 of the environment is left out; the record has 1",
    )


def test_the_service_level_is_the_records_and_its_profile_stays_pinned(tmp_path: Path) -> None:
    was = environment(tmp_path, AIM_SLO="tpot_p90_ms<=50")
    found, notes = restore.environment(record(was), {**was, "AIM_SLO": "ttft_p90_ms<=1"})
    assert (found["AIM_SLO"], found["AIM_PROFILE_ID"]) == ("tpot_p90_ms<=50", PROFILE)
    assert notes == ("AIM_SLO=ttft_p90_ms<=1 of the environment is left out; the record has tpot_p90_ms<=50",)
    assert "AIM_SLO" not in restore.environment(record(environment(tmp_path)), was)[0]


def test_in_its_own_environment_there_is_nothing_to_say(tmp_path: Path) -> None:
    was = environment(tmp_path, VLLM_USE_V2="1")
    found, notes = restore.environment(record(was), was)
    assert notes == ()
    assert Settings.from_env(found) == Settings.from_env(
        {**was, "AIM_PROFILE_ID": PROFILE, "AIM_LOAD_STRATEGY": "default"}
    )


def test_a_secret_in_a_setting_is_the_environments(tmp_path: Path) -> None:
    said = "https://me:hunter2-and-more@host.example/acme/model.tar"
    was = environment(tmp_path, AIM_MODEL_ID=said)
    written = record(was)
    found, notes = restore.environment(written, was)
    assert (found["AIM_MODEL_ID"], notes) == (said, ())
    del was["AIM_MODEL_ID"]
    with pytest.raises(InvalidValue, match="the record hides a secret in AIM_MODEL_ID=https://") as caught:
        restore.environment(written, was)
    assert caught.value.hint == "set AIM_MODEL_ID to what it was, with the secret"


def test_the_key_and_where_it_lies_are_the_environments(tmp_path: Path) -> None:
    was = environment(tmp_path, VLLM_API_KEY="hunter2-x", VLLM_API_KEY_FILE="/was/key")
    now = {**was, "VLLM_API_KEY": "hunter3-x", "VLLM_API_KEY_FILE": "/now/key"}
    found, notes = restore.environment(record(was), now)
    assert (found["VLLM_API_KEY"], found["VLLM_API_KEY_FILE"], notes) == ("hunter3-x", "/now/key", ())
    found, notes = restore.environment(record(was), environment(tmp_path))
    assert (notes, [name for name in found if "API_KEY" in name]) == ((), [])


@pytest.mark.parametrize("was", [(), ("--max-num-seqs", "4"), ("--max-num-seqs=4", "--hf-token")])
def test_arguments_come_back_as_they_were(was: tuple[str, ...], tmp_path: Path) -> None:
    assert restore.arguments(record(environment(tmp_path), *was), (), Hider.of({})) == was


@pytest.mark.parametrize("given", [("--max-num-seqs", "4"), ("surprise",)])
def test_other_arguments_are_refused(given: tuple[str, ...], tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match=f"{given[0]} after --: the record says which") as caught:
        restore.arguments(record(environment(tmp_path)), given, Hider.of({}))
    assert caught.value.hint


def test_arguments_with_a_hidden_part_are_given_again(tmp_path: Path) -> None:
    was = ("--max-num-seqs", "4", "--otlp-traces-endpoint", "http://me:hunter2-x@host")
    written = record(environment(tmp_path), *was)
    assert restore.arguments(written, was, Hider.of({})) == was
    for given in ((), was[2:], (*was[:3], "http://me:hunter2-x@other")):
        with pytest.raises(InvalidValue, match="hides a secret in the arguments after --: --max") as caught:
            restore.arguments(written, given, Hider.of({}))
        assert caught.value.hint == "give all of them again, as they were, with the secret"
        assert "hunter2-x" not in caught.value.message


def test_a_profile_that_is_there_is_taken(tmp_path: Path) -> None:
    environ = environment(tmp_path)
    here = load_catalog_for(Settings.from_env(environ))
    assert restore.catalog(record(environ), here, Hider.of(environ)) == (here, ())


def test_a_profile_that_is_gone_or_changed_comes_from_the_record(tmp_path: Path) -> None:
    environ = environment(tmp_path)
    written, was = record(environ), plan(environ).profile
    path = tmp_path / "profiles/custom/fast.yaml"
    path.write_text(path.read_text().replace("max-num-seqs: 8", "max-num-seqs: 9"))
    for why in ("has changed since", "is not in the catalogue any more"):
        found, said = restore.catalog(
            written, load_catalog_for(Settings.from_env(environ)), Hider.of(environ)
        )
        assert [each for each in found.profiles if each.id == PROFILE] == [was]
        assert said == (f"the profile {PROFILE} {why}: it is taken from the record",)
        path.unlink()
        if why != "has changed since":
            break
        path = tmp_path / "profiles/custom/other.yaml"
        path.touch()


def test_a_profile_with_a_secret_cannot_come_from_the_record(tmp_path: Path) -> None:
    environ = environment(tmp_path)
    path = tmp_path / "profiles/custom/fast.yaml"
    path.write_text(
        path.read_text().replace("max-num-seqs: 8", "otlp-traces-endpoint: http://me:hunter2-x@host")
    )
    written = record(environ)
    assert restore.catalog(written, load_catalog_for(Settings.from_env(environ)), Hider.of(environ))[1] == ()
    path.unlink()
    with pytest.raises(InvalidProfile, match="the record hides a secret of it") as caught:
        restore.catalog(written, load_catalog_for(Settings.from_env(environ)), Hider.of(environ))
    assert caught.value.hint == f"bring back {path}"
