"""Whether a profile is where and what its name says: the rules of lint about names and folders."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from aim_runtime.authoring.finding import Remark, error, warning
from aim_runtime.engines import ENGINES
from aim_runtime.errors import did_you_mean
from aim_runtime.hardware.devices import BY_MODEL
from aim_runtime.hardware.epyc import KINDS
from aim_runtime.profiles.aim import AimFile
from aim_runtime.profiles.catalog import AIM_FILE
from aim_runtime.profiles.profile import Evidence, Metadata, ProfileFile
from aim_runtime.slo import FIGURES
from aim_runtime.vocabulary import AcceleratorType, Precision

_STEM = re.compile(r"([^-]+)-([^-]+)-([^-]+)-tp(\d+)-([^-]+)(?:-(.+))?")
_SHAPE = "<engine>-<accelerator>-<precision>-tp<N>-<metric>[-<variant>].yaml"
_PROCESSORS = ("CPU", *KINDS)
_PERCENTILE = re.compile(rf"({'|'.join(FIGURES)})_p\d")
_READABLE = re.compile(rf"clients_[1-9]\d*_({'|'.join(FIGURES)})_p\d+_s")
# Names of files that say a precision more exactly than the metadata can.
_SAME_PRECISION = {"mxfp4": Precision.FP4}


def of_names(path: Path, content: ProfileFile) -> Iterator[Remark]:
    """Yield what does not agree of a profile's name, folder, `aim_id` and metadata."""
    yield from _engine(content.metadata)
    yield from _accelerator(content.metadata)
    yield from _stem(path, content.metadata)
    yield from _folder(path, content)
    if content.evidence is None:
        text = "no evidence: nobody can tell where its settings come from"
        fix = "add evidence: source published and release, measured and the figures, or derived and engine"
        yield warning("evidence", (), text, fix)
    else:
        yield from _figures(content.evidence)


def _figures(evidence: Evidence) -> Iterator[Remark]:
    """Percentiles of latencies whose names `AIM_SLO` cannot read, so that they would prove nothing."""
    for name in evidence.figures:
        if _PERCENTILE.search(name) and not _READABLE.fullmatch(name):
            text = f"{name}: a percentile that AIM_SLO does not read"
            fix = "name it clients_<N>_<figure>_p<percentile>_s, in seconds, for example clients_8_ttft_p90_s"
            yield warning("figures", ("evidence", "figures", name), text, fix)


def of_aim(path: Path, aim: AimFile) -> Iterator[Remark]:
    """Yield what does not agree of a `metadata.yaml` and its folder."""
    folder = "/".join(path.absolute().parts[-3:-1])
    if aim.aim_id != folder:
        text = f"canonicalName {aim.aim_id} in the folder {folder}: the AIM is found by its folder"
        fix = f"move the file to {aim.aim_id}/{AIM_FILE}, or mend canonicalName"
        yield error("aim-id", ("com", "amd", "aim", "model", "canonicalName"), text, fix)


def _engine(metadata: Metadata) -> Iterator[Remark]:
    if metadata.engine not in ENGINES:
        text = f"engine {metadata.engine}: not an engine that the runtime can start"
        text += did_you_mean(metadata.engine, ENGINES)
        yield error("engine", ("metadata", "engine"), text, f"write one of: {', '.join(ENGINES)}")


def _accelerator(metadata: Metadata) -> Iterator[Remark]:
    model, location = metadata.accelerator_model, ("metadata", "accelerator_model")
    on_cpu = metadata.accelerator_type is AcceleratorType.CPU
    if model not in BY_MODEL and model not in _PROCESSORS:
        known = (*BY_MODEL, *_PROCESSORS)
        text = f"accelerator_model {model} is not known here{did_you_mean(model, known)}"
        yield warning("accelerator", location, text, f"known: {', '.join(known)}")
    elif (model in _PROCESSORS) != on_cpu:
        right = "gpu" if on_cpu else "cpu"
        text = f"accelerator_model {model} is no {metadata.accelerator_type}"
        yield error("accelerator", location, text, f"write accelerator_type: {right}, or mend the model")


def _stem(path: Path, metadata: Metadata) -> Iterator[Remark]:
    count = metadata.accelerator_count if metadata.accelerator_type is AcceleratorType.GPU else 1
    said = (
        ("engine", metadata.engine),
        ("accelerator_model", metadata.accelerator_model.lower()),
        ("precision", str(metadata.precision)),
        ("accelerator_count", str(count)),
        ("metric", str(metadata.metric)),
    )
    variant = f"-{metadata.variant}" if metadata.variant else ""
    name = "{}-{}-{}-tp{}-{}".format(*(value for _, value in said)) + variant
    found = _STEM.fullmatch(path.stem)
    if found is None:
        text = f"the name {path.name} is not of the shape {_SHAPE}"
        yield warning("file-name", (), text, f"rename it to {name}.yaml")
        return
    for (key, value), in_name in zip(said, found.groups(), strict=False):
        if in_name != value and _SAME_PRECISION.get(in_name) != value:
            text = f"{path.name} says {in_name}, metadata.{key} {getattr(metadata, key)}"
            yield error("file-name", ("metadata", key), text, f"rename it to {name}.yaml, or mend {key}")
    if variant and found[6] != metadata.variant:
        text = f"{path.name} does not end in the variant {metadata.variant}"
        yield error("file-name", ("metadata", "variant"), text, f"rename it to {name}.yaml, or mend variant")


def _folder(path: Path, content: ProfileFile) -> Iterator[Remark]:
    """The catalogue takes a general profile from `general`, and a model's from the folder of its AIM."""
    parts = path.absolute().parts[:-1]
    folder, aim_id, custom = "/".join(parts[-2:]), content.aim_id, "custom" in parts
    if aim_id is None:
        if parts[-1] != "general" and (path.parent / AIM_FILE).is_file():
            text = f"no aim_id and model_id in the folder of {folder}: the catalogue refuses it"
            yield error("aim-id", (), text, f"add aim_id: {folder} and model_id, or move it to general/")
    elif parts[-1] == "general":
        text = f"aim_id {aim_id} in a folder of general profiles"
        fix = f"move it to {'custom/' if custom else ''}{aim_id}/, or remove aim_id and model_id"
        yield error("aim-id", ("aim_id",), text, fix)
    elif aim_id != folder:
        text = f"aim_id {aim_id} in the folder {folder}: the catalogue looks for it in {aim_id}/"
        partly = any(one == other for one, other in zip(aim_id.split("/"), parts[-2:], strict=False))
        raise_it = error if partly or (path.parent / AIM_FILE).is_file() else warning
        if custom and raise_it is warning:
            return  # a user's own folders are read however they are called
        yield raise_it("aim-id", ("aim_id",), text, f"move it to {aim_id}/, or mend aim_id")
