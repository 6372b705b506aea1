"""The prompts that answers are compared on: several kinds of text, none of them about anything in dispute."""

from __future__ import annotations

PROMPTS = (
    "The capital of France is",
    "Water boils at a temperature of",
    "def fibonacci(n):\n    ",
    "1, 2, 3, 4, 5, 6,",
    "Translate to French. English: Good morning. French:",
    "Once upon a time there was a small robot who",
    "Q: How many days are there in a week?\nA:",
    'A list of three fruits as JSON: ["',
    "The opposite of hot is cold. The opposite of tall is",
    "SELECT name FROM users WHERE",
    "To make a cup of tea, first",
    "Der schnelle braune Fuchs springt",
)
