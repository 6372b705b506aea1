"""An AIM's `metadata.yaml`: what the model is, its terms, and where its weights come from."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct

from aim_runtime.errors import InvalidModelRef
from aim_runtime.models.ref import ModelRef
from aim_runtime.vocabulary import Precision

# One size for every 16-bit format.
_SAME_SIZE = {Precision.FP16: Precision.BF16}


class _Strict(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A mapping whose keys are all named; those of the image's labels keep the labels' spelling."""


class _Model(_Strict, frozen=True):
    canonicalName: str
    publisher: str
    source: str = ""
    tags: list[str] = []
    variants: list[str] = []
    recommendedDeployments: list[dict[str, Any]] = []


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


class _Architecture(_Strict, frozen=True):
    """Keys of the model's `config.json`, under their names there."""

    num_attention_heads: int | None = None
    num_key_value_heads: int | None = None


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

    def size_bytes(self, precision: Precision) -> int | None:
        """Bytes of the whole model in memory at `precision`, None when not known."""
        return self.weights.size_bytes.get(_SAME_SIZE.get(precision, precision))
