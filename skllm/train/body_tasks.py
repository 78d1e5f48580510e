"""What the model is asked about the body in a clip of a mixture of benchmarks: labels in many words, claims, short questions, a sentence."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import torch

from skllm.benchmarks.mixture import benchmark_of
from skllm.benchmarks.phrasings import confusable, phrasings
from skllm.benchmarks.records import LabelledClip
from skllm.motion.claims import CLAIMS
from skllm.reason import questions
from skllm.reason.questions import NO, YES, shuffled
from skllm.train.tasks import Choose, Exchange, Explain

_MOST = 10               # candidates of a choice
_OWN = 0.6               # how often all candidates are of the clip's own benchmark
_PLAIN = 0.5             # how often labels stand as they are
_RARE = 0.03             # a claim that holds of less of the clips, or fails of less, is not asked for


class Pick(Choose):
    """Multiple choice among some labels, as they are or each in one of its phrasings; the wrong ones are of the clip's benchmark or of any.

    Labels of another benchmark that could rightly be said of the clip are never among the wrong ones.
    """

    def __init__(self, clips, labels, rationales, sheets=None):
        super().__init__(clips, labels, rationales, sheets)
        own = defaultdict(set)
        for one in clips:
            own[benchmark_of(one)].add(one.label)
        self.wrong = {(where, label): (sorted(found - {label}), _foreign(label, own, where)) for where, found in own.items() for label in found}
        if lonely := sorted(label for (_, label), (near, far) in self.wrong.items() if not near + far):
            raise ValueError(f"a choice needs a wrong label beside {lonely[0]!r}; train on clips of two labels or more")

    def __call__(self, one: LabelledClip, which: int, dice: torch.Generator) -> Exchange:
        """The question, and the label in the words that the question has for it."""
        own, foreign = self.wrong[benchmark_of(one), one.label]
        draw = torch.rand(3, generator=dice).tolist()
        wrong = shuffled(own if draw[0] < _OWN and own else own + foreign, dice)[: 1 + int(draw[1] * (_MOST - 1))]
        chosen = [label if draw[2] < _PLAIN else _draw(phrasings(label), dice) for label in (one.label, *wrong)]
        right = chosen[0]
        said = {words.lower(): words for words in reversed(chosen)}
        return questions.choose(shuffled(list(said.values()), dice)), right


def _foreign(label: str, own: Mapping[str, set[str]], where: str) -> list[str]:
    far = {other for elsewhere, found in own.items() if elsewhere != where for other in found}
    return sorted(other for other in far - own[where] if not confusable(label, other))


def _draw(some: Sequence[str], dice: torch.Generator) -> str:
    return some[int(torch.randint(len(some), (), generator=dice))]


class Name(Choose):
    """What the person does, without candidates: the label, as it is or in one of its phrasings."""

    def __call__(self, one: LabelledClip, which: int, dice: torch.Generator) -> Exchange:
        """The question and the label."""
        plain = torch.rand((), generator=dice) < _PLAIN
        return questions.NAME, one.label if plain else _draw(phrasings(one.label), dice)


class Affirm(Pick):
    """Is it this action? As often its own label as a wrong one, in any phrasing."""

    def __call__(self, one: LabelledClip, which: int, dice: torch.Generator) -> Exchange:
        """The question, and YES or NO."""
        own, foreign = self.wrong[benchmark_of(one), one.label]
        right = torch.rand((), generator=dice) < 0.5
        label = one.label if right else _draw(own or foreign, dice)
        return questions.judge(_draw(phrasings(label), dice)), YES if right else NO


class Verify(Choose):
    """Does a claim hold? Drawn so that every claim is about as often true as false over the clips."""

    def __init__(self, clips, labels, rationales, sheets=None):
        counts = Counter((name, holds) for one in clips if one.key in sheets for name, holds in sheets[one.key].claims.items())
        shared = [name for name in CLAIMS if min(counts[name, True], counts[name, False]) > _RARE * (counts[name, True] + counts[name, False])]
        self.weight = {(name, holds): 1 / counts[name, holds] for name in shared for holds in (True, False)}
        able = [one for one in clips if one.key in sheets and not self.weight.keys().isdisjoint(sheets[one.key].claims.items())]
        if not able:
            raise ValueError(f"no claim is true of some of {len(clips)} clips and false of others; train on more clips, of several actions")
        super().__init__(able, labels, rationales, sheets)
        self.sheets = sheets

    def __call__(self, one: LabelledClip, which: int, dice: torch.Generator) -> Exchange:
        """The question, and YES or NO."""
        known = [pair for pair in self.sheets[one.key].claims.items() if pair in self.weight]
        name, holds = known[_weighted([self.weight[pair] for pair in known], dice)]
        return questions.verify(CLAIMS[name].question), YES if holds else NO


class Answer(Choose):
    """A short question on the motion, drawn so that the answers of a topic are as often the one as another."""

    def __init__(self, clips, labels, rationales, sheets=None):
        super().__init__([one for one in clips if one.key in sheets and sheets[one.key].questions], labels, rationales, sheets)
        self.sheets = sheets
        if not self.clips:
            raise ValueError(f"none of {len(clips)} clips can be asked a short question; train on longer clips, of joints with names")
        self.counts = Counter((asked.topic, asked.answer) for one in self.clips for asked in sheets[one.key].questions)

    def __call__(self, one: LabelledClip, which: int, dice: torch.Generator) -> Exchange:
        """The question and its answer."""
        asked = self.sheets[one.key].questions
        drawn = asked[_weighted([1 / self.counts[each.topic, each.answer] for each in asked], dice)]
        return questions.short(drawn.text, drawn.choices), drawn.answer


def _weighted(weights: Sequence[float], dice: torch.Generator) -> int:
    return int(torch.multinomial(torch.tensor(weights, dtype=torch.float64), 1, generator=dice))


class Conclude(Explain):
    """What moves, and so which action it is, in short: the first and the last line of the teacher's rationale."""

    def __call__(self, one: LabelledClip, which: int, dice: torch.Generator) -> Exchange:
        """Two lines, asked for without any label."""
        lines = self.rationales[one.key].splitlines()
        return questions.conclude(), "\n".join([lines[0], lines[-1]])


class Describe(Explain):
    """One sentence on what the person does: the first line of the teacher's rationale."""

    def __call__(self, one: LabelledClip, which: int, dice: torch.Generator) -> Exchange:
        """The sentence."""
        return questions.DESCRIBE, self.rationales[one.key].splitlines()[0]
