"""Each check fails for what it is there for, and no other one does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from aim_runtime.validate.capabilities import Capability, Declared, undeclared
from aim_runtime.validate.listed import GATING, OFFLINE_CHECKS
from integration.validate.support import ALL, MODEL, Fake, fake_api
from running import free_port


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fake]:
    with fake_api(tmp_path_factory.mktemp("api")) as fake:
        yield fake


@pytest.fixture
def fake(api: Fake) -> Iterator[Fake]:
    api.breaks()
    yield api
    api.breaks()


def test_a_service_that_is_right_passes_every_check(fake: Fake) -> None:
    service = fake.answering()
    found = fake.results(service)
    assert {name: each.detail for name, each in found.items() if not each.success} == {}
    assert [each.name for each in found.values() if each.skipped] == []
    assert [each.warnings for each in found.values() if each.warnings] == []
    assert list(found) == [check.name for check in OFFLINE_CHECKS]
    assert service.model == MODEL
    assert service.context_length == 1000
    assert service.times.warmup_succeeded is True
    assert service.times.warmup_attempts == 1
    assert service.times.jit_suspected is False
    assert service.times.ready_time_seconds is not None


WRONG = [
    ("models-500", "api_health", "answered 500"),
    ("no-model", "api_health", "names no model"),
    ("cold", "warmup", "not warm"),
    ("no-text", "completions_endpoint", "choices[0].text is NoneType"),
    ("empty-chat", "chat_completions_endpoint", "no text"),
    ("tool-leak", "tool_invocation", "<tool_call>"),
    ("no-forced-call", "tool_invocation", "told to call get_weather"),
    ("bad-arguments", "tool_invocation", "no JSON text"),
    ("always-calls", "tool_avoidance", "in spite of tool_choice none"),
    ("no-schema", "structured_output", "asked for JSON by a schema"),
    ("no-nested", "structured_output_nested", "asked for JSON by a schema"),
    ("no-choice", "structured_output_choice", "'any city'"),
    ("think-leak", "reasoning", "<think>"),
    ("bad-sum", "response_shape", "are not"),
    ("bad-type", "response_shape streaming_equivalence", "created is 'now', not a whole number"),
    ("error-shape", "response_shape", "an error has no error"),
    ("stream-differs", "streaming_equivalence", "streamed"),
    ("stream-type", "streaming_equivalence", "text/plain"),
    ("no-done", "streaming_equivalence", "[DONE]"),
    ("no-usage", "streaming_equivalence", "usage"),
    ("glued", "streaming_equivalence", "empty line"),
    ("cut", "context_limit", "answered with 200, not 400"),
    ("limit-500", "context_limit", "answered with 500, not 400"),
    ("stop-kept", "stop_sequences", "still has"),
    ("stop-length", "stop_sequences", "finish_reason is 'length'"),
    ("no-stop-list", "stop_sequences", "stop as a list"),
    ("no-stop-stream", "stop_sequences", "stop in a stream"),
    ("ascii", "unicode", "came back as"),
    ("halves", "unicode", "surrogate pair"),
    ("torn", "unicode", "not UTF-8"),
    ("keeps-going", "cancellation", "still written"),
    ("any-model", "unknown_model", "answered 200, not 404"),
    ("model-400", "unknown_model", "answered 400, not 404"),
]


@pytest.mark.parametrize(("what", "checks", "words"), WRONG, ids=[what for what, _, _ in WRONG])
def test_what_is_wrong_fails_its_check_and_no_other(fake: Fake, what: str, checks: str, words: str) -> None:
    fake.breaks(what)
    found = fake.results()
    failed = {name: each for name, each in found.items() if not each.success}
    assert list(failed) == checks.split(), {name: each.detail for name, each in failed.items()}
    for each in failed.values():
        assert words in each.detail
        assert each.fix
    if each.name in GATING:
        assert any(other.skipped for other in found.values())
    else:
        assert not any(other.skipped for other in found.values())


def test_every_check_can_fail() -> None:
    assert {name for _, names, _ in WRONG for name in names.split()} == {each.name for each in OFFLINE_CHECKS}


@pytest.mark.parametrize(
    ("what", "name", "words"),
    [
        ("no-metrics", "cancellation", "no metrics"),
        ("no-length", "context_limit", "context_length in --config"),
    ],
)
def test_what_cannot_be_told_is_skipped_with_words(fake: Fake, what: str, name: str, words: str) -> None:
    fake.breaks(what)
    found = fake.results()
    assert [each.name for each in found.values() if each.skipped] == [name]
    assert words in found[name].detail
    assert all(each.success for each in found.values())


@pytest.mark.parametrize(
    ("what", "name", "words"),
    [
        ("no-health", "api_health", "/health answered 404"),
        ("no-reasoning", "reasoning", "no answer has a field"),
    ],
)
def test_what_is_odd_is_a_warning(fake: Fake, what: str, name: str, words: str) -> None:
    fake.breaks(what)
    found = fake.results()
    assert all(each.success for each in found.values())
    assert [each.name for each in found.values() if each.warnings] == [name]
    assert words in found[name].warnings[0]


def test_reasoning_under_its_older_name_counts(fake: Fake) -> None:
    fake.breaks("old-name")
    assert fake.results()["reasoning"].value == 1.0


def test_an_undeclared_capability_is_skipped(fake: Fake) -> None:
    found = fake.results(fake.answering(declared=undeclared()))
    skipped = [each.name for each in found.values() if each.skipped]
    assert skipped == [check.name for check in OFFLINE_CHECKS if check.capability]
    assert "--config can declare it" in found["reasoning"].detail
    assert all(each.success for each in found.values())


def test_a_service_with_chat_alone_is_warmed_by_it(fake: Fake) -> None:
    fake.breaks("chat-only")
    found = fake.results()
    assert found["warmup"].success
    assert not found["completions_endpoint"].success
    assert found["chat_completions_endpoint"].success


def test_a_name_that_is_not_served_is_told(fake: Fake) -> None:
    found = fake.results(fake.answering(model="acme/absent"))
    assert "does not serve acme/absent; it serves acme/tiny, acme/other" in found["api_health"].detail
    assert all(each.skipped for each in list(found.values())[1:])


def test_where_nothing_listens_it_is_told_soon() -> None:
    fake = Fake(f"http://127.0.0.1:{free_port()}", None)  # type: ignore[arg-type]
    found = fake.results()
    assert "Connection refused" in found["api_health"].detail
    assert all(each.skipped for each in list(found.values())[1:])


def test_leaks_are_looked_for_where_a_capability_is_declared(fake: Fake) -> None:
    fake.breaks("think-leak")
    found = fake.results(fake.answering(declared={**ALL, Capability.REASONING: Declared(False, "no")}))
    assert all(each.success for each in found.values())
