"""Answers become numbers, each with how many clips it rests on and a 95 % interval."""

from collections.abc import Sequence
from dataclasses import dataclass

from scipy.stats import binomtest


@dataclass(frozen=True)
class Score:
    """A share in [0, 1], the number of clips, and its 95 % interval (Wilson)."""

    value: float
    n: int
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.1%} ({self.low:.1%} to {self.high:.1%}, n = {self.n})"

    def above(self, chance: float) -> bool:
        """Whether the whole interval lies above a chance level."""
        return self.low > chance


def accuracy(correct: Sequence[bool]) -> Score:
    """The share of right answers. Raises ValueError where there are none to count."""
    if not correct:
        raise ValueError("no answers to score; is the split empty?")
    hits, n = sum(map(bool, correct)), len(correct)
    interval = binomtest(hits, n).proportion_ci(method="wilson")
    return Score(hits / n, n, float(interval.low), float(interval.high))
