"""What was measured of each training clip: the claims that hold or not, and the short questions that its joints can answer."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

from tqdm import tqdm

from skllm.benchmarks.records import LabelledClip
from skllm.motion.claims import claims
from skllm.motion.quiz import Question, quiz


@dataclass(frozen=True)
class Sheet:
    """claims: by name, whether it holds, the open ones left out; questions: with their answers and all answers that they can have."""

    claims: dict[str, bool]
    questions: tuple[Question, ...]


def measure(clips: Sequence[LabelledClip], workers: int = 1) -> dict[str, Sheet]:
    """The sheet of every clip by its key, measured by some processes; some ten milliseconds a clip, so nothing is kept on disk."""
    sheets = tqdm(_measured(clips, workers), total=len(clips), desc="measuring", unit="clip", mininterval=2)
    return dict(zip((one.key for one in clips), sheets, strict=True))


def _measured(clips: Sequence[LabelledClip], workers: int) -> Iterator[Sheet]:
    """In this process, or in others that start anew: a fork of one that has used threads may wait for ever."""
    if workers < 2:
        yield from map(_sheet, clips)
        return
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        yield from pool.map(_sheet, clips, chunksize=16)


def _sheet(one: LabelledClip) -> Sheet:
    clip = one.clip
    return Sheet(claims(clip), tuple(quiz(clip)))
