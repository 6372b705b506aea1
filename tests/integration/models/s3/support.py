"""What the tests of the S3 source share: small models as objects, and a source with what it said."""

from __future__ import annotations

import hashlib
import json
import random
import struct
from collections.abc import Mapping
from dataclasses import dataclass

from aim_runtime.models.events import Event, Notice
from aim_runtime.models.ref import ModelRef
from aim_runtime.models.sources.s3 import S3Source
from aim_runtime.models.transfer.remote import RemoteFile, Snapshot


def weights(payload_bytes: int, seed: int = 0) -> bytes:
    """A safetensors file, whole and full of noise."""
    tensors = {"t": {"dtype": "U8", "shape": [payload_bytes], "data_offsets": [0, payload_bytes]}}
    header = json.dumps(tensors).encode()
    return struct.pack("<Q", len(header)) + header + random.Random(seed).randbytes(payload_bytes)


def model(payload_bytes: int = 100_000, seed: int = 0) -> dict[str, bytes]:
    """The files of a model by name."""
    config = json.dumps({"architectures": ["LlamaForCausalLM"], "seed": seed}).encode()
    return {"config.json": config, "model.safetensors": weights(payload_bytes, seed)}


def below(prefix: str, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The same files as objects below a prefix."""
    return {f"{prefix}/{name}": body for name, body in files.items()}


# What every store of these tests has: a model with an odd name in it, and another one beside it.
MODEL = {**model(300_000), "sub dir/odd +%20 ü#?&=~.json": b'{"odd": true}', "tokenizer.json": b"{}"}
ALL = {**below("org/m", MODEL), **below("org/m2", model(seed=2)), "top.gguf": b"GGUF"}


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


@dataclass(frozen=True)
class Listed:
    """A snapshot, and what the source had to say about it."""

    snapshot: Snapshot
    notices: tuple[str, ...]

    @property
    def files(self) -> dict[str, RemoteFile]:
        return {file.name: file for file in self.snapshot.files}

    def read(self, name: str, start: int = 0, stop: int | None = None) -> bytes:
        """Bytes of a file, by a connection of the snapshot."""
        file, connection = self.files[name], self.snapshot.connect()
        try:
            end = file.size_bytes if stop is None else stop
            return b"".join(bytes(piece) for piece in connection.read(file, start, end))
        finally:
            connection.close()


def listed(environment: Mapping[str, str], address: str, decide_within_s: float = 8.0) -> Listed:
    """What the source lists at an address."""
    events: list[Event] = []
    source = S3Source(environment, decide_within_s)
    snapshot = source.snapshot(ModelRef.parse(address), events.append)
    return Listed(snapshot, tuple(event.text for event in events if isinstance(event, Notice)))
