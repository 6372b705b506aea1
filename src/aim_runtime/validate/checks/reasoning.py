"""Capability reasoning: what the model thinks is parted from what it answers."""

from __future__ import annotations

from aim_runtime.validate.answer import content_of, message_of, reasoning_of, shown
from aim_runtime.validate.asking import chat
from aim_runtime.validate.check import Failed, Passed
from aim_runtime.validate.subject import Answering

QUESTIONS = (
    "What is 17 times 23?",
    "Anna is older than Bob, and Bob is older than Carl. Who is the youngest?",
    "A train leaves at 9:40 and arrives at 11:05. How long does it take?",
    "Which is larger, 9.11 or 9.9?",
    "How many times is the letter r in the word strawberry?",
)
_MARKS = ("<think>", "</think>", "<|START_THINKING|>", "<|channel|>analysis", "[THINK]", "<seed:think>")
_TOKENS = 512
_FIX = "the engine's reasoning-parser is not the one of this model: see docs/api.md"


def reasoning(service: Answering) -> Passed:
    """Five questions; reasoning may be in `reasoning` or in `reasoning_content`, the older name."""
    parted = 0
    for question in QUESTIONS:
        answer = chat(service, question, max_tokens=_TOKENS)
        text, thought = content_of(answer), reasoning_of(message_of(answer))
        for mark in _MARKS:
            if mark in text:
                raise Failed(f"reasoning leaked into the answer: {shown(text)} has {mark}", _FIX)
        if not text.strip() and not thought.strip():
            raise Failed(f"asked {question!r}, it answered neither text nor reasoning", _FIX)
        parted += bool(thought.strip())
    warnings = () if parted else ("no answer has a field `reasoning` or `reasoning_content`",)
    return Passed(
        f"{parted} of {len(QUESTIONS)} answers with their reasoning apart", warnings, parted / len(QUESTIONS)
    )
