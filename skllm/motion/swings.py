"""Where a signal goes one way and where it goes back: its swings, and how often it does so."""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from jaxtyping import Float

from skllm.motion.body import runs

Series = Float[np.ndarray, " T"]

_SHARE = 0.35        # a swing is at least this share of the signal's whole range, so a wobble is none
_ENDS = 0.06         # a swing starts and stops this share of it away from the turning points: rest before and after is not part of it
_EVEN = 0.5          # the smallest inner swing of a clear repetition beside the largest swing
_FEWEST = 3          # swings of a repetition
_TURNED = 0.3        # at the outermost turning points the signal really turned if it came from, or went, at least this share of a swing
_HOME = 0.3          # a swing comes back where it ends this near (as a share of itself) to where the one before it began


@dataclass(frozen=True)
class Swing:
    """One way of a signal, from frame `start` to frame `stop`.

    first and last are the turning points around it, at which the signal differs by `amount`, with its sign; a swing that
    returns undoes the one before it. lead and tail: how far the signal is from there before the first of all swings, and after the
    last.
    """

    first: int
    last: int
    start: int
    stop: int
    amount: float
    returns: bool
    lead: float = 0.0
    tail: float = 0.0


def _turning_points(values: Series, least: float) -> list[int]:
    """Frames between which the values go by at least `least` up and down in turn."""
    low = high = way = 0
    points: list[int] = []
    plain = values.tolist()
    for t, value in enumerate(plain):
        high, low = (t if value > plain[high] else high), (t if value < plain[low] else low)
        if way >= 0 and plain[high] - value >= least:
            points.append(high)
            way, low = -1, t
        elif way <= 0 and value - plain[low] >= least:
            points.append(low)
            way, high = 1, t
    return [*points, high if way > 0 else low] if points else []


def _between(values: Series, first: int, last: int, returns: bool) -> Swing:
    amount = float(values[last] - values[first])
    share = (values[first:last + 1] - values[first]) / amount
    start = int(np.flatnonzero(share <= _ENDS)[-1])
    stop = start + int(np.flatnonzero(share[start:] >= 1 - _ENDS)[0])
    return Swing(first, last, first + start, first + stop, amount, returns)


def swings(values: Series, least: float) -> list[Swing]:
    """The swings of at least `least`, in order of time; a stretch that is not seen parts them."""
    seen = np.isfinite(values)
    if not seen.any():
        return []
    least = max(least, _SHARE * float(np.ptp(values[seen])))
    found = []
    for begin, end in runs(seen):
        points = [begin + t for t in _turning_points(values[begin:end], least)]
        some = []
        for n, (first, last) in enumerate(pairwise(points)):
            home = n > 0 and abs(values[last] - values[points[n - 1]]) <= _HOME * abs(values[last] - values[first])
            some.append(_between(values, first, last, bool(home)))
        if some:
            some[0] = replace(some[0], lead=float(np.abs(values[begin:points[0] + 1] - values[points[0]]).max()))
            some[-1] = replace(some[-1], tail=float(np.abs(values[points[-1]:end] - values[points[-1]]).max()))
        found += some
    return found


def repetitions(found: list[Swing]) -> int:
    """How many to-and-fros the swings are, counted by peaks or troughs, whichever are more; 0 where they are not alike or apart."""
    sizes = sorted(abs(one.amount) for one in found)
    inner = [abs(one.amount) for one in found[1:-1]]
    if len(found) < _FEWEST or min(inner) < _EVEN * sizes[-1] or any(a.last != b.first for a, b in pairwise(found)):
        return 0
    typical = sizes[len(sizes) // 2]
    ends = (found[0].lead >= _TURNED * typical) + (found[-1].tail >= _TURNED * typical)
    return (len(found) - 1 + ends + 1) // 2


def overlap(a: Swing, b: Swing) -> float:
    """The time two swings share, as a share of the shorter one."""
    both = min(a.stop, b.stop) - max(a.start, b.start)
    return both / max(1, min(a.stop - a.start, b.stop - b.start))
