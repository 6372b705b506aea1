"""The models room: an S3 store, Amazon's or any other. botocore asks; the byte mover reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from aim_runtime.errors import SourceUnreachable
from aim_runtime.models import background
from aim_runtime.models.events import Notice, Report
from aim_runtime.models.ref import ARCHIVES, ModelRef
from aim_runtime.models.sources.bring import bring, bring_archive
from aim_runtime.models.sources.objects import choose_files
from aim_runtime.models.sources.s3_client import Store, Traffic, open_store, require_library
from aim_runtime.models.sources.s3_digests import with_digests
from aim_runtime.models.sources.s3_errors import explain, foreign_errors, silent
from aim_runtime.models.sources.s3_listing import folder_of, promised_sums
from aim_runtime.models.sources.s3_refusal import Place
from aim_runtime.models.sources.s3_settings import shown_endpoint
from aim_runtime.models.sources.s3_signing import S3Origin
from aim_runtime.models.sources.source import Fetched
from aim_runtime.models.transfer.http import HttpConnection
from aim_runtime.models.transfer.remote import Connection, Snapshot

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/directory-buckets-overview.html
_DIRECTORY_BUCKET = "--x-s3"


@dataclass(frozen=True)
class S3Source:
    """The store that `environment` names, with the keys and the region that it gives.

    A store that says nothing for `decide_within_s` is given up; one that lists on for longer is not.
    """

    environment: Mapping[str, str] = field(repr=False)
    decide_within_s: float = 8.0

    def check(self, ref: ModelRef) -> int:
        """Return the bytes that a fetch would take; raises what one would before the first of them."""
        return sum(file.size_bytes for file in self.snapshot(ref, lambda _: None).files)

    def fetch(self, ref: ModelRef, into: Path, report: Report) -> Fetched:
        """Bring the objects below the prefix that `ref` names, or the one object, and unpack that."""
        if (ref.path or "").endswith(ARCHIVES):
            files = self.snapshot(ref, lambda _: None).files
            if len(files) == 1:  # else a folder that is called so
                return bring_archive(self, ref, files[0], into, report)
        return bring(self, ref, into, report)

    def snapshot(self, ref: ModelRef, report: Report) -> Snapshot:
        """List the objects that make the model, and what the store promises of their bytes."""
        traffic = Traffic()
        answer = background.start(lambda: self._look(ref, traffic))
        heard = -1
        while not answer.done() and heard != traffic.answers:
            heard = traffic.answers
            background.answered(answer, report, self.decide_within_s)
        if not answer.done():
            raise silent(shown_endpoint(self.environment), self.decide_within_s)
        snapshot, notices = answer.result()
        for text in notices:
            report(Notice(text))
        return snapshot

    def _look(self, ref: ModelRef, traffic: Traffic) -> tuple[Snapshot, tuple[str, ...]]:
        require_library()
        if ref.name.endswith(_DIRECTORY_BUCKET):
            raise SourceUnreachable(
                f"{ref.name} is a directory bucket, which has keys for sessions of its own: it is not read",
                hint="copy the model to a general purpose bucket",
            )
        # Longer than anybody waits, so that the one who waits says it, and always in the same words.
        patience_s = self.decide_within_s + 1
        place = Place(ref.name, shown_endpoint(self.environment))
        try:
            store = open_store(self.environment, traffic, patience_s)
            place = replace(place, region=store.region, signed=store.credentials is not None)
            return _choose(store, place, ref)
        except foreign_errors() as error:
            raise explain(error, place) from error


def _choose(store: Store, place: Place, ref: ModelRef) -> tuple[Snapshot, tuple[str, ...]]:
    folder = folder_of(store, ref)
    chosen = choose_files(folder, promised_sums(store, ref, folder))
    files = with_digests(store, place, chosen.files)
    unsure = sum(file.digest is None for file in files)
    notices = chosen.notices
    if unsure:
        notices += (
            f"{unsure} of {len(files)} files of {ref} are checked by size and header only: "
            f"{store.shown} promises no checksum of them",
        )
    # Where the listing was answered: a bucket has a host and a region of its own.
    origin = S3Origin(place, store.traffic.base_url, store.traffic.region, store.credentials)

    def connect() -> Connection:
        return HttpConnection(origin, store.environment)

    return Snapshot(chosen.revision[:16], files, connect), notices
