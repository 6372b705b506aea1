"""Do answers stay what they were? The same prompts to every configuration, compared with the reference's.

Rounding differs with kernels and batches, and after one other token the texts part: equal texts are too much
to ask. What is compared is the probability that a configuration gives to the reference's own answer, token by
token, and how far its own answer goes along with it.
"""

from __future__ import annotations

import json
import math
import urllib.request
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError

from aim_runtime.errors import BenchmarkFailed
from aim_runtime.service.target import Service
from aim_runtime.tune.prompts import PROMPTS

TOKENS = 32
# Nats a token. On a CPU in bf16, the engine's own kernels differ from one another by far less.
LIMIT_NATS = 0.1
# The share of its answer that must be the reference's, on average; more where no probability is to be had.
LEAST_ALIKE, LEAST_ALIKE_ALONE = 0.5, 0.7
_WITHIN_S = 300.0


@dataclass(frozen=True)
class Answers:
    """The reference's answers: token ids where the service gives them, else the words of the text.

    `prompts` are the ids of each prompt and `scores` the log probability of each token of each answer, both
    empty where the service does not tell.
    """

    answers: tuple[tuple[Any, ...], ...]
    prompts: tuple[tuple[int, ...], ...] = ()
    scores: tuple[tuple[float, ...], ...] = ()


@dataclass(frozen=True)
class Agreement:
    """`alike`: the mean share of an answer until it parts from the reference's; `nats`: the mean absolute
    difference of the log probability of a token of the reference's answer, None where it is not known.
    """

    alike: float
    same: int
    of: int
    nats: float | None

    @property
    def against(self) -> str:
        """Why these are not the answers of the same model; empty where they are."""
        if self.nats is not None and not self.nats <= LIMIT_NATS:
            return f"answers differ: {self.nats:.3f} nats a token, {LIMIT_NATS:g} allowed"
        least = LEAST_ALIKE_ALONE if self.nats is None else LEAST_ALIKE
        if self.alike < least:
            return f"answers differ: {self.alike:.0%} of them alike, {least:.0%} wanted"
        return ""


def ask(service: Service, environment: Mapping[str, str]) -> Answers:
    """Ask for the answers of a reference. Raises BenchmarkFailed where there are none."""
    said = _completions(
        service,
        environment,
        PROMPTS,
        {"max_tokens": TOKENS, "temperature": 0, "return_token_ids": True},
    )
    if not all(each.get("token_ids") and each.get("prompt_token_ids") for each in said):
        return Answers(tuple(tuple(str(each["text"]).split()) for each in said))
    answers = tuple(tuple(each["token_ids"]) for each in said)
    prompts = tuple(tuple(each["prompt_token_ids"]) for each in said)
    alone = Answers(answers, prompts)
    return Answers(answers, prompts, _scores(service, environment, alone) or ())


def compare(service: Service, environment: Mapping[str, str], reference: Answers) -> Agreement:
    """Ask the same, and compare. Raises BenchmarkFailed where nothing is answered."""
    found = ask(service, environment) if not reference.prompts else None
    if found is None:
        body = {"max_tokens": TOKENS, "temperature": 0, "return_token_ids": True}
        said = _completions(service, environment, reference.prompts, body)
        found = Answers(tuple(tuple(each.get("token_ids") or ()) for each in said))
    scores = _scores(service, environment, reference) if reference.scores else None
    return agreement(reference, found.answers, scores)


def agreement(
    reference: Answers,
    answers: Sequence[Sequence[Any]],
    scores: Sequence[Sequence[float]] | None,
) -> Agreement:
    """Compare answers, and what was thought of the reference's, with the reference."""
    pairs = list(zip(reference.answers, answers, strict=True))
    alike = [_along(theirs, ours) for theirs, ours in pairs]
    nats = None
    if scores:
        gaps = [
            abs(one - other)
            for theirs, ours in zip(reference.scores, scores, strict=True)
            for one, other in zip(theirs, ours, strict=True)
        ]
        nats = math.fsum(gaps) / len(gaps) if gaps else None
    return Agreement(
        math.fsum(alike) / len(alike),
        sum(tuple(theirs) == tuple(ours) for theirs, ours in pairs),
        len(pairs),
        nats,
    )


def _along(theirs: Sequence[Any], ours: Sequence[Any]) -> float:
    """The share of the reference's answer that the other begins with."""
    if not theirs:
        return 1.0 if not ours else 0.0
    along = 0
    for one, other in zip(theirs, ours, strict=False):
        if one != other:
            break
        along += 1
    return along / len(theirs)


def _scores(
    service: Service, environment: Mapping[str, str], reference: Answers
) -> tuple[tuple[float, ...], ...] | None:
    """The log probability of each token of the reference's answers; None where the service does not tell."""
    pairs = list(zip(reference.prompts, reference.answers, strict=True))
    whole = [[*prompt, *answer] for prompt, answer in pairs]
    body = {"max_tokens": 1, "temperature": 0, "prompt_logprobs": 0}
    try:
        said = _completions(service, environment, whole, body)
        return tuple(
            tuple(
                float(token[str(answer[at])]["logprob"])
                for at, token in enumerate(each["prompt_logprobs"][len(prompt) :])
            )
            for each, (prompt, answer) in zip(said, pairs, strict=True)
        )
    except (KeyError, TypeError, IndexError, ValueError, _Refused):
        return None


class _Refused(BenchmarkFailed):
    """The service answered that it does not do this."""


def _completions(
    service: Service,
    environment: Mapping[str, str],
    prompts: Sequence[str | Sequence[int]],
    body: Mapping[str, Any],
) -> list[dict[str, Any]]:
    """What is answered to each prompt: to all of them in one request, so that they are one batch; where the
    engine's front end does not take a list, to each in its own, at once."""
    if len(prompts) > 1:
        try:
            return _choices(service, environment, {"prompt": list(prompts), **body})
        except _Refused:
            pass

    def alone(prompt: str | Sequence[int]) -> dict[str, Any]:
        return _choices(service, environment, {"prompt": prompt, **body})[0]

    with ThreadPoolExecutor(len(prompts)) as threads:
        return list(threads.map(alone, prompts))


def _choices(
    service: Service, environment: Mapping[str, str], body: Mapping[str, Any]
) -> list[dict[str, Any]]:
    key = environment.get("VLLM_API_KEY")
    asked = urllib.request.Request(
        f"{service.api}/completions",
        json.dumps({"model": service.model, **body}).encode(),
        {"Content-Type": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})},
    )
    try:
        with urllib.request.urlopen(asked, timeout=_WITHIN_S) as answer:
            choices: list[dict[str, Any]] = json.load(answer)["choices"]
    except HTTPError as error:
        raise _Refused(f"{service.api}/completions answered {error.code}") from error
    except (OSError, HTTPException, ValueError, KeyError, TypeError) as error:
        raise BenchmarkFailed(f"{service.api}/completions did not answer: {error}") from error
    return sorted(choices, key=lambda each: int(each.get("index", 0)))
