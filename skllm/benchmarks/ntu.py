"""NTU RGB+D 60 and 120: raw `.skeleton` files or PYSKL pickles; cross-subject, cross-view and cross-setup, and the eight
open-vocabulary splits (SynSE's and PURLS's, method of SkeletonLLM).

The data is not ours to pass on: it is requested from the ROSE Lab of Nanyang Technological University.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from skllm.benchmarks.ntu_labels import NTU60_LABELS, NTU120_LABELS
from skllm.benchmarks.records import Benchmark, Excerpt, LabelledClip, Protocol
from skllm.formats import File, clips_in

_NAME = re.compile(r"S(\d{3})C(\d{3})P(\d{3})R(\d{3})A(\d{3})$")
_WORD = re.compile(r"S\d{3}C\d{3}P\d{3}R\d{3}A\d{3}")
_SETUPS_60, _SMALL = 17, 60_000      # bytes of a file that may hold no body at all


def _numbers(text: str) -> frozenset[int]:
    """{1, 2, 3, 7} from "1-3 7"."""
    ends = [[int(n) for n in word.split("-")] for word in text.split()]
    return frozenset(n for span in ends for n in range(span[0], span[-1] + 1))


_TRAINING_60 = _numbers("1 2 4 5 8 9 13-19 25 27 28 31 34 35 38")
_TRAINING_120 = _TRAINING_60 | _numbers("45-47 49 50 52-59 70 74 78 80-86 89 91-95 97 98 100 103")
_UNSEEN_60 = {                       # action numbers, from 1
    "55_5": "11 12 20 27 57",
    "48_12": "4 6 10 13 16 41 43 48 52 57 59 60",
    "40_20": "1 13-18 23 24 27 30-32 36 37 43 44 49 57 58",
    "30_30": "1-3 7-9 11 13 14 16 17 19 21 22 26-28 32-34 40 43 46 48 49 52 53 56 59 60",
}
_UNSEEN_120 = {
    "110_10": "5 14 38 44 50 66 89 96 100 107",
    "96_24": "6 10 12 17 19 21 23 30 36 40 46 50 60 69 71 82 85 88 94 95 105 114 115 120",
    "80_40": "12 13 19 23 24 27 29 35 38 39 43 45 47-49 58 60 65 67 71 74-76 84 87 91 93 94 96 97 103 105 108 109 111 113 116 117 119 120",
    "60_60": "1 2 5 7-10 18 19 22 24 26 27 29 31 33-35 38-43 45 46 51-54 57 62 63 66 68-71 75 78 79 82 84 88 90-93 95-98 101 102 110 112 "
             "115-117 119",
}


def _protocols(name: str, labels: tuple[str, ...], sides: dict[str, dict], unseen: dict[str, str]) -> tuple[Protocol, ...]:
    """Each side of testing with all labels seen, then with the unseen ones of each open-vocabulary split."""
    plain = tuple(Protocol(f"{name}_{side}", labels, **kept) for side, kept in sides.items())
    opened = tuple(
        Protocol(f"{name}_{side}_{cut}", labels, tuple(labels[a - 1] for a in sorted(_numbers(actions))), **kept)
        for side, kept in sides.items() for cut, actions in unseen.items()
    )
    return plain + opened


def _find(root: Path, labels: tuple[str, ...], setups: int) -> list[LabelledClip]:
    files = [root] if root.is_file() else sorted(path for suffix in ("*.skeleton", "*.pkl") for path in root.rglob(suffix))
    gone = _missing(root)
    found: dict[str, LabelledClip] = {}
    for key, source in _sources(files):
        name = _NAME.match(key)
        if name and key not in gone and key not in found and int(name[1]) <= setups and 1 <= int(name[5]) <= len(labels):
            setup, camera, subject, _, action = map(int, name.groups())
            found[key] = LabelledClip(key, source, labels[action - 1], subject, camera=camera, setup=setup)
    return list(found.values())


def _sources(files: Iterable[Path]) -> Iterable[tuple[str, Excerpt]]:
    for path in files:
        if path.suffix == ".skeleton":
            if not _nobody(path):
                yield path.stem, Excerpt(path, format="NTU RGB+D")
        else:
            yield from ((name, Excerpt(path, clip=name, format="PYSKL")) for name in clips_in(File(path), "PYSKL"))


def _missing(root: Path) -> set[str]:
    """Names in the user's own lists of recordings without a skeleton (`*missing*skeleton*.txt`), wherever they lie in the folder."""
    lists = list(root.rglob("*missing*skeleton*.txt")) if root.is_dir() else []
    return {name for path in lists for name in _WORD.findall(path.read_text(errors="replace"))}


def _nobody(path: Path) -> bool:
    """Whether a short recording has a zero for the number of bodies in every frame."""
    if path.stat().st_size > _SMALL:
        return False
    with path.open("rb") as held:
        return all(line.strip() == b"0" for line in held.read().splitlines()[1:])


_LAYOUT = "S001C001P001R001A001.skeleton and so on, in any folders, or PYSKL's .pkl; lists named *missing*skeleton*.txt are left out"
_REQUEST = "request it from the ROSE Lab of Nanyang Technological University, https://rose1.ntu.edu.sg/dataset/actionRecognition/"

NTU60 = Benchmark(
    "ntu60", "NTU RGB+D 60 recordings", NTU60_LABELS,
    _protocols("ntu60", NTU60_LABELS, {
        "xsub": {"test_subjects": frozenset(range(1, 41)) - _TRAINING_60}, "xview": {"test_cameras": frozenset({1})},
    }, _UNSEEN_60),
    lambda root: _find(root, NTU60_LABELS, _SETUPS_60), _LAYOUT, _REQUEST,
)
NTU120 = Benchmark(
    "ntu120", "NTU RGB+D 120 recordings", NTU120_LABELS,
    _protocols("ntu120", NTU120_LABELS, {
        "xsub": {"test_subjects": frozenset(range(1, 107)) - _TRAINING_120}, "xset": {"test_setups": frozenset(range(1, 33, 2))},
    }, _UNSEEN_120),
    lambda root: _find(root, NTU120_LABELS, 32), _LAYOUT, _REQUEST,
)
