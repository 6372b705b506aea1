"""The models room: what is in a bucket, and what is near to a prefix that is not."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import PurePosixPath
from typing import Any

from aim_runtime.errors import ModelNotFound, VerificationFailed
from aim_runtime.models.cache import is_weights
from aim_runtime.models.ref import ModelRef
from aim_runtime.models.sources import objects, sums
from aim_runtime.models.sources.objects import WHOLE_MODELS, Folder, StoredObject, below, brief
from aim_runtime.models.sources.s3_client import Store
from aim_runtime.models.sources.s3_errors import no_store

_NEAR_PAGES = 3


def folder_of(store: Store, ref: ModelRef) -> Folder:
    """List what is below the prefix of `ref`, or the one object that it names.

    Raises ModelNotFound when there is neither, or no weights: with what is near, or below it.
    """
    prefix = ref.path or ""
    folder = below(prefix, _objects(store, ref.name, f"{prefix}/" if prefix else ""))
    if folder.objects or folder.odd:
        _insist_on_weights(folder, ref)
        return folder
    if prefix.endswith(WHOLE_MODELS):
        for each in _objects(store, ref.name, prefix, most_keys=1):
            if each.key == prefix:
                return Folder({PurePosixPath(prefix).name: each})
    raise ModelNotFound(f"{ref} is not there: {store.shown} has no object below it", hint=_near(store, ref))


def _insist_on_weights(folder: Folder, ref: ModelRef) -> None:
    """Raise where a folder does not hold the weights of one model, naming the models below it."""
    held = objects.lack(folder.objects)
    if held is None:
        return
    models = sorted({_model(name) for name in folder.objects if "/" in name} - {""})
    there = brief([str(replace(ref, path=f"{ref.path}/{name}".strip("/"))) for name in models])
    raise ModelNotFound(
        f"{ref} holds {held}",
        hint=f"name one of the models below it: {there}"
        if models
        else "name a prefix with safetensors files (the original model)",
    )


def promised_sums(store: Store, ref: ModelRef, folder: Folder) -> Mapping[str, str]:
    """Return the SHA-256 by name that a SHA256SUMS file of the folder gives."""
    listed = folder.objects.get(sums.NAME)
    if listed is None:
        return {}
    try:
        if listed.size_bytes > sums.MAX_BYTES:
            raise ValueError(f"it is {listed.size_bytes} bytes long")
        return sums.parse(store.client.get_object(Bucket=ref.name, Key=listed.key)["Body"].read())
    except ValueError as error:
        raise VerificationFailed(
            f"{sums.NAME} of {ref} cannot be used: {error}", hint="write it anew, or delete it"
        ) from error


def _objects(store: Store, bucket: str, start: str, most_keys: int | None = None) -> Iterator[StoredObject]:
    for page in _pages(store, bucket, start, most_keys):
        for entry in page.get("Contents", ()):
            yield StoredObject(entry["Key"], entry["Size"], _quoted(entry.get("ETag")))


def _pages(
    store: Store, bucket: str, start: str, most_keys: int | None = None
) -> Iterator[Mapping[str, Any]]:
    settings = {"PaginationConfig": {"MaxItems": most_keys, "PageSize": most_keys}} if most_keys else {}
    listing = store.client.get_paginator("list_objects_v2")
    for page in listing.paginate(Bucket=bucket, Prefix=start, **settings):
        if "Name" not in page and "IsTruncated" not in page:
            raise no_store(store.shown)  # some other XML, with nothing of a listing in it
        yield page


def _quoted(etag: str | None) -> str | None:
    """Return an ETag as every answer has it; rclone lists them without the quotes."""
    return f'"{etag}"' if etag and '"' not in etag else etag


def _near(store: Store, ref: ModelRef) -> str:
    """Return, in words, the models that are nearest to a prefix where there is none."""
    parent = (ref.path or "").rpartition("/")[0]
    while True:
        pages = islice(_pages(store, ref.name, f"{parent}/" if parent else ""), _NEAR_PAGES)
        keys = [entry["Key"] for page in pages for entry in page.get("Contents", ())]
        models = sorted({_model(key) for key in keys} - {""})
        if models or not parent:
            break
        parent = parent.rpartition("/")[0]
    if not keys:
        return f"the bucket {ref.name} is empty"
    near = difflib.get_close_matches(ref.path or "", models, n=len(models) or 1, cutoff=0.0)
    names = near or sorted({key.partition("/")[0] for key in keys})
    return f"near it are {brief([f's3://{ref.name}/{name}' for name in names])}"


def _model(key: str) -> str:
    """Return the model that an object belongs to as far as its name tells; "" where it does not."""
    if key.endswith(WHOLE_MODELS):
        return key
    folder, _, name = key.rpartition("/")
    return folder if is_weights(name) or name == "config.json" else ""
