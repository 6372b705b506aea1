"""When a race is decided, and how seldom by noise."""

from __future__ import annotations

import math
import random

import pytest

from aim_runtime.tune.race import LEAST, MOST, Standing, standing


@pytest.mark.parametrize(
    ("ratios", "expected"),
    [
        ([], Standing.OPEN),
        ([0.9], Standing.LOST),  # a loser costs one pair
        ([0.96], Standing.OPEN),  # that may be noise
        ([0.96, 1.01], Standing.LOST),
        ([1.3], Standing.OPEN),  # one pair proves nothing
        ([1.3] * (LEAST - 1), Standing.OPEN),
        ([1.3, 1.28, 1.31, 1.29], Standing.WON),
        ([1.3, 0.9, 1.6, 1.1], Standing.OPEN),  # better, and too noisy to say so
        ([1.005] * MOST, Standing.LOST),  # sure, and not worth a profile
        ([1.5, 1.01, 1.02, 1.4, 0.8, 1.1, 1.2], Standing.LOST),
    ],
)
def test_how_a_race_stands(ratios: list[float], expected: Standing) -> None:
    assert standing(ratios) is expected


def race(chance: random.Random, gain: float, noise: float) -> tuple[Standing, int]:
    ratios: list[float] = []
    while standing(ratios) is Standing.OPEN:
        ratios.append(gain * math.exp(chance.gauss(0, noise) - chance.gauss(0, noise)))
    return standing(ratios), len(ratios)


@pytest.mark.parametrize("noise", [0.01, 0.05, 0.15, 0.4])
def test_noise_hardly_ever_wins(noise: float) -> None:
    chance = random.Random(7)
    won = sum(race(chance, 1.0, noise)[0] is Standing.WON for _ in range(3000))
    assert won / 3000 < 0.02


@pytest.mark.parametrize(("gain", "noise", "least"), [(1.1, 0.02, 0.9), (1.3, 0.05, 0.95), (1.5, 0.1, 0.9)])
def test_a_real_gain_wins(gain: float, noise: float, least: float) -> None:
    chance = random.Random(7)
    won = sum(race(chance, gain, noise)[0] is Standing.WON for _ in range(1000))
    assert won / 1000 > least


def test_a_loser_costs_little() -> None:
    chance = random.Random(7)
    pairs = [race(chance, 0.8, 0.05)[1] for _ in range(1000)]
    assert sum(pairs) / 1000 < 1.1
