"""Benchmarks whose files say everything in their names: NW-UCLA, UTD-MHAD, MSR Action3D, KARD, HDM05; and Penn Action's labels."""

import re
from pathlib import Path

import numpy as np

from skllm.benchmarks.records import Benchmark, Excerpt, LabelledClip, Protocol
from skllm.formats import File, clips_in

_ODD = frozenset(range(1, 100, 2))
_EVEN = frozenset(range(2, 100, 2))


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(";"))


def _named(root: Path, pattern: str, suffix: str, labels: dict[int, str], format: str) -> list[LabelledClip]:
    """Files whose names give action, subject, and perhaps camera, by the groups a, s and v of a pattern."""
    name = re.compile(pattern)
    found = {}
    for path in sorted(root.rglob(f"*{suffix}")):
        hit = name.fullmatch(path.name)
        if hit and int(hit["a"]) in labels:
            camera = int(hit["v"]) if "v" in hit.groupdict() else 0
            found.setdefault(path.stem, LabelledClip(path.stem, Excerpt(path, format=format), labels[int(hit["a"])], int(hit["s"]), camera=camera))
    return list(found.values())


_NW_UCLA = dict(zip((1, 2, 3, 4, 5, 6, 8, 9, 11, 12), _words(
    "pick up with one hand; pick up with two hands; drop trash; walk around; sit down; stand up; donning; doffing; throw; carry"), strict=True))
NW_UCLA = Benchmark(
    "nw_ucla", "Northwestern-UCLA clips", tuple(_NW_UCLA.values()),
    (Protocol("nw_ucla_view3", tuple(_NW_UCLA.values()), test_cameras=frozenset({3})),
     Protocol("nw_ucla_all", tuple(_NW_UCLA.values()), test_cameras=frozenset({1, 2, 3}))),
    lambda root: _named(root, r"a(?P<a>\d+)_s(?P<s>\d+)_e\d+_v(?P<v>\d+)\.json", ".json", _NW_UCLA, "NW-UCLA"),
    "a01_s01_e00_v01.json and so on, as in all_sqe.zip", "download all_sqe.zip by the link in CTR-GCN's README, https://github.com/Uason-Chen/CTR-GCN",
)

_UTD_MHAD = dict(enumerate(_words(
    "right arm swipe to the left; right arm swipe to the right; right hand wave; two hand front clap; right arm throw; cross arms in the chest; "
    "basketball shoot; right hand draw x; draw circle (clockwise); draw circle (counterclockwise); draw triangle; bowling (right hand); "
    "front boxing; baseball swing from right; tennis forehand swing (right hand); arm curl (two arms); tennis serve; two hand push; "
    "knock on door (right hand); catch an object (right hand); pick up and throw (right hand); jogging in place; walking in place; sit to stand; "
    "stand to sit; forward lunge (left foot forward); squat (two arms stretch out)"), 1))
UTD_MHAD = Benchmark(
    "utd_mhad", "UTD-MHAD skeletons", tuple(_UTD_MHAD.values()),
    (Protocol("utd_mhad_xsub", tuple(_UTD_MHAD.values()), test_subjects=_EVEN),),
    lambda root: _named(root, r"a(?P<a>\d+)_s(?P<s>\d+)_t\d+_skeleton\.mat", ".mat", _UTD_MHAD, "UTD-MHAD"),
    "a1_s1_t1_skeleton.mat and so on", "download Skeleton.zip from the University of Texas at Dallas, https://personal.utdallas.edu/~kehtar/UTD-MHAD.html",
)

_MSR = dict(enumerate(_words(
    "high arm wave; horizontal arm wave; hammer; hand catch; forward punch; high throw; draw x; draw tick; draw circle; hand clap; "
    "two hand wave; side boxing; bend; forward kick; side kick; jogging; tennis swing; tennis serve; golf swing; pick up and throw"), 1))
_MSR_SETS = {"as1": (2, 3, 5, 6, 10, 13, 18, 20), "as2": (1, 4, 7, 8, 9, 11, 12, 14), "as3": (6, 14, 15, 16, 17, 18, 19, 20)}
MSR_ACTION3D = Benchmark(
    "msr_action3d", "MSR Action3D skeletons", tuple(_MSR.values()),
    (Protocol("msr_action3d_xsub", tuple(_MSR.values()), test_subjects=_EVEN),
     *(Protocol(f"msr_action3d_{name}", tuple(_MSR[a] for a in actions), test_subjects=_EVEN) for name, actions in _MSR_SETS.items())),
    lambda root: _named(root, r"a(?P<a>\d+)_s(?P<s>\d+)_e\d+_skeleton3D\.txt", ".txt", _MSR, "MSR Action3D"),
    "a01_s01_e01_skeleton3D.txt and so on, the real-world coordinates", "download MSRAction3DSkeletonReal3D from https://sites.google.com/view/wanqingli/data-sets/msr-action3d",
)

_KARD = dict(enumerate(_words(
    "horizontal arm wave; high arm wave; two hand wave; catch cap; high throw; draw x; draw tick; toss paper; forward kick; side kick; "
    "take umbrella; bend; hand clap; walk; phone call; drink; sit down; stand up"), 1))
KARD = Benchmark(
    "kard", "KARD skeletons", tuple(_KARD.values()), (Protocol("kard_xsub", tuple(_KARD.values()), test_subjects=_EVEN),),
    lambda root: _named(root, r"a(?P<a>\d+)_s(?P<s>\d+)_e\d+_realworld\.txt", ".txt", _KARD, "KARD"),
    "a01_s01_e01_realworld.txt and so on", "download it from Mendeley Data, https://data.mendeley.com/datasets/k28dtm7tr6/1",
)

_ACTORS = {actor: n for n, actor in enumerate(("bd", "bk", "dg", "mm", "tr"), 1)}
_HDM05_NAME = re.compile(r".*?HDM_(?P<actor>[a-z]{2})_(?P<action>[A-Za-z0-9]+)_(?P<take>\d+)_120(\.\w+)*$")


def hdm05_label(action: str) -> str:
    """Words for HDM05's name of an action: "kickLFront1Reps" becomes "kick left front"; what stands after a count is left out."""
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z](?![a-z])", re.split(r"\d", action)[0])
    return " ".join({"L": "left", "R": "right"}.get(word, word.lower()) for word in words)


def _find_hdm05(root: Path) -> list[LabelledClip]:
    sources = [(path.stem, Excerpt(path, format="Acclaim ASF/AMC")) for path in sorted(root.rglob("*")) if path.suffix.lower() == ".amc"]
    for path in sorted(root.rglob("*hdm05*.npz")):
        sources += [(key, Excerpt(path, clip=key, format="packed clips")) for key in _packed_keys(path)]
    named = [(key, source, _HDM05_NAME.match(key)) for key, source in sources]
    known = [(key, source, hit) for key, source, hit in named if hit and hit["actor"] in _ACTORS]
    return [LabelledClip(key, source, hdm05_label(hit["action"]), _ACTORS[hit["actor"]]) for key, source, hit in known]


def _packed_keys(path: Path) -> list[str]:
    try:
        return clips_in(File(path), "packed clips")
    except ValueError:                       # an archive of something else
        return []


HDM05 = Benchmark(
    "hdm05", "HDM05 cut clips", (), (Protocol("hdm05_xsub", test_subjects=frozenset({_ACTORS["mm"], _ACTORS["tr"]})),), _find_hdm05,
    "HDM_bd_kickLFront1Reps_001_120.amc and so on in any folders, with each actor's HDM_bd.asf beside them or in the folder above",
    "download the cut clips from http://resources.mpi-inf.mpg.de/HDM05/",
)

_PENN = _words(
    "baseball pitch; baseball swing; bench press; bowl; clean and jerk; golf swing; jump rope; jumping jacks; pullup; pushup; situp; squat; "
    "strum guitar; tennis forehand; tennis serve")


def _find_penn(root: Path) -> list[LabelledClip]:
    folder = root / "labels" if (root / "labels").is_dir() else root
    return [one for path in sorted(folder.glob("*.mat")) if path.stem.isdigit() and (one := _penn(path))]


def _penn(path: Path) -> LabelledClip | None:
    """The clip with what its own file says: action, and 1 for training or -1 for testing."""
    try:
        held = File(path).matrices
    except ValueError:                       # who reads it is told why; the list of the others goes on
        return LabelledClip(path.stem, Excerpt(path, format="Penn Action"), "")
    if not {"action", "train"} <= set(held) or not np.size(held["train"]) or not np.size(held["action"]):
        return None
    label = str(np.ravel(held["action"])[0]).replace("_", " ")
    part = "train" if int(np.ravel(held["train"])[0]) > 0 else "test"
    return LabelledClip(path.stem, Excerpt(path, format="Penn Action"), label, part=part) if label in _PENN else None


PENN_ACTION = Benchmark(
    "penn_action", "Penn Action labels", _PENN, (Protocol("penn_action_official", _PENN, lists=True),), _find_penn,
    "labels/0001.mat and so on", "download Penn_Action.tar.gz from http://dreamdragon.github.io/PennAction/",
)
