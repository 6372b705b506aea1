"""An AIM's `metadata.yaml`: what the model is, its terms, and where its weights come from."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct, to_builtins

from aim_runtime.errors import InvalidModelRef
from aim_runtime.models.ref import ModelRef
from aim_runtime.vocabulary import Metric, Precision

# One size for every 16-bit format.
_SAME_SIZE = {Precision.FP16: Precision.BF16}


class _Strict(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A mapping whose keys are all named; those of the image's labels keep the labels' spelling."""


class Deployment(_Strict, frozen=True):
    """A deployment that the AIM recommends: the profile of this accelerator, count and metric.

    Where several are of these, `precision` or `profileId` says which.
    """

    gpuModel: Annotated[str, Meta(min_length=1)]
    gpuCount: Annotated[int, Meta(ge=0)]
    metric: Metric
    precision: Precision | None = None
    profileId: str | None = None
    description: str = ""


class _Model(_Strict, frozen=True):
    canonicalName: str
    publisher: str
    source: str = ""
    tags: list[str] = []
    variants: list[str] = []
    recommendedDeployments: list[Deployment] = []


class _HfToken(_Strict, frozen=True):
    required: bool = False


class _Release(_Strict, frozen=True):
    notes: str = ""


class _Description(_Strict, frozen=True):
    full: str = ""


class _Aim(_Strict, frozen=True):
    title: str
    model: _Model
    hfToken: _HfToken = _HfToken()
    release: _Release = _Release()
    description: _Description = _Description()


class _Amd(_Strict, frozen=True):
    aim: _Aim


class _Com(_Strict, frozen=True):
    amd: _Amd


class _Image(_Strict, frozen=True):
    vendor: str
    licenses: str
    description: str
    source: str
    authors: str = ""
    documentation: str = ""


class _OpenContainers(_Strict, frozen=True):
    image: _Image


class _Org(_Strict, frozen=True):
    opencontainers: _OpenContainers


class _Weights(_Strict, frozen=True):
    """Where the weights come from, best first, and how large they are in memory by precision."""

    sources: Annotated[list[str], Meta(min_length=1)]
    size_bytes: dict[Precision, int] = {}

    def __post_init__(self) -> None:
        try:
            self.refs()
        except InvalidModelRef as error:
            raise ValueError(f"sources: {error.message}") from error

    def refs(self) -> tuple[ModelRef, ...]:
        return tuple(map(ModelRef.parse, self.sources))


class _Architecture(_Strict, frozen=True, omit_defaults=True):
    """Keys of the model's `config.json`, under their names there: by them is told what fits."""

    architectures: list[str] = []
    model_type: str | None = None
    num_hidden_layers: int | None = None
    hidden_size: int | None = None
    num_attention_heads: int | None = None
    num_key_value_heads: int | None = None
    head_dim: int | None = None
    intermediate_size: int | None = None
    vocab_size: int | None = None
    max_position_embeddings: int | None = None
    tie_word_embeddings: bool | None = None
    sliding_window: int | None = None
    sliding_window_pattern: int | None = None
    layer_types: list[str] = []
    kv_lora_rank: int | None = None
    qk_rope_head_dim: int | None = None
    num_experts: int | None = None
    num_local_experts: int | None = None
    n_routed_experts: int | None = None
    num_experts_per_tok: int | None = None
    moe_intermediate_size: int | None = None


class AimFile(_Strict, frozen=True):
    """The content of `metadata.yaml`: the labels of the image, and the weights."""

    org: _Org
    com: _Com
    weights: _Weights
    architecture: _Architecture = _Architecture()

    @property
    def aim_id(self) -> str:
        return self.com.amd.aim.model.canonicalName

    @property
    def licenses(self) -> str:
        return self.org.opencontainers.image.licenses

    @property
    def token_required(self) -> bool:
        return self.com.amd.aim.hfToken.required

    @property
    def capabilities(self) -> tuple[str, ...]:
        return tuple(self.com.amd.aim.model.tags)

    @property
    def sources(self) -> tuple[ModelRef, ...]:
        return self.weights.refs()

    @property
    def config(self) -> dict[str, Any]:
        """What is known of the model's `config.json`."""
        found: dict[str, Any] = to_builtins(self.architecture)
        return found

    def size_bytes(self, precision: Precision) -> int | None:
        """Bytes of the whole model in memory at `precision`, None when not known.

        A profile for a precision that no checkpoint of the AIM has loads the checkpoint there is: the
        first one listed (gpt-oss is MXFP4 whatever a general profile is called).
        """
        sizes = self.weights.size_bytes
        return sizes.get(_SAME_SIZE.get(precision, precision)) or next(iter(sizes.values()), None)
