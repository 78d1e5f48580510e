"""A teacher without eyes: what the joints did, measured and put into sentences."""

import hashlib
from functools import cache
from importlib.resources import files

from skllm.motion import chain, facts, summary
from skllm.reason.questions import LABEL_LINE
from skllm.train.teachers.records import Asked, NoAnswer, Teacher


class KinematicTeacher(Teacher):
    """Measured facts as text: a summary, then the chain over time, a line each, then the label line. No network, no pictures.

    The statements come from the joints alone; the label enters in the last line and nowhere else. So it explains what moved
    and never why that makes the action, and where the label is withheld it cannot conclude: the text then has no label line.
    """

    name = "kinematic"
    pictured = False
    chooses = False

    def __init__(self):
        self.settings = _wording()

    def __repr__(self) -> str:
        return "KinematicTeacher()"

    def answer(self, asked: Asked) -> str:
        """The text; it depends on the clip and the label alone. Raises NoAnswer for a clip that can't be measured."""
        found = facts(asked.clip)
        if not found:
            raise NoAnswer("the clip is too short, or too few named joints are seen, to measure what moves")
        lines = [summary(found), *chain(found)]
        return "\n".join(lines if asked.label is None else [*lines, LABEL_LINE.format(label=asked.label)])


@cache
def _wording() -> str:
    """A digest of the code that writes the sentences, so that texts on disk do not outlive it."""
    sources = sorted((file for file in files("skllm.motion").iterdir() if file.name.endswith(".py")), key=lambda file: file.name)
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in sources)).hexdigest()
