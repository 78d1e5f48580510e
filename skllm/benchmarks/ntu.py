"""NTU RGB+D 60 from a folder of raw `.skeleton` files: cross-subject protocol, open-vocabulary split 55/5.

The data is not ours to pass on: it is requested from the ROSE Lab of Nanyang Technological University.
"""

import re
from pathlib import Path

from skllm.benchmarks.records import LabelledClip, Protocol

NTU60_LABELS = (
    "drink water", "eat food", "brush teeth", "brush hair", "drop something", "pick up", "throw", "sit down", "stand up", "clapping",
    "reading", "writing", "tear up paper", "put on jacket", "take off jacket", "put on shoe", "take off shoe", "put on glasses",
    "take off glasses", "put on hat/cap", "take off hat/cap", "cheer (raise arms)", "hand waving", "kicking the air/something",
    "reach into pocket", "hopping", "jump up", "phone call", "play with phone/tablet", "type on keyboard",
    "point at something/directions", "take a selfie", "check time (from watch)", "rub two hands", "bow (bend forward)", "shake head",
    "wipe face", "salute", "pray with hands together", "cross hands in front", "sneezing/cough", "staggering", "falling down", "headache",
    "chest pain", "back pain", "neck pain", "nausea/vomiting", "fan self", "punch/slap someone", "kicking someone", "pushing someone",
    "pat someone on the back", "point at someone", "hug each other", "giving object", "touch someone's pocket", "shaking hands",
    "walking towards each other", "walking apart from each other",
)
_TRAINING = frozenset({1, 2, 4, 5, 8, 9, 13, 14, 15, 16, 17, 18, 19, 25, 27, 28, 31, 34, 35, 38})
_UNSEEN = (11, 12, 20, 27, 57)             # 1-based action numbers of SynSE's 55/5 split
NTU60_55_5 = Protocol(
    "ntu60_xsub_55_5", NTU60_LABELS, tuple(NTU60_LABELS[a - 1] for a in _UNSEEN), frozenset(range(1, 41)) - _TRAINING,
)
_NAME = re.compile(r"S(\d{3})C\d{3}P(\d{3})R\d{3}A(\d{3})$")


def read_ntu60(data_root: str | Path, leave_out: str | Path | None = None) -> tuple[LabelledClip, ...]:
    """The clips of NTU RGB+D 60 under `data_root`, each read from its file when it is asked for.

    leave_out: a text file with the names of recordings without a skeleton, one a line (the 302 known ones).
    Raises FileNotFoundError where the folder holds no NTU file.
    """
    skipped = set(Path(leave_out).read_text().split()) if leave_out else set()
    clips = []
    for path in sorted(Path(data_root).rglob("*.skeleton")):
        name = _NAME.match(path.stem)
        if name and path.stem not in skipped and int(name[1]) <= 17 and 1 <= int(name[3]) <= 60:
            clips.append(LabelledClip(path.stem, path, NTU60_LABELS[int(name[3]) - 1], int(name[2])))
    if not clips:
        raise FileNotFoundError(
            f"no NTU RGB+D 60 recordings (S001C001P001R001A001.skeleton ...) under {str(data_root)!r}; request the data from "
            "NTU's ROSE Lab, unpack the skeletons there, and pass that folder as data_root"
        )
    return tuple(clips)
