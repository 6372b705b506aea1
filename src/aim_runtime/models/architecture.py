"""The models room: the facts of a model that decide on what it can run, as its `config.json` has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

from aim_runtime.models.stored import stored_precision
from aim_runtime.vocabulary import Precision

# How often a layer attends to everything, where config.json leaves that to the model's code
# (transformers: the defaults of these models' configuration classes). One in `n`; 0: never.
_FULL_EVERY = {"cohere2": 4, "gpt_oss": 2, "gemma2": 2, "gemma3_text": 6, "mistral": 0, "phi3": 0}
# vLLM: ModelArchConfigConvertorBase.get_total_num_kv_heads.
_KEY_VALUE_HEADS = ("n_head_kv", "num_kv_heads", "num_key_value_heads", "multi_query_group_num")
# Where one of these says it, some layers keep no keys and values of every token, and which is in the code.
_OTHER_LAYERS = (
    *("full_attention_interval", "attn_layer_period", "attn_layer_indices", "attn_type_list"),
    *("hybrid_override_pattern", "linear_attn_config", "mamba_d_ssm", "attention_chunk_size"),
    *("num_kv_shared_layers", "index_topk", "multi_query"),
)
# RoPE scalings after which max_position_embeddings already is the longest context.
_SCALED = ("default", "su", "longrope", "llama3", "yarn", "deepseek_yarn", "deepseek_llama_scaling")


@dataclass(frozen=True)
class Architecture:
    """What is known of a model; None is "not known", and then nothing is claimed.

    `weights_bytes` is the size of the whole model in the format it is loaded in; the other facts carry
    the names of `config.json` in full words. `sliding_layers` attend to `sliding_window` tokens only;
    `other_layers` keep something else than keys and values (state-space and linear attention layers).
    With `latent_rank` (kv_lora_rank) attention keeps one latent vector a token instead of keys and
    values (MLA). `experts_per_token` and `expert_size` describe a mixture of experts. `stored` is the
    precision of the weights as they are stored. `source` says where the facts come from.
    """

    weights_bytes: int | None = None
    attention_heads: int | None = None
    key_value_heads: int | None = None
    name: str | None = None
    layers: int | None = None
    hidden_size: int | None = None
    head_dim: int | None = None
    intermediate_size: int | None = None
    vocabulary: int | None = None
    max_positions: int | None = None
    sliding_window: int | None = None
    sliding_layers: int = 0
    other_layers: int = 0
    latent_rank: int | None = None
    rope_head_dim: int | None = None
    experts_per_token: int | None = None
    expert_size: int | None = None
    stored: Precision | None = None
    source: str = ""

    @classmethod
    def from_config(
        cls, config: Mapping[str, Any], weights_bytes: int | None = None, source: str = ""
    ) -> Architecture:
        """Read the keys of a `config.json`; what is absent or of the wrong type is not known."""
        names = config.get("architectures")
        name = names[0] if isinstance(names, list) and names and isinstance(names[0], str) else None
        text = config.get("text_config")  # a model that sees or hears keeps its language part there
        if isinstance(text, Mapping):
            config = {**config, **text}
        layers = _number(config, "num_hidden_layers", "n_layer")
        heads = _number(config, "num_attention_heads", "n_head")
        hidden = _number(config, "hidden_size", "n_embd")
        sliding, other = _kinds_of_layers(config, layers or 0)
        return cls(
            weights_bytes=weights_bytes,
            attention_heads=heads,
            key_value_heads=_number(config, *_KEY_VALUE_HEADS) or heads,
            name=name,
            layers=layers,
            hidden_size=hidden,
            head_dim=_number(config, "head_dim") or (hidden // heads if hidden and heads else None),
            intermediate_size=_number(config, "intermediate_size", "n_inner"),
            vocabulary=_number(config, "vocab_size"),
            max_positions=_max_positions(config),
            sliding_window=_number(config, "sliding_window"),
            sliding_layers=sliding,
            other_layers=other,
            latent_rank=_number(config, "kv_lora_rank"),
            rope_head_dim=_number(config, "qk_rope_head_dim"),
            experts_per_token=_number(config, "num_experts_per_tok", "experts_per_token"),
            expert_size=_number(config, "moe_intermediate_size"),
            stored=stored_precision(config),
            source=source,
        )

    @property
    def heads(self) -> str:
        """The heads in words, as far as they are known."""
        shared = f"{self.key_value_heads or 'as many'} key-value heads"
        return f"{self.attention_heads} attention heads ({shared})" if self.attention_heads else shared

    def splits_over(self, count: int) -> bool:
        """Whether tensor parallelism can spread the heads over `count` accelerators.

        Attention heads must divide evenly; key-value heads evenly too, or be copied evenly
        (vLLM: ModelConfig.verify_with_parallel_config, get_num_kv_heads).
        """
        if self.attention_heads and self.attention_heads % count:
            return False
        shared = None if self.latent_rank else self.key_value_heads
        return not shared or shared % count == 0 or count % shared == 0


UNKNOWN_MODEL = Architecture()


def _number(config: Mapping[str, Any], *names: str) -> int | None:
    """The first of the keys that holds a positive whole number."""
    found = (config.get(name) for name in names)
    return next(
        (value for value in found if isinstance(value, int) and not isinstance(value, bool) and value > 0),
        None,
    )


def _max_positions(config: Mapping[str, Any]) -> int | None:
    """The longest context that the model takes (vLLM: _get_and_verify_max_len)."""
    given = _number(config, "model_max_length", "max_position_embeddings", "n_positions")
    scaling = config.get("rope_scaling") or config.get("rope_parameters")
    if given is None or not isinstance(scaling, Mapping) or "gemma3" in str(config.get("model_type")):
        return given
    kind, factor = scaling.get("rope_type") or scaling.get("type") or "default", scaling.get("factor")
    if isinstance(factor, int | float) and 1 < factor < inf and kind not in _SCALED:
        return int(given * factor)
    return given


def _kinds_of_layers(config: Mapping[str, Any], layers: int) -> tuple[int, int]:
    """How many layers slide, and how many keep something else than full or sliding attention."""
    kinds = config.get("layer_types")
    kinds = kinds[:layers] if isinstance(kinds, list) else []  # a cut-down model may keep the whole list
    if any(config.get(key) for key in _OTHER_LAYERS) or 0 < len(kinds) < layers:
        return 0, layers
    if kinds:
        sliding = sum(kind == "sliding_attention" for kind in kinds)
        full = sum(kind == "full_attention" for kind in kinds)
        return (sliding if config.get("sliding_window") else 0), len(kinds) - sliding - full
    if not config.get("sliding_window") or config.get("use_sliding_window") is False:
        return 0, 0
    every = _number(config, "sliding_window_pattern", "_sliding_window_pattern")
    model_type = str(config.get("model_type"))
    if every is None and model_type not in _FULL_EVERY:
        first = config.get("max_window_layers")  # the Qwen family: the layers from this one on slide
        return (max(0, layers - first) if isinstance(first, int) else layers), 0
    every = every or _FULL_EVERY[model_type]
    return (layers - layers // every if every else layers), 0
