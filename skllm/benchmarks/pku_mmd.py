"""PKU-MMD: long recordings cut into actions by their label files; cross-subject and cross-view lists; 46/5 and 39/12."""

import re
from pathlib import Path

from skllm.benchmarks.records import Benchmark, Excerpt, LabelledClip, Protocol

_LABELS = tuple(word.strip() for word in (
    "bow; brushing hair; brushing teeth; check time (from watch); cheer up; clapping; cross hands in front (say stop); drink water; drop; "
    "eat meal/snack; falling; giving something to other person; hand waving; handshaking; hopping (one foot jumping); hugging other person; "
    "jump up; kicking other person; kicking something; make a phone call/answer phone; pat on back of other person; pickup; "
    "playing with phone/tablet; point finger at the other person; pointing to something with finger; punching/slapping other person; "
    "pushing other person; put on a hat/cap; put something inside pocket; reading; rub two hands together; salute; sitting down; standing up; "
    "take off a hat/cap; take off glasses; take off jacket; take out something from pocket; taking a selfie; tear up paper; throw; "
    "touch back (backache); touch chest (stomachache/heart pain); touch head (headache); touch neck (neckache); typing on a keyboard; "
    "use a fan (with hand or paper)/feeling warm; wear jacket; wear on glasses; wipe face; writing"
).split(";"))
_UNSEEN = {"46_5": (1, 9, 20, 34, 50), "39_12": (3, 7, 11, 15, 19, 21, 25, 31, 33, 36, 43, 48)}       # from 0
_LIST = "cross[-_]subject*"
_CAMERAS = {"L": 1, "M": 2, "R": 3}
_NAME = re.compile(r"\d{4}-[LMR]")
_SHORTEST = 2


def _find(root: Path) -> list[LabelledClip]:
    """The actions in every recording that has a label file of its name."""
    texts: dict[str, list[Path]] = {}
    for path in sorted(root.rglob("*.txt")):
        if _NAME.fullmatch(path.stem):
            texts.setdefault(path.stem, []).append(path)
    tests = _test_videos(root)
    found = []
    for video, paths in texts.items():
        labels, skeletons = _told_apart(paths)
        if labels and skeletons:
            part = "" if tests is None else "test" if video in tests else "train"
            found += [one for one in _cut(video, skeletons, labels, part)]
    return found


def _told_apart(paths: list[Path]) -> tuple[Path | None, Path | None]:
    """The label file, whose lines are four whole numbers with commas, and the skeleton file."""
    labels = skeletons = None
    for path in paths:
        with path.open("rb") as held:
            first = held.readline(4096)
        if re.fullmatch(rb"\s*\d+\s*,\s*\d+\s*,\s*\d+\s*,\s*\d+\s*", first):
            labels = path
        elif len(first.split()) == 150:
            skeletons = path
    return labels, skeletons


def _cut(video: str, skeletons: Path, labels: Path, part: str) -> list[LabelledClip]:
    cuts = []
    for number, line in enumerate(labels.read_text(errors="replace").splitlines(), 1):
        if not line.strip():
            continue
        try:
            action, *ends = (int(word) for word in line.split(",")[:3])
            start, stop = sorted(ends)                       # some rows name the end first
        except ValueError:
            raise ValueError(f"{labels.name}, line {number}: {line[:60]!r} is no action, start, end, confidence; copy it again") from None
        if 1 <= action <= len(_LABELS) and stop - start >= _SHORTEST:
            source = Excerpt(skeletons, frames=(max(0, start), stop), format="PKU-MMD")
            cuts.append(LabelledClip(f"{video}@{start}-{stop}:{action}", source, _LABELS[action - 1], camera=_CAMERAS[video[-1]], part=part))
    return cuts


def _test_videos(root: Path) -> frozenset[str] | None:
    """Recordings that the user's cross-subject list keeps for validation; None where there is no list."""
    for path in sorted(root.rglob(_LIST)):
        halves = re.split(r"(?i)val\w*\s+videos", path.read_text(errors="replace"), maxsplit=1)
        if len(halves) == 2:
            return frozenset(_NAME.findall(halves[1]))
    return None


def _protocols() -> tuple[Protocol, ...]:
    sides = {"xsub": {"lists": True}, "xview": {"test_cameras": frozenset({_CAMERAS["L"]})}}
    plain = [Protocol(f"pku_mmd_{side}", _LABELS, **kept) for side, kept in sides.items()]
    opened = [Protocol(f"pku_mmd_{side}_{cut}", _LABELS, tuple(_LABELS[a] for a in unseen), **kept)
              for side, kept in sides.items() for cut, unseen in _UNSEEN.items()]
    return (*plain, *opened)


PKU_MMD = Benchmark(
    "pku_mmd", "PKU-MMD recordings", _LABELS, _protocols(), _find,
    "Skeleton/0002-L.txt, Label/0002-L.txt and Split/cross-subject.txt, in any folders",
    "download it from Peking University's STRUCT group, https://www.icst.pku.edu.cn/struct/Projects/PKUMMD.html",
)
