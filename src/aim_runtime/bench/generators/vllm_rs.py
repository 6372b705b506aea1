"""`vllm-rs bench serve`: the engine's load generator in Rust, where the engine has it."""

from __future__ import annotations

from dataclasses import dataclass

from aim_runtime.bench.generators.generator import Done, Job
from aim_runtime.bench.generators.vllm import VllmBench
from aim_runtime.engines.interpreter import interpreter
from aim_runtime.engines.vllm_frontend import program_in


@dataclass(frozen=True)
class VllmRs(VllmBench):
    """The same load and the same report as VllmBench's, from a program that starts at once.

    It does not say how far it is where nobody looks at its bar, and wants a service that has /tokenize.
    """

    name = "vllm-rs"

    def installed(self) -> bool:
        return super().installed() and program_in(interpreter(self.python).path) is not None

    def command(self, job: Job) -> list[str]:
        program = program_in(interpreter(self.python).path)
        return [str(program or self.name), "bench", "serve", *self.options(job)]

    def done(self, line: str) -> Done | None:
        return None
