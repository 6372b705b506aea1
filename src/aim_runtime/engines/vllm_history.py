"""Which options and variables vLLM's versions removed, renamed and added: data, a line each.

Found by reading the option lists and `envs.py` of the releases 0.10.1.1, 0.11.0, 0.11.1, 0.12, 0.13, 0.16,
0.17, 0.18, 0.22 and 0.32; 0.33 from what 0.32's own help announces. `by` marks a change that happened
somewhere between two of them: `version` is then the later one, the first that is known to have it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["removed", "renamed", "added"]


@dataclass(frozen=True)
class Change:
    """One option or environment variable that a vLLM version removed, renamed or added.

    `key` is the option's dashed name, or the variable; `version` the first in which this holds; `to` what
    it is called now, in lower case where a variable became an option; `advice` what to use instead, or why
    nothing is needed, in one clause.
    """

    key: str
    version: str
    kind: Kind
    to: str | None = None
    advice: str = ""
    by: bool = False

    @property
    def reason(self) -> str:
        """Why the key is no use in a version that this change concerns."""
        when = f"by vLLM {self.version}" if self.by else f"in {self.version}"
        if self.kind == "added":
            return f"vLLM has it only from {self.version}" + (f"; {self.advice}" if self.advice else "")
        if self.kind == "renamed":
            return self.advice or (f"renamed {when}" if self.by else f"vLLM renamed it {when}")
        removed = f"gone {when}" if self.by else f"vLLM removed it {when}"
        return f"{removed}; {self.advice}" if self.advice else removed


def _removed(key: str, version: str, advice: str = "", by: bool = False) -> Change:
    return Change(key, version, "removed", None, advice, by)


def _renamed(key: str, version: str, to: str, advice: str = "", by: bool = False) -> Change:
    return Change(key, version, "renamed", to, advice, by)


def _added(key: str, version: str, advice: str = "", by: bool = False) -> Change:
    return Change(key, version, "added", None, advice, by)


_OFF = "requests are not logged unless enable-log-requests is given"
_GUIDED = "structured-outputs-config"

ARGUMENTS: tuple[Change, ...] = (
    _removed("max-seq-len-to-capture", "0.11.0"),
    _removed("disable-async-output-proc", "0.11.0", by=True),
    _removed("preemption-mode", "0.11.0", by=True),
    _removed("scheduler-delay-factor", "0.11.0", by=True),
    _renamed("rope-scaling", "0.11.1", "hf-overrides"),
    _renamed("rope-theta", "0.11.1", "hf-overrides"),
    _removed("enable-lora-bias", "0.11.1", by=True),
    _removed("override-neuron-config", "0.11.1", by=True),
    _renamed("guided-decoding-backend", "0.12.0", _GUIDED, by=True),
    _renamed("guided-decoding-disable-additional-properties", "0.12.0", _GUIDED, by=True),
    _renamed("guided-decoding-disable-any-whitespace", "0.12.0", _GUIDED, by=True),
    _removed("guided-decoding-disable-fallback", "0.12.0", by=True),
    _removed("lora-extra-vocab-size", "0.12.0", by=True),
    _removed("num-lookahead-slots", "0.12.0", by=True),
    _renamed("override-pooler-config", "0.12.0", "pooler-config", by=True),
    _renamed("cuda-graph-sizes", "0.13.0", "cudagraph-capture-sizes"),
    _renamed("disable-mm-preprocessor-cache", "0.13.0", "mm-processor-cache-gb"),
    _renamed("enable-multimodal-encoder-data-parallel", "0.13.0", "mm-encoder-tp-mode"),
    _renamed("task", "0.13.0", "runner"),
    _removed("disable-log-requests", "0.17.0", _OFF),
    _removed("swap-space", "0.18.0"),
    _removed("calculate-kv-scales", "0.32.0", "scales come with the checkpoint", by=True),
    _removed("disable-frontend-multiprocessing", "0.32.0", by=True),
    _renamed("eplb-log-balancedness", "0.32.0", "eplb-config", by=True),
    _renamed("eplb-step-interval", "0.32.0", "eplb-config", by=True),
    _renamed("eplb-window-size", "0.32.0", "eplb-config", by=True),
    _renamed("num-redundant-experts", "0.32.0", "eplb-config", by=True),
    _removed("logits-processor-pattern", "0.32.0", by=True),
    _removed("max-long-partial-prefills", "0.32.0", by=True),
    _removed("max-num-partial-prefills", "0.32.0", by=True),
    _removed("override-attention-dtype", "0.32.0", by=True),
    _removed("disable-cascade-attn", "0.33.0", "it has no effect since vLLM has no cascade attention"),
    _renamed("log-config-file", "0.33.0", "logging-config"),
    _added("kv-cache-memory-bytes", "0.11.0", "gpu-memory-utilization sets the share instead", by=True),
    _added("structured-outputs-config", "0.11.0", "guided-decoding-backend before", by=True),
    _added("cudagraph-capture-sizes", "0.11.1", "cuda-graph-sizes before"),
    _added("nnodes", "0.11.1", "several machines need Ray before", by=True),
    _added("node-rank", "0.11.1", "several machines need Ray before", by=True),
    _added("master-addr", "0.11.1", "several machines need Ray before", by=True),
    _added("master-port", "0.11.1", "several machines need Ray before", by=True),
    _added("attention-backend", "0.13.0", "VLLM_ATTENTION_BACKEND before"),
    _added("performance-mode", "0.17.0", "set max-num-seqs and max-num-batched-tokens instead"),
)

_CHOOSE = "choose with attention-backend"
_ROPE = "VLLM_ROCM_USE_AITER_TRITON_ROPE"

ENVIRONMENT: tuple[Change, ...] = (
    _removed("VLLM_USE_TRITON_FLASH_ATTN", "0.11.1"),
    _removed("VLLM_USE_V1", "0.11.1", "there is one engine only"),
    _renamed("VLLM_ROCM_USE_TRITON_ROPE", "0.11.1", _ROPE),
    _renamed("VLLM_USE_AITER_TRITON_ROPE", "0.11.1", _ROPE, "the first is the name in AMD's fork of vLLM"),
    _renamed(
        "VLLM_ATTENTION_BACKEND",
        "0.13.0",
        "attention-backend",
        "vLLM has the option since 0.13.0, and the variable was gone by 0.16.0",
    ),
    _removed("VLLM_V1_USE_PREFILL_DECODE_ATTENTION", "0.16.0", _CHOOSE, by=True),
    _removed("VLLM_ROCM_CUSTOM_PAGED_ATTN", "0.22.0", _CHOOSE, by=True),
    _removed(
        "VLLM_ROCM_USE_AITER_TRITON_FUSED_ROPE_ZEROS_KV_CACHE",
        "0.32.0",
        "a switch of AMD's fork of vLLM",
        by=True,
    ),
    _added(_ROPE, "0.11.1", "VLLM_ROCM_USE_TRITON_ROPE before"),
)
