"""What a plan needs: memory, disk, variables, times; and what of this machine it does not take along."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from aim_runtime.deploy.asked import usual_gpu_resource
from aim_runtime.deploy.needs import GIB, LocalPath, Needs, needs
from aim_runtime.plan import make_plan
from aim_runtime.settings import Settings
from aim_runtime.site import survey
from aim_runtime.vocabulary import Vendor
from running import COHERE, SMOLLM2

MI300X = {"AIM_ID": COHERE, "AIM_ACCELERATOR_MODEL": "MI300X"}
CPU = {"AIM_ID": SMOLLM2, "AIM_ACCELERATOR_TYPE": "cpu"}


def needed(home: Path, arguments: tuple[str, ...] = (), **said: str) -> Needs:
    settings = Settings.from_env({"HOME": str(home), "AIM_CACHE_PATH": str(home), **said}, arguments)
    return needs(make_plan(settings, survey(settings)), said)


def test_eight_gpus_of_a_server(tmp_path: Path) -> None:
    found = needed(tmp_path, **MI300X)
    given = found.resources
    assert (given.cpus, given.memory_bytes, given.memory_limit_bytes) == (32, 256 * GIB, 384 * GIB)
    # 207 GiB of weights, a tenth, and 10 GiB.
    assert given.cache_bytes == 238 * GIB
    assert found.requests_at_once == 512
    assert found.gated
    assert usual_gpu_resource(found) == "amd.com/gpu"
    others = replace(found, accelerators=replace(found.accelerators, vendor=Vendor.NVIDIA))
    assert usual_gpu_resource(others) == "nvidia.com/gpu"


def test_what_arguments_move_to_the_host_is_asked_for_too(tmp_path: Path) -> None:
    usual = needed(tmp_path, **MI300X).resources
    moved = needed(tmp_path, ("--cpu-offload-gb", "4", "--kv-offloading-size", "20"), **MI300X).resources
    assert moved.memory_bytes - usual.memory_bytes == (4 * 8 + 20) * GIB
    assert moved.memory_limit_bytes - usual.memory_limit_bytes == (4 * 8 + 20) * GIB


def test_a_small_model_on_a_cpu_gets_what_was_measured_and_room(tmp_path: Path) -> None:
    given = needed(tmp_path, **CPU).resources
    assert 5 * GIB <= given.memory_bytes <= 7 * GIB
    assert given.memory_limit_bytes == given.memory_bytes + given.shm_bytes
    assert given.cpus == 2


def test_weights_that_are_converted_need_more_of_everything(tmp_path: Path) -> None:
    plain = needed(tmp_path, **CPU, AIM_MODEL_ID=f"hf://{SMOLLM2}")
    converted = needed(tmp_path, **CPU)  # one of its sources is GGUF
    assert converted.resources.fetch_bytes > plain.resources.fetch_bytes
    assert converted.times.fetch_s > plain.times.fetch_s


def test_the_time_that_the_engine_may_take_begins_after_the_fetch(tmp_path: Path) -> None:
    found = needed(tmp_path, **MI300X, AIM_READY_SECONDS="7200").times
    assert found.start_s == found.fetch_s + 7200
    assert found.grace_s > found.drain_s + 5


def test_variables_that_decide_how_it_serves_are_taken_along(tmp_path: Path) -> None:
    said = {
        **{"AIM_STALL_SECONDS": "120", "AIM_ON_FAILURE": "retry", "AIM_LOG_FORMAT": "json"},
        **{"VLLM_LOGGING_LEVEL": "DEBUG", "HF_ENDPOINT": "https://mirror.example"},
    }
    here = {"HIP_VISIBLE_DEVICES": "0,1", "ROCR_VISIBLE_DEVICES": "0,1", "AIM_HOST_ROOT": "/"}
    found = needed(tmp_path, **MI300X, **said, **here).variables
    assert said.items() <= found.items()
    assert not here.keys() & found.keys()
    assert "AIM_CACHE_PATH" not in found


def test_a_key_of_the_service_guards_it(tmp_path: Path) -> None:
    found = needed(tmp_path, **MI300X, VLLM_API_KEY="planted-key-of-the-service")
    assert found.guards == ("VLLM_API_KEY",)
    assert found.secrets == ("HF_TOKEN", "VLLM_API_KEY")
    assert "planted" not in repr(found)


def test_what_lies_on_this_machine_is_named(tmp_path: Path) -> None:
    found = needed(tmp_path, **MI300X, AIM_MODEL_ID=f"file://{tmp_path}", AIM_ADAPTER_SOURCE=str(tmp_path))
    assert found.local == (
        LocalPath(f"file://{tmp_path}", tmp_path),
        LocalPath(f"AIM_ADAPTER_SOURCE={tmp_path}", tmp_path),
    )
    assert found.source_ports == ()
