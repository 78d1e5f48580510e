"""What the model is asked about a training clip, and what it should answer. Only seen labels enter any of it."""

from collections.abc import Mapping, Sequence

import torch

from skllm.benchmarks.records import LabelledClip
from skllm.benchmarks.similar import similar_actions
from skllm.reason import questions
from skllm.reason.questions import NO, YES, shuffled
from skllm.train.sheets import Sheet

Exchange = tuple[str, str]       # a question and its answer


class Choose:
    """Multiple choice among the seen labels, in a random order; the answer is the label (stages 1 and 4).

    rationales: a teacher's text by clip; sheets: what was measured of each clip, for tasks that ask about it.
    """

    each = 1                  # questions a clip

    def __init__(
        self, clips: Sequence[LabelledClip], labels: Sequence[str], rationales: Mapping[str, str], sheets: Mapping[str, Sheet] | None = None,
    ):
        questions.choose(labels)          # refuses labels that are no choice before the first step
        self.clips, self.labels = clips, labels

    def __call__(self, one: LabelledClip, which: int, dice: torch.Generator) -> Exchange:
        """The question of this number about a clip, and its answer."""
        return questions.choose(shuffled(self.labels, dice)), one.label


class Caption(Choose):
    """What the person does, in a sentence that people said of the clip: one of its captions, drawn anew each time."""

    def __init__(self, clips, labels, rationales, sheets=None):
        super().__init__(clips, labels, rationales, sheets)
        if not clips:
            raise ValueError("none of the clips has a caption; add some of a benchmark that has, such as HumanML3D")

    def __call__(self, one: LabelledClip, which: int, dice: torch.Generator) -> Exchange:
        """The question for a sentence, and a caption."""
        return questions.DESCRIBE, one.captions[int(torch.randint(len(one.captions), (), generator=dice))]


class Judge(Choose):
    """Is it this action? Each clip is asked about its own label, and about one that is easily mistaken for it (stage 2).

    The wrong ones are drawn from the five most similar among the seen labels, so that a label never trained on is never named.
    """

    each = 2

    def __init__(self, clips, labels, rationales, sheets=None):
        super().__init__(clips, labels, rationales, sheets)
        self.similar = similar_actions(list(labels))

    def __call__(self, one: LabelledClip, which: int, dice: torch.Generator) -> Exchange:
        """YES for question 0, about the clip's own label; NO for question 1, about a similar one."""
        near = self.similar[one.label]
        drawn = near[int(torch.randint(len(near), (), generator=dice))]
        return (questions.judge(one.label), YES) if which == 0 else (questions.judge(drawn), NO)


class Explain(Choose):
    """What moves, step by step, and so which action it is; the answer is a teacher's rationale (stage 3). Clips without one are left out."""

    def __init__(self, clips, labels, rationales, sheets=None):
        super().__init__([one for one in clips if one.key in rationales], labels, rationales)
        self.rationales = rationales
        if not self.clips:
            raise ValueError(f"none of {len(clips)} clips has a rationale; collect_rationales(teacher, clips) writes them")

    def __call__(self, one: LabelledClip, which: int, dice: torch.Generator) -> Exchange:
        """The rationale, asked for without any label."""
        return questions.explain(), self.rationales[one.key]


class Reason(Explain):
    """Multiple choice whose answer is the rationale: the paper's reasoning variant of the first question."""

    def __call__(self, one: LabelledClip, which: int, dice: torch.Generator) -> Exchange:
        """The rationale, asked for among the labels."""
        return questions.choose(shuffled(self.labels, dice), reasoning=True), self.rationales[one.key]

