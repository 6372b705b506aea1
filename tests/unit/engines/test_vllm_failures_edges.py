"""What the corpus does not show: who gave a value, the plan's numbers, what came before, strange output."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from aim_runtime.engines.failure import Ending
from aim_runtime.engines.launch import Argument, EnvironmentVariable, Layer
from aim_runtime.engines.vllm import Vllm
from aim_runtime.models.architecture import Architecture
from aim_runtime.profiles.demand import Demand
from aim_runtime.profiles.fit import GIB, Fit, fit
from operator_words import taken_for
from unit.engines.corpus import ENTRIES, launch, output

_TOO_LONG = (
    "Value error, User-specified max_model_len (9000) is greater than the derived max_model_len "
    "(max_position_embeddings=8192.0 or model_max_length=None in model's config.json)."
)
_NO_CACHE = "ValueError: No available memory for the cache blocks. Try increasing `gpu_memory_utilization`"
_SHORT = (
    "ValueError: To serve at least one request with the model's max seq len (131072), (16.0 GiB KV cache is "
    "needed, which is larger than the available KV cache memory (8.0 GiB). Try increasing "
)
_UTILIZATION = Argument("gpu-memory-utilization", 0.97, Layer.PROFILE)


def _fit() -> Fit:
    model = Architecture(
        14 * GIB, attention_heads=32, key_value_heads=8, layers=32, head_dim=128, max_positions=131072
    )
    demand = Demand(0.9, 1, 16, 2, 131072, 8192, 256, 8192, GIB, GIB // 2, 0)
    found = fit(model, demand, 24 * GIB, None)
    assert isinstance(found, Fit)
    return found


@pytest.mark.parametrize(
    ("layer", "where", "fix"),
    [
        (Layer.PROFILE, "(from the profile)", "AIM_ENGINE_ARGS='{\"max-model-len\": 8192}'"),
        (Layer.ENGINE_ARGS, "(from AIM_ENGINE_ARGS)", 'in AIM_ENGINE_ARGS put "max-model-len": 8192'),
        (Layer.COMMAND_LINE, "(from the command line)", "write --max-model-len 8192 after --"),
        (Layer.MACHINE, "(chosen for this machine)", "AIM_ENGINE_ARGS='{\"max-model-len\": 8192}'"),
    ],
)
def test_who_gave_the_argument_and_where_it_is_changed(layer: Layer, where: str, fix: str) -> None:
    found = Vllm().failure(output(_TOO_LONG), 1, launch(Argument("max-model-len", 9000, layer)))
    assert f"max-model-len 9000 {where} is more than the model's 8192" in found.message
    assert found.hint == fix


def test_no_more_than_nearly_all_memory_is_proposed() -> None:
    found = Vllm().failure(output(_NO_CACHE), 1, launch(_UTILIZATION))
    assert "at gpu-memory-utilization 0.97 (from the profile)" in found.message
    assert found.hint.startswith("spread the model over more GPUs")


def test_what_the_plan_had_counted_on_is_said() -> None:
    counted = _fit()
    found = Vllm().failure(output(_NO_CACHE), 1, launch(), Ending(fit=counted))
    assert found.message.endswith(f"; the plan had counted on {counted.summary}")


def test_the_plan_knows_the_longest_context_where_the_engine_does_not_say_it() -> None:
    counted = _fit()
    longest = counted.longest_context
    assert longest is not None
    assert 0 < longest < 131072
    found = Vllm().failure(output(_SHORT), 1, launch(), Ending(fit=counted))
    assert found.message.endswith(f"room for {longest} tokens")
    assert found.hint.startswith(f"AIM_ENGINE_ARGS='{{\"max-model-len\": {longest}}}'")
    assert "max-model-len" not in Vllm().failure(output(_SHORT), 1, launch()).hint


def test_on_a_cpu_the_cache_has_a_variable_of_its_own() -> None:
    variable = EnvironmentVariable("VLLM_CPU_KVCACHE_SPACE", "8", Layer.PROFILE)
    found = Vllm().failure(output(_SHORT), 1, replace(launch(), variables=(variable,)))
    assert found.hint == "more memory for it: VLLM_CPU_KVCACHE_SPACE=16 (GiB)"


_STAMP = "(APIServer pid=1) {} 11-25 10:00:00 [serving.py:1]"
_OLD = f"{_STAMP.format('ERROR')} ValueError: LoRA rank 64 is greater than max_lora_rank 16."
_SERVED = '(APIServer pid=1) INFO:     127.0.0.1:5 - "POST /v1/chat/completions HTTP/1.1" 200 OK'
_NOW = "torch.OutOfMemoryError: HIP out of memory. Tried to allocate 1.00 GiB."


def test_an_error_before_requests_were_answered_is_not_why_it_ended() -> None:
    assert Vllm().failure(output(f"{_OLD}\n{_NOW}"), 1, launch()).code == "engine.out_of_memory"
    assert Vllm().failure(output(f"{_OLD}\n{_SERVED}"), 1, launch()).code == "engine.exited"
    assert Vllm().failure(output(f"{_SERVED}\n{_OLD}"), 1, launch()).code == "engine.adapter_rank"


def test_a_warning_is_not_why_it_ended() -> None:
    warning = (
        "(APIServer pid=1) WARNING 11-25 13:28:17 [a.py:2] limits: `OSError: [Errno 24] Too many open files`."
    )
    assert Vllm().failure(output(warning), 1, launch()).code == "engine.exited"
    assert Vllm().failure(output(warning), 1, launch()).message.endswith("and no line says why")
    native = "[W1125 13:37:16.892506246 ProcessGroupNCCL.cpp:1554] Warning: NCCL error: nothing"
    assert Vllm().failure(output(native), 1, launch()).code == "engine.exited"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (-9, "engine.killed"),
        (137, "engine.killed"),
        (-4, "engine.illegal_instruction"),
        (132, "engine.illegal_instruction"),
        (-7, "engine.shared_memory"),
        (-11, "engine.crashed"),
        (139, "engine.crashed"),
        (-6, "engine.crashed"),
        (-15, "engine.killed"),
        (-64, "engine.killed"),
        (0, "engine.exited"),
        (3, "engine.exited"),
        (None, "engine.never_ready"),
    ],
)
def test_without_a_word_the_exit_tells(code: int | None, expected: str) -> None:
    found = Vllm().failure((), code, launch())
    assert (found.code, found.evidence) == (expected, "")


def test_a_kill_that_the_kernel_did_not_count_was_somebody_else() -> None:
    assert "oom" in Vllm().failure((), -9, launch()).hint
    assert "look who sent it" in Vllm().failure((), -9, launch(), Ending(oom_kills=0)).hint


def test_what_an_engine_says_is_not_taken_by_the_operator_for_a_missing_model() -> None:
    found = Vllm().failure(output("FileNotFoundError: the model file was not found"), 1, launch())
    assert found.code == "engine.exited"
    assert taken_for(found.message) is None
    assert found.evidence == "FileNotFoundError: the model file was not found"


def test_any_output_gives_one_line() -> None:
    chance = random.Random(0)
    words = [word for entry in ENTRIES for line in entry.lines for word in line.text.split(" ")]
    for _ in range(300):
        text = "\n".join(" ".join(chance.choices(words, k=chance.randint(0, 12))) for _ in range(20))
        found = Vllm().failure(output(text + "\x00\x1b[31m{0}"), chance.choice([None, -9, 1]), launch())
        assert found.message
        assert "\n" not in found.message + found.hint
