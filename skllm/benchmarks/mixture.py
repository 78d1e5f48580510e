"""Several benchmarks as one: the mixture that the recipe `tiny` trains on, and what is kept from it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

from skllm.benchmarks import BENCHMARKS, UI_PRMD
from skllm.benchmarks.records import LabelledClip
from skllm.perturb import resample
from skllm.skeleton import Skeleton

TRAINED = ("ui_prmd", "utd_mhad", "msr_action3d", "kard", "hdm05", "penn_action")
HELD_OUT = {"ui_prmd": tuple(sorted(UI_PRMD.test_subjects)), "utd_mhad": (8,), "msr_action3d": (10,), "kard": (10,), "hdm05": (5,)}       # subjects
NEVER = "ui_prmd/vicon39"      # a format that is not in the mixture; its clips are the Kinect's performances
_FPS = 30.0                    # faster recordings are thinned to this when read


def benchmark_of(one: LabelledClip) -> str:
    """The benchmark that a clip of a mixture comes from: its key begins with it, `kard/a01_s01_e01`."""
    return one.key.split("/")[0]


def mixture(roots: Mapping[str, str | Path], skip: Sequence[str] = ()) -> list[LabelledClip]:
    """The clips of some benchmarks, read into memory at no more than 30 frames a second.

    roots: the folder of each, "" for the bundled one; skip: beginnings of keys that are left out. Clips that cannot be read are left out too,
    and said. Raises ValueError for an unknown benchmark and a folder without clips.
    """
    unknown = sorted(set(roots) - set(BENCHMARKS))
    if unknown:
        raise ValueError(f"no benchmark {unknown[0]!r}; known: {', '.join(BENCHMARKS)}")
    found = [replace(one, key=f"{name}/{one.key}") for name, root in roots.items() for one in BENCHMARKS[name].clips(root)]
    kept, lost = [], []
    for one in tqdm([one for one in found if not one.key.startswith(tuple(skip))], desc="reading", unit="clip", mininterval=2):
        try:
            kept.append(replace(one, source=_thinned(one.clip)))
        except ValueError as wrong:
            lost.append(f"{one.key} ({wrong})")
    if lost:
        print(f"{len(lost)} clips could not be read, such as {lost[0]}")
    return kept


def _thinned(clip: Skeleton) -> Skeleton:
    return resample(clip, _FPS) if clip.fps > _FPS else clip


def parts(clips: Sequence[LabelledClip]) -> tuple[list[LabelledClip], list[LabelledClip]]:
    """Clips of a mixture to train on, and those kept for testing: some subjects of each benchmark, or its own list."""
    def kept(one: LabelledClip) -> bool:
        return one.part == "test" or one.subject in HELD_OUT.get(benchmark_of(one), ())

    return [one for one in clips if not kept(one)], [one for one in clips if kept(one)]


def material(data_root: str | Path) -> tuple[list[LabelledClip], list[LabelledClip]]:
    """The clips to train on, and those of the same benchmarks that are kept from it; no Vicon, no NW-UCLA.

    data_root: a folder that holds one for each benchmark in `TRAINED`, named as it; the bundled one needs none.
    """
    roots = {name: "" if name == "ui_prmd" else Path(data_root) / name for name in TRAINED}
    return parts(mixture(roots, skip=(NEVER,)))
