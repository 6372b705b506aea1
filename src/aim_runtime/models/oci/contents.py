"""The models room: which files an artifact or image brings, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aim_runtime.errors import ModelNotFound, VerificationFailed
from aim_runtime.models.oci import media
from aim_runtime.models.oci.manifest import Descriptor, Manifest
from aim_runtime.models.oci.media import Packing
from aim_runtime.models.wanted import is_inside

# Where an image that carries a model has it: https://kserve.github.io/website/docs/model-serving/storage/providers/oci
MODELCAR_FOLDER = "models"


@dataclass(frozen=True)
class Archive:
    """A layer that is to be unpacked: what is in its folder `below`, or all of it where that is empty."""

    descriptor: Descriptor
    packing: Packing
    below: str = ""


@dataclass(frozen=True)
class Contents:
    """`files` are layers that are a file each, by their path in the model; `archives` in their order."""

    files: Mapping[str, Descriptor]
    archives: tuple[Archive, ...]


def contents_of(manifest: Manifest, where: str) -> Contents:
    """Return what the layers of `manifest` bring.

    Raises ModelNotFound where nothing in it can be a model, VerificationFailed for a path that leads out
    of the model's folder.
    """
    for layer in manifest.layers:
        if "encrypted" in layer.media_type:
            raise ModelNotFound(
                f"{where} has an encrypted layer ({layer.media_type}), which is not read",
                hint="decrypt it with skopeo copy --decryption-key, and name the copy",
            )
    if manifest.config.media_type in media.IMAGE_CONFIGS and not manifest.artifact_type:
        return Contents({}, tuple(_image_layer(layer, where) for layer in manifest.layers))
    files: dict[str, Descriptor] = {}
    archives: list[Archive] = []
    for layer in manifest.layers:
        if layer.media_type.startswith(media.UNUSED):
            continue
        path = layer.annotation(*media.PATHS) or media.NAMELESS.get(layer.media_type)
        if _is_archive(layer):
            archives.append(Archive(layer, media.packing_of(layer.media_type)))
        elif path is not None:
            files[_checked(path, where)] = layer
    if not files and not archives:
        raise ModelNotFound(f"{where} is not a model: it is {_in_words(manifest)}", hint=_HINT)
    return Contents(files, tuple(archives))


_HINT = (
    "name a ModelPack or ORAS artifact whose layers carry the paths of the files, "
    f"or an image that has the model in /{MODELCAR_FOLDER}"
)


def _image_layer(layer: Descriptor, where: str) -> Archive:
    packing = media.packing_of(layer.media_type)
    if packing is Packing.RAW:
        raise ModelNotFound(
            f"{where} is an image with a layer of the type {layer.media_type}, which is not read",
            hint="build it with layers that are tar, tar+gzip or tar+zstd",
        )
    return Archive(layer, packing, MODELCAR_FOLDER)


def _is_archive(layer: Descriptor) -> bool:
    if media.packing_of(layer.media_type) is Packing.RAW:
        return False
    # ORAS calls any file it was told nothing about an image's tar, and names it: only the mark says that
    # it has to be unpacked. https://oras.land/docs/how_to_guides/pushing_and_pulling
    named = layer.annotation(media.PATHS[1]) is not None and layer.media_type.startswith(
        "application/vnd.oci.image.layer."
    )
    return not named or layer.annotation(media.UNPACK) == "true"


def _checked(path: str, where: str) -> str:
    path = path.removeprefix("./")
    if not is_inside(path) or path.endswith("/"):
        raise VerificationFailed(
            f"{where} has a file of the path {path!r}, which leads out of the model's folder",
            hint="do not use it: who made it means harm, or made a mistake",
        )
    return path


def _in_words(manifest: Manifest) -> str:
    kind = manifest.artifact_type or manifest.config.media_type
    types = sorted({layer.media_type for layer in manifest.layers})
    return f"an artifact of the type {kind} with layers of {', '.join(types) or 'no type: it has none'}"
