"""Damage that is found after the engine became ready: said aloud, because it serves already."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from aim_runtime.errors import VerificationFailed
from aim_runtime.models import manifest
from aim_runtime.models.events import Event, Notice, Progress
from aim_runtime.models.page_cache import resident_share
from aim_runtime.overlap import Overlap
from aim_runtime.plan import Plan, make_plan
from aim_runtime.settings import Settings
from aim_runtime.site import survey
from aim_runtime.vocabulary import AcceleratorType
from tiny_model import write_tiny_model


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """A plan for a sealed model in the cache, of which one byte is another now."""
    folder = write_tiny_model(tmp_path / "models/acme/tiny")
    manifest.seal(folder, "hf://acme/tiny", None, lambda event: None)
    with (folder / "model.safetensors").open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"x")
    env = {"AIM_MODEL_ID": "acme/tiny", "AIM_CACHE_PATH": str(tmp_path / "models")}
    settings = Settings.from_env({**env, "AIM_ACCELERATOR_TYPE": AcceleratorType.CPU})
    return make_plan(settings, survey(settings))


def finish(overlap: Overlap) -> None:
    deadline = time.monotonic() + 10
    while not overlap.finished and time.monotonic() < deadline:
        time.sleep(0.01)


def test_damage_found_late_is_said(plan: Plan) -> None:
    told: list[Event] = []
    overlap = Overlap(plan, told.append)
    with overlap.of(plan.location.path):
        finish(overlap)
        overlap.check_late()
        overlap.check_late()
    grave = [event.text for event in told if isinstance(event, Notice) and event.grave]
    assert len(grave) == 1
    assert "model.safetensors is damaged: SHA-256" in grave[0]
    assert "the engine serves from it already, and its answers may be wrong" in grave[0]
    assert not [event for event in told if isinstance(event, Notice) and "nothing is damaged" in event.text]


def test_damage_found_in_time_is_raised(plan: Plan) -> None:
    overlap = Overlap(plan, lambda event: None)
    with overlap.of(plan.location.path):
        finish(overlap)
        with pytest.raises(VerificationFailed):
            overlap.check()


def test_what_was_fetched_by_this_start_is_known_to_be_right(plan: Plan) -> None:
    told: list[Event] = []
    folder = plan.location.path
    overlap = Overlap(plan, told.append)
    manifest.seal(folder, "hf://acme/tiny", None, lambda event: None)  # as a fetch does
    with overlap.of(folder):
        assert overlap.finished
    assert not [event for event in told if isinstance(event, Notice | Progress)]
    assert resident_share(folder / "model.safetensors") == 1.0
