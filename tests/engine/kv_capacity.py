"""Ask the real engine what its KV cache holds; run with a Python that has vLLM, on the CPU.

Reads a JSON list of `{"arguments": {…}, "environment": {…}}` on stdin, the arguments as `vllm serve` spells
them but without the dashes in front, and starts an engine with each, one after the other in this process.
Writes a JSON list to stdout, one object for each: `block_tokens`, the block size that it chose, with
`tokens` and `concurrency`, which it also logs, or `refusal`, why it did not start.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any
from unittest.mock import patch

# One process for all: another for each engine would import everything again.
os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"


def main() -> int:
    # vLLM and its dependencies write to stdout when they are imported; keep the real one for the answer.
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    from vllm.distributed import cleanup_dist_env_and_memory
    from vllm.engine.arg_utils import EngineArgs
    from vllm.usage.usage_lib import UsageContext
    from vllm.v1.engine.core import EngineCore
    from vllm.v1.executor import Executor

    def ask(arguments: dict[str, Any]) -> dict[str, Any]:
        named = {name.replace("-", "_"): value for name, value in arguments.items()}
        # As the API server does: the engine's defaults depend on who starts it.
        config = EngineArgs(**named).create_engine_config(UsageContext.OPENAI_API_SERVER)
        cache = config.cache_config
        told: dict[str, Any] = {"block_tokens": cache.block_size}
        try:
            core = EngineCore(config, Executor.get_class(config), log_stats=False)
        except ValueError as error:
            cleanup_dist_env_and_memory()
            return {**told, "refusal": str(error)}
        core.shutdown()
        return {
            **told,
            "tokens": cache.kv_cache_size_tokens,
            "concurrency": cache.kv_cache_max_concurrency,
        }

    answers = []
    for asked in json.load(sys.stdin):
        with patch.dict(os.environ, asked["environment"]):
            answers.append(ask(asked["arguments"]))
    with answer:
        json.dump(answers, answer, indent=1)
        answer.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
