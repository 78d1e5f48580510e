"""What was measured of each training clip, once: the claims that hold or not, and the short questions that its joints can answer."""

import json
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path

from tqdm import tqdm

from skllm.benchmarks.records import LabelledClip
from skllm.motion.claims import claims
from skllm.motion.quiz import Question, quiz


@dataclass(frozen=True)
class Sheet:
    """claims: by name, whether it holds, the open ones left out; questions: with their answers and all answers that they can have."""

    claims: dict[str, bool]
    questions: tuple[Question, ...]


def measure(clips: Sequence[LabelledClip], kept: str | Path | None = None, workers: int = 1) -> dict[str, Sheet]:
    """The sheet of every clip by its key, measured by some processes.

    kept: a JSON file that is read if it is there and holds all these clips, and written if not. Raises ValueError where it is damaged.
    """
    if kept and (found := _read(Path(kept))).keys() >= {one.key for one in clips}:
        return {one.key: found[one.key] for one in clips}
    if kept:
        Path(kept).parent.mkdir(parents=True, exist_ok=True)           # a folder that cannot be made is found before the work
    told_of = tqdm(_measured(clips, workers), total=len(clips), desc="measuring", unit="clip", mininterval=2)
    told = dict(zip((one.key for one in clips), told_of, strict=True))
    if kept:
        new = Path(f"{kept}.new")
        new.write_text(json.dumps({key: asdict(one) for key, one in told.items()}))
        os.replace(new, kept)
    return told


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


def _read(path: Path) -> dict[str, Sheet]:
    if not path.is_file():
        return {}
    try:
        return {key: Sheet(dict(one["claims"]), tuple(Question(**{**each, "choices": tuple(each["choices"])}) for each in one["questions"]))
                for key, one in json.loads(path.read_text()).items()}
    except (AttributeError, KeyError, TypeError, ValueError) as wrong:
        raise ValueError(f"{path} does not hold whole sheets ({type(wrong).__name__}: {wrong}); delete it, it is made again") from None
