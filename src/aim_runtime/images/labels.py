"""What is written on an image: the labels by which registries, people and AMD's operator know it.

AMD's operator reads them from the registry, before anything is pulled, and makes its model and the
model's templates from them: https://github.com/amd-enterprise-ai/aim-engine (internal/aimmodel).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aim_runtime.errors import InvalidLabel
from aim_runtime.images.deployments import APOSTROPHE, FIELD, recommended, without_apostrophe
from aim_runtime.images.names import BASE, CPU
from aim_runtime.profiles.aim import AimFile
from aim_runtime.profiles.profile import Profile

AIM, OCI = "com.amd.aim", "org.opencontainers.image"
DEPLOYMENTS = f"{AIM}.model.{FIELD}"
LONGEST_DESCRIPTION = 160
# What people read may have an apostrophe: it is written so that nobody takes it for a quote.
_PROSE = tuple(f"{AIM}.{name}" for name in ("title", "release.notes", "description.full")) + tuple(
    f"{OCI}.{name}" for name in ("description", "vendor", "authors")
)
_VENDOR, _LICENSES = "AIM runtime contributors", "MIT"
# Title and description of the images that are for no model of their own.
_ANY_MODEL = {
    BASE: ("AIM Base", "Serves any model on GPUs, by the general profiles: AIM_MODEL_ID says which model."),
    CPU: ("AIM CPU", "Serves any model on a CPU, by the profiles of every AIM: AIM_ID says which of them."),
}


@dataclass(frozen=True)
class Build:
    """What is known of an image when it is built; `created` is a time as RFC 3339 has it."""

    version: str
    revision: str = ""
    created: str = ""
    source: str = ""


def labels(aim: AimFile, profiles: Sequence[Profile], build: Build) -> dict[str, str]:
    """The labels of the image of one AIM, from its metadata.yaml and its own profiles.

    What is empty has no label. Raises InvalidLabel for what those that read the labels would not understand.
    """
    ours, image = aim.com.amd.aim, aim.org.opencontainers.image
    deployments = recommended(aim, profiles)
    return _checked(
        {
            f"{AIM}.title": ours.title,
            f"{AIM}.description.full": ours.description.full,
            f"{AIM}.release.notes": ours.release.notes,
            f"{AIM}.hfToken.required": "true" if ours.hfToken.required else "false",
            f"{AIM}.model.canonicalName": ours.model.canonicalName,
            f"{AIM}.model.publisher": ours.model.publisher,
            f"{AIM}.model.source": ours.model.source,
            f"{AIM}.model.tags": _list(f"{AIM}.model.tags", ours.model.tags),
            f"{AIM}.model.variants": _list(f"{AIM}.model.variants", ours.model.variants),
            DEPLOYMENTS: _as_json(deployments) if deployments else "",
            f"{OCI}.title": aim.aim_id,
            f"{OCI}.description": image.description,
            f"{OCI}.licenses": image.licenses,
            f"{OCI}.vendor": image.vendor,
            f"{OCI}.authors": image.authors,
            f"{OCI}.documentation": image.documentation,
            **_built(build, image.source),
        }
    )


def labels_for_any_model(image: str, build: Build) -> dict[str, str]:
    """The labels of BASE or CPU, which name no model."""
    title, description = _ANY_MODEL[image]
    return _checked(
        {
            f"{AIM}.title": title,
            f"{AIM}.description.full": description,
            f"{OCI}.title": image,
            f"{OCI}.description": description,
            f"{OCI}.licenses": _LICENSES,
            f"{OCI}.vendor": _VENDOR,
            **_built(build, ""),
        }
    )


def _built(build: Build, source: str) -> dict[str, str]:
    return {
        f"{OCI}.source": build.source or source,
        f"{OCI}.version": build.version,
        f"{OCI}.revision": build.revision,
        f"{OCI}.created": build.created,
    }


def _as_json(deployments: list[dict[str, object]]) -> str:
    return json.dumps(deployments, ensure_ascii=False, separators=(",", ":"))


def _list(name: str, items: Sequence[str]) -> str:
    for item in items:
        if "," in item:
            raise InvalidLabel(
                f"{name} has an item with a comma: {item!r}", hint="commas part the items: leave it out"
            )
    return ",".join(items)


def _checked(found: dict[str, str]) -> dict[str, str]:
    return dict(_each_checked(found))


def _each_checked(found: dict[str, str]) -> Iterator[tuple[str, str]]:
    for name, text in found.items():
        if not text:
            continue
        if any(not character.isprintable() for character in text):
            raise InvalidLabel(
                f"{name} is not one line of text: {text!r}",
                hint="write it on one line in metadata.yaml; a link can lead to what is longer",
            )
        value = text.replace("'", APOSTROPHE) if name in _PROSE else text
        without_apostrophe(name, value)
        if name == f"{OCI}.description" and len(value) > LONGEST_DESCRIPTION:
            raise InvalidLabel(
                f"{name} has {len(value)} characters, {LONGEST_DESCRIPTION} are allowed: {value!r}",
                hint="say it shorter in metadata.yaml, and all of it in com.amd.aim.description.full",
            )
        yield name, value
