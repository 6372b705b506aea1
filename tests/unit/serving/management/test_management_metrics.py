"""/metrics, read by Prometheus' own library."""

from __future__ import annotations

import math

import pytest
from prometheus_client.parser import text_string_to_metric_families

from aim_runtime.serving.life import Stage, View
from aim_runtime.serving.management.exposition import Metric, Sample, exposition
from aim_runtime.serving.management.metrics import metrics
from aim_runtime.version import __version__
from aim_runtime.vocabulary import Phase
from unit.serving.views import FULL, view

Values = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def read(text: str) -> Values:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def told(seen: View) -> Values:
    return read(exposition(metrics(seen, 60)))


@pytest.mark.parametrize("text", ['a "b"', "a\nb", "a\\b", "a\\nb", 'x"} 1\nevil 2', "Größe ✓", "", "{}=,"])
def test_any_text_is_a_label(text: str) -> None:
    found = exposition([Metric("a", "gauge", text, (Sample(1, {"one": text, "two": "2"}),))])
    (family,) = text_string_to_metric_families(found)
    assert family.documentation == text
    assert [(each.labels, each.value) for each in family.samples] == [({"one": text, "two": "2"}, 1)]


@pytest.mark.parametrize("value", [0, 1, 1.5, 1e-9, 12345678901234567, 1e300, math.inf, -math.inf, math.nan])
def test_any_number_is_a_value(value: float) -> None:
    (found,) = read(exposition([Metric("a", "gauge", "b", (Sample(value, {}),))])).values()
    assert found == value or (math.isnan(found) and math.isnan(value))


def test_a_metric_without_samples_is_left_out() -> None:
    assert exposition([Metric("a", "gauge", "b", ())]) == ""


def test_a_whole_service() -> None:
    found = told(FULL)
    info = {
        "aim_id": "acme/model",
        "model_id": "acme/model",
        "profile": "vllm-mi300x-fp16-tp8-latency",
        "engine": "vllm",
        "engine_version": "0.32.0",
        "version": __version__,
        "accelerator": "MI300X",
        "count": "8",
    }
    assert found[("aim_info", tuple(sorted(info.items())))] == 1
    plain = {name: value for (name, labels), value in found.items() if not labels}
    assert plain == {
        "aim_live": 1,
        "aim_ready": 1,
        "aim_bytes_fetched_total": 100,
        "aim_cache_hit": 0,
        "aim_restarts_total": 1,
        "aim_stalled_seconds": 0,
        "aim_fit_predicted_kv_tokens": 1000,
        "aim_engine_kv_tokens": 900,
        "aim_adapters": 1,
    }
    assert found[("aim_failure", (("code", "engine.kv_too_small"),))] == 1
    phases = {dict(labels)["phase"]: value for (name, labels), value in found.items() if name == "aim_phase"}
    assert phases == {str(each): float(each is Phase.READY) for each in Phase}
    assert found[("aim_startup_phase_seconds", (("phase", "surveying"),))] == 2
    assert ("aim_startup_phase_seconds", (("phase", "ready"),)) not in found


def test_before_anything_is_known() -> None:
    found = told(view(Phase.SURVEYING))
    names = {name for name, _ in found}
    assert {"aim_info", "aim_live", "aim_ready", "aim_phase"} <= names
    assert not names & {"aim_cache_hit", "aim_engine_kv_tokens", "aim_fit_predicted_kv_tokens", "aim_failure"}
    (labels,) = (dict(labels) for name, labels in found if name == "aim_info")
    assert labels.pop("version") == __version__
    assert set(labels.values()) == {""}
    assert found[("aim_live", ())] == 1
    assert found[("aim_ready", ())] == 0


def test_a_phase_that_is_passed_twice_is_one_series() -> None:
    stages = (Stage(Phase.LOADING, 0, 5), Stage(Phase.STARTING, 5, 1), Stage(Phase.LOADING, 6, 7))
    found = told(view(Phase.LOADING, stages=stages))
    assert found[("aim_startup_phase_seconds", (("phase", "loading weights"),))] == 12


def test_names_and_kinds_are_as_prometheus_wants_them() -> None:
    for family in text_string_to_metric_families(exposition(metrics(FULL, 60))):
        assert family.documentation
        assert family.type in ("gauge", "counter")
        assert all(each.name.endswith("_total") == (family.type == "counter") for each in family.samples)
