"""Answers become numbers, each with how many clips it rests on and a 95 % interval."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot
from statistics import mean, stdev

from scipy.stats import binomtest, t


@dataclass(frozen=True)
class Score:
    """A share in [0, 1], the number of clips, and its 95 % interval: Wilson's, or what `over_seeds` says."""

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


def over_seeds(scores: Sequence[Score]) -> Score:
    """The mean over trainings that differ in their seed, tested on the same clips.

    Its 95 % interval has two parts, added as squares since clips and seeds both are a sample: Student's over the seeds, and Wilson's
    over the clips at the mean. Raises ValueError where the scores rest on different numbers of clips.
    """
    if not scores or len({score.n for score in scores}) > 1:
        raise ValueError(f"a mean over seeds needs scores on the same clips; got n = {sorted({score.n for score in scores})}")
    middle, n = mean(score.value for score in scores), scores[0].n
    clips = binomtest(round(middle * n), n).proportion_ci(method="wilson")
    seeds = float(t.ppf(0.975, len(scores) - 1)) * stdev(score.value for score in scores) / len(scores) ** 0.5 if len(scores) > 1 else 0.0
    return Score(middle, n, max(0.0, middle - hypot(middle - clips.low, seeds)), min(1.0, middle + hypot(clips.high - middle, seeds)))
