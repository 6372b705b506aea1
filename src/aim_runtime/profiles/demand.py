"""What an engine asks of an accelerator's memory under given arguments: a value, without the engine."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Demand:
    """The engine's side of the memory arithmetic, all sizes in bytes and for each accelerator.

    `utilization` is the share of the total memory that the engine takes, and demands to be free when it
    starts; `kv_bytes` a size that was given for the KV cache instead, None when the engine takes what
    is left. `activation_bytes`, `runtime_bytes` and `graph_bytes` are estimates of what else it holds:
    the peak of a forward pass, the context and the collectives, the captured graphs.
    `max_model_len` is None when the model's own limit holds; with `shrinks` the engine takes the longest
    that fits, with `beyond_limit` it may be longer than the model says it can be. `hybrid` is whether
    sliding layers are charged for their window only.
    """

    utilization: float
    tensor_parallel_size: int
    block_tokens: int
    element_bytes: int
    max_model_len: int | None
    max_num_batched_tokens: int
    max_num_seqs: int
    in_flight_tokens: int
    activation_bytes: int
    runtime_bytes: int
    graph_bytes: int
    kv_bytes: int | None = None
    pipeline_parallel_size: int = 1
    hybrid: bool = True
    shrinks: bool = False
    beyond_limit: bool = False

    @property
    def parts(self) -> dict[str, int]:
        """What the engine holds beside the weights and the KV cache, each by its name."""
        return {
            "activations": self.activation_bytes,
            "runtime": self.runtime_bytes,
            "graphs": self.graph_bytes,
        }
