"""What breaks when weights are fetched, kept and served, and the tests which show that it is withstood.

A row for each failure that was seen with other programs. Every test that a row names must exist: who renames
one changes this table too.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parent

_MODELS = "integration/models"
_HUB = f"{_MODELS}/test_fetch_hub.py"
_LAYOUT = f"{_MODELS}/test_hf_layout.py"
_DAMAGED = f"{_MODELS}/test_serve_damaged.py"
_ORPHANS = f"{_MODELS}/test_orphans.py"
_FAULTS = f"{_MODELS}/transfer/test_faults.py"
_RESUME = f"{_MODELS}/transfer/test_resume.py"
_BRING = f"{_MODELS}/transfer/test_bring.py"
_ROOM = f"{_MODELS}/transfer/test_room_and_memory.py"
_REPLICAS = f"{_MODELS}/share/test_replicas.py"
_LEASES = f"{_MODELS}/share/test_leases.py"
_USERS = f"{_MODELS}/share/test_users.py"
_READ_ONLY = f"{_MODELS}/share/test_read_only.py"
_FILE_SYSTEMS = f"{_MODELS}/share/test_file_systems.py"
_PUBLISHING = f"{_MODELS}/share/test_publishing.py"
_FULL = f"{_MODELS}/share/test_full_disk.py"
_S3 = f"{_MODELS}/s3"
_PREFLIGHT, _MANIFEST = "unit/models/test_preflight.py", "unit/models/test_manifest.py"
_HOME, _COMPILED = "unit/engines/test_home.py", "integration/test_serve_compiled.py"
_VERIFY, _PRUNE = "integration/test_cache_verify.py", "integration/test_cache_prune.py"
_DOWNLOAD, _EXPORT = "integration/test_download_to_cache.py", "integration/test_cache_export.py"

# What fails: the tests, by their file.
FAILURES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "a partial folder is taken for a model": {
        _PREFLIGHT: (
            "test_one_byte_too_few_or_too_many",
            "test_the_manifest_knows_sizes_that_no_header_does",
            "test_it_takes_less_than_a_millisecond_a_shard",
        ),
        _MANIFEST: ("test_what_is_sealed_can_be_read", "test_what_cannot_be_understood_counts_as_none"),
        _HUB: ("test_fetches_a_damaged_folder_again", "test_a_fetch_that_is_killed_leaves_no_model"),
        _LAYOUT: ("test_a_damaged_snapshot_is_replaced_and_its_blobs_too",),
        _DAMAGED: ("test_a_damaged_hub_copy_is_left_and_a_whole_one_is_served",),
    },
    "a missing shard, and garbage is served": {
        _PREFLIGHT: ("test_a_missing_shard", "test_a_missing_shard_where_the_index_is_missing_too"),
        _DAMAGED: ("test_a_quantised_model_that_lacks_a_shard_never_reaches_the_engine",),
    },
    "a byte that is flipped on the way": {
        _HUB: ("test_a_byte_changed_on_the_way_is_seen",),
        _FAULTS: (
            "test_one_flipped_byte_is_fetched_again",
            "test_a_byte_that_is_always_flipped_is_said_and_set_aside",
        ),
        f"{_MODELS}/oci/test_oci_errors.py": ("test_a_layer_with_other_bytes",),
        f"{_MODELS}/modelscope/test_modelscope.py": ("test_a_byte_changed_on_the_way_is_seen",),
        f"{_S3}/test_s3_fetch.py": ("test_what_was_promised_and_did_not_arrive",),
        f"{_S3}/test_s3_digests.py": ("test_checksums_of_the_whole_object",),
        "unit/models/transfer/test_digests.py": ("test_each_algorithm",),
    },
    "killed in the middle of a download": {
        _RESUME: (
            "test_killed_twenty_times_at_any_byte",
            "test_after_a_restart_of_the_machine_only_what_can_be_checked_is_believed",
            "test_whole_files_are_not_read_again_and_changed_ones_are",
        ),
        _HUB: ("test_a_fetch_that_is_killed_leaves_no_model",),
        _DOWNLOAD: ("test_stopped_it_leaves_what_the_next_goes_on_with",),
        _REPLICAS: ("test_one_that_is_killed_is_followed_at_once_and_not_from_zero",),
        _PUBLISHING: ("test_what_a_killed_process_left_in_the_trash_is_removed",),
    },
    "what other programs leave when they are killed": {
        _ORPHANS: (
            "test_the_hubs_client_is_killed_and_prune_tidies_up",
            "test_the_hubs_client_is_killed_and_our_fetch_tidies_up",
            "test_boto3_is_killed",
        ),
        _PRUNE: ("test_leftovers",),
    },
    "a connection that drops early, each time": {
        _FAULTS: ("test_a_drop_costs_no_byte_that_had_come", "test_what_another_try_mends"),
    },
    "a connection that stalls": {
        _FAULTS: ("test_a_stalled_connection_is_left_for_another", "test_a_trickle_is_a_stall"),
    },
    "401, 403, 404": {
        _HUB: (
            "test_a_gate",
            "test_a_missing_token_is_said_before_anything_is_asked",
            "test_no_such_model_or_revision",
        ),
        _FAULTS: ("test_a_refusal_is_final_and_in_the_words_of_the_source",),
        _DOWNLOAD: ("test_a_model_that_is_not_there_or_behind_a_gate",),
        "integration/test_planted_secrets.py": ("test_serve", "test_failures"),
    },
    "access is revoked, and a copy is in the cache": {
        _VERIFY: ("test_access_that_was_taken_away",),
        _HUB: ("test_fetches_what_the_engine_reads_once",),
    },
    "a full disk": {
        _HUB: ("test_too_little_room_is_said_before_the_first_byte",),
        _DOWNLOAD: ("test_a_disk_that_is_too_small_is_said_before_the_first_byte",),
        _FULL: ("test_a_disk_that_another_program_fills", "test_a_quota_that_is_used_up"),
        _ROOM: ("test_room_is_taken_at_once_where_that_is_no_writing",),
    },
    "killed for the dirty pages of a network file system": {
        _ROOM: ("test_pages_of_a_network_file_system_are_written_and_forgotten",),
    },
    "several replicas, one cache": {
        _REPLICAS: (
            "test_three_at_once_fetch_once",
            "test_three_writers_where_locks_do_not_work",
            "test_one_that_was_stopped_for_too_long_yields_to_who_took_over",
            "test_the_clock_of_a_waiting_machine_is_wrong",
        ),
        _LEASES: ("test_two_that_see_the_same_stale_lease_do_not_take_each_others",),
        _RESUME: ("test_two_processes_at_one_folder_do_no_harm",),
    },
    "a user id that nobody knows": {
        _USERS: (
            "test_what_one_user_fetches_is_the_groups",
            "test_what_one_user_began_another_finishes",
            "test_one_user_mends_what_another_has",
        ),
        _HOME: ("test_anothers_home_is_not_ones_own", "test_a_hugging_face_folder_of_anothers"),
        _COMPILED: ("test_without_a_home_the_engine_gets_one", "test_the_users_own_folder_wins"),
        _HUB: ("test_a_saved_token_that_is_closed_to_this_user",),
    },
    "a read-only cache": {
        _READ_ONLY: (
            "test_a_whole_model_is_served_from_a_read_only_cache",
            "test_what_a_read_only_cache_lacks_is_named",
            "test_a_cache_that_is_closed_to_this_user_is_as_good_as_read_only",
        ),
        _DOWNLOAD: ("test_a_cache_that_is_read_only",),
    },
    "no links, no renames": {
        _FILE_SYSTEMS: (
            "test_a_mount_that_only_writes_files_from_the_start",
            "test_a_mount_without_links_and_modes",
            "test_a_file_system_that_renames_nothing",
        ),
        _LAYOUT: ("test_where_there_are_no_links_the_snapshot_holds_the_files",),
        _LEASES: ("test_an_ordinary_file_system_can_do_everything",),
    },
    "the old file goes before the new one is there": {
        _HUB: ("test_an_older_copy_stays_until_the_newer_one_is_whole",),
        _PUBLISHING: ("test_when_the_new_one_is_gone_the_old_one_stays",),
    },
    "odd S3 stores": {
        # Each of four stores: two of them know nothing but signature version 4, one answers a range with 200.
        f"{_S3}/test_s3_credentials.py": ("test_a_store_of_ones_own_is_one_host_for_all_buckets",),
        f"{_S3}/test_s3_every_store.py": (
            "test_lists_what_is_below_the_prefix_and_nothing_beside_it",
            "test_reads_any_range_of_any_name",
            "test_what_it_promises_is_true",
        ),
        # A range with 200, another range than was asked for, a byte too many.
        _FAULTS: ("test_odd_servers", "test_what_another_try_mends"),
        f"{_S3}/test_s3_digests.py": (
            "test_an_etag_of_a_single_part_is_an_md5",
            "test_several_parts_have_no_checksum_of_the_whole",
            "test_sha256sums_win",
        ),
    },
    "an object is replaced while it is fetched": {
        f"{_S3}/test_s3_reading.py": (
            "test_an_object_that_is_replaced_after_it_was_listed",
            "test_an_object_that_is_replaced_where_if_match_is_ignored",
        ),
        f"{_S3}/test_s3_fetch.py": ("test_the_state_that_it_changes_to_is_fetched",),
        f"{_S3}/test_s3_listing.py": ("test_the_revision_is_that_of_what_is_there",),
        _FAULTS: ("test_another_version_in_the_middle_never_mixes_with_the_first",),
        _BRING: ("test_replaced_once", "test_replaced_again_and_again"),
    },
    "a revision that drifts": {
        _HUB: (
            "test_fetches_what_the_engine_reads_once",
            "test_a_revision_that_the_folder_does_not_hold_is_fetched",
        ),
        _VERIFY: ("test_what_the_source_has_now",),
    },
    "no network": {
        _DOWNLOAD: ("test_downloaded_then_served_with_the_network_gone",),
        "integration/test_every_source.py": ("test_downloaded_then_served_with_the_source_gone",),
        _HUB: ("test_offline_uses_what_is_there_and_asks_nobody",),
        _EXPORT: ("test_there_and_back", "test_a_folder_can_be_checked_without_us"),
        "integration/test_cache_export_registry.py": ("test_an_exported_model_by_way_of_a_registry",),
    },
}


@cache
def defined_in(file: str) -> frozenset[str]:
    """The functions that a file defines, read and not run."""
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


def missing(row: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    for file, names in row.items():
        known = defined_in(file) if (TESTS / file).is_file() else frozenset()
        yield from (f"{file}::{name}" for name in names if name not in known)


@pytest.mark.parametrize("failure", FAILURES)
def test_every_failure_has_tests(failure: str) -> None:
    assert any(FAILURES[failure].values())
    assert list(missing(FAILURES[failure])) == []


def test_a_test_that_is_not_there_is_named() -> None:
    row = {_HUB: ("test_a_gate", "test_no_such_test"), "no/such_file.py": ("test_x",)}
    assert list(missing(row)) == [f"{_HUB}::test_no_such_test", "no/such_file.py::test_x"]
