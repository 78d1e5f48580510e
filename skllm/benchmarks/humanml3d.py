"""HumanML3D: motions of 2 to 10 seconds with sentences; whole, or the part that a sentence speaks of."""

from pathlib import Path

import numpy as np

from skllm.benchmarks.records import Benchmark, Excerpt, LabelledClip, Protocol
from skllm.formats import File

_FPS, _SHORTEST, _LONGEST = 20, 40, 199          # frames, as in the benchmark's own evaluation
_LISTS = ("train", "val", "test")


def _find(root: Path) -> list[LabelledClip]:
    """The motions that have a text, with the list that names each; those outside 40 to 199 frames are left out."""
    motions = {path.stem: path for folder in ("new_joint_vecs", "new_joints", ".") for path in sorted((root / folder).glob("*.npy"))}
    part_of = _parts(root)
    found = []
    for name, path in sorted(motions.items()):
        text = next((place for place in (root / "texts" / f"{name}.txt", root / f"{name}.txt") if place.exists()), None)
        if text is not None and (not part_of or name in part_of):
            found += _told(name, path, text, part_of.get(name, ""))
    return found


def _parts(root: Path) -> dict[str, str]:
    lists = {part: path for part in _LISTS for path in (root / f"{part}.txt", root / f"{part}_ids.txt") if path.exists()}
    return {name: part for part, path in lists.items() for name in path.read_text().split()}


def _told(name: str, path: Path, text: Path, part: str) -> list[LabelledClip]:
    """One clip for the sentences about the whole motion, and one for each stretch of time that sentences speak of."""
    try:
        frames = len(File(path).array)
    except ValueError:                                   # who reads it is told why
        return [LabelledClip(name, Excerpt(path), "", part=part)]
    if not _SHORTEST <= frames <= _LONGEST:              # the whole motion decides first, as in the benchmark's own loaders
        return []
    spans: dict[tuple[int, int] | None, list[str]] = {}
    for line in text.read_text(errors="replace").splitlines():
        words = line.split("#")
        if not words[0].strip():
            continue
        start, stop = (float(word) if _is_number(word) else 0.0 for word in [*words[2:4], "0", "0"][:2])
        span = (int(start * _FPS), min(frames, int(stop * _FPS))) if stop > start >= 0 else None
        spans.setdefault(span, []).append(words[0].strip())
    return [
        LabelledClip(name if span is None else f"{name}@{span[0]}-{span[1]}", Excerpt(path, frames=span), captions[0], part=part,
                     captions=tuple(captions))
        for span, captions in spans.items() if _SHORTEST <= (frames if span is None else span[1] - span[0]) <= _LONGEST
    ]


def _is_number(word: str) -> bool:
    try:
        return bool(np.isfinite(float(word)))
    except ValueError:
        return False


HUMANML3D = Benchmark(
    "humanml3d", "HumanML3D motions", (), (Protocol("humanml3d_official", lists=True),), _find,
    "new_joints/000000.npy (or new_joint_vecs), texts/000000.txt, train.txt, val.txt and test.txt",
    "build it from AMASS as https://github.com/EricGuo5513/HumanML3D tells",
)
