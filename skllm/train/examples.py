"""Labelled clips become training examples: sampled frames, questions, their answers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import torch
from torch.utils.data import Dataset

from skllm.benchmarks.phrasings import phrasings
from skllm.benchmarks.records import LabelledClip
from skllm.perturb import mirror, mirror_label
from skllm.render import DrActionConfig
from skllm.render.renderer import tracks_of
from skllm.skeleton import Skeleton
from skllm.train.augment import resense
from skllm.train.body_tasks import Affirm, Answer, Conclude, Describe, Name, Pick, Verify
from skllm.train.naming import names_any
from skllm.train.sheets import Sheet
from skllm.train.tasks import Caption, Choose, Explain, Judge, Reason

TASKS: dict[str, type[Choose]] = {
    "choose": Choose, "judge": Judge, "explain": Explain, "reason": Reason,                                          # about labels
    "caption": Caption,                                                                                              # of clips without one
    "name": Name, "pick": Pick, "affirm": Affirm, "verify": Verify, "answer": Answer, "conclude": Conclude, "describe": Describe,   # of a mixture
}
_PHRASED = frozenset({"name", "pick", "affirm"})         # say labels in other words
Sample = Callable[[Skeleton, int, torch.Generator], Skeleton]


def needs_rationales(task: str) -> bool:
    """Whether a stage's task is learned from a teacher's texts."""
    return not {"explain", "reason", "conclude", "describe"}.isdisjoint(task.split("+"))


def needs_sheets(task: str) -> bool:
    """Whether a stage's task asks for what was measured."""
    return not {"verify", "answer"}.isdisjoint(task.split("+"))


class Several:
    """Some questions about a clip at once, of several tasks in turn; a task that cannot ask about a clip leaves its turn to the others."""

    each = 1

    def __init__(self, tasks: Sequence[Choose], asked: int):
        self.tasks, self.asked, self.labels = tasks, asked, tasks[0].labels
        self.able = [{one.key for one in task.clips} for task in tasks]
        self.clips = list({one.key: one for task in tasks for one in task.clips}.values())

    def __call__(self, one: LabelledClip, which: int, dice: torch.Generator) -> tuple[list[str], list[str]]:
        """The questions and their answers."""
        able = [task for task, keys in zip(self.tasks, self.able, strict=True) if one.key in keys]
        order = torch.randperm(len(able), generator=dice).tolist()
        turns = [able[order[n % len(able)]] for n in range(self.asked)]
        said = [task(one, int(torch.randint(task.each, (), generator=dice)), dice) for task in turns]
        return [question for question, _ in said], [answer for _, answer in said]


class Examples(Dataset):
    """Questions about clips, of any mixture of formats; what is drawn depends on seed, epoch and number alone.

    labels: the seen ones, all that a question may name; rationales: a teacher's text by clip, for tasks that learn from one
    `epoch` is set by the trainer, so that a resumed run draws what an uninterrupted one would have; sample: how a clip's
    frames are drawn, a renderer's own way or `Skeleton.sample`; views, asked, resensed: see `Stage`; several tasks are joined by "+".
    Clips whose label is not among the labels are for the task `caption` alone; their captions that name one of `unseen` are left out.
    Raises ValueError where such a clip has no captions or nobody asks for them, or a rationale names one of `unseen`: it would leak what must
    stay unseen.
    """

    def __init__(
        self, clips: Sequence[LabelledClip], labels: Sequence[str], task: str, frames: int, seed: int, sample: Sample = Skeleton.sample,
        rationales: Mapping[str, str] | None = None, unseen: Sequence[str] = (), views: int | None = None,
        sheets: Mapping[str, Sheet] | None = None, asked: int = 1, resensed: bool = False,
    ):
        labelled, others = [[one for one in clips if (one.label in labels) == there] for there in (True, False)]
        strangers = sorted({one.label for one in others if "caption" not in task.split("+") or not one.captions})
        if strangers or not clips:
            raise ValueError(f"training needs clips, all of the given labels; got {len(clips)} clips, labels outside: {strangers[:5]}")
        if leaked := sorted(set(labels) & set(unseen)):
            raise ValueError(f"labels must stay unseen or be trained on; got {leaked} as both")
        if leaked := _leaking(labels, unseen) if not _PHRASED.isdisjoint(task.split("+")) else None:
            raise ValueError(f"{leaked[0]!r}, another way to say {leaked[1]!r}, names {leaked[2]!r}, which must stay unseen; take another task")
        if not set(task.split("+")) <= set(TASKS):
            raise ValueError(f"no task {task!r}; known: {', '.join(TASKS)}")
        if needs_sheets(task) and not sheets:
            raise ValueError(f"the task {task!r} asks for what was measured; give sheets=measure(clips)")
        rationales = rationales or {}
        for key, text in rationales.items():
            if named := names_any(text, unseen):
                raise ValueError(f"the rationale of {key} names {named!r}, which must stay unseen; leave it out")
            if not text.strip():
                raise ValueError(f"the rationale of {key} is empty; leave it out")
        captioned = [replace(one, captions=kept) for one in others if (kept := tuple(c for c in one.captions if not names_any(c, unseen)))]
        made = [TASKS[name](captioned if name == "caption" else labelled, labels, rationales, sheets) for name in task.split("+")]
        self.task = made[0] if len(made) == asked == 1 else Several(made, asked)
        self.clips, self.frames, self.seed, self.epoch, self.sample, self.views = self.task.clips, frames, seed, 0, sample, views
        self.resensed = resensed

    def __len__(self) -> int:
        return self.task.each * len(self.clips)

    def __getitem__(self, n: int) -> dict:
        one, which = self.clips[n // self.task.each], n % self.task.each
        question, answer = self.task(one, which, _dice(self.seed, self.epoch, n, 0))
        view = self.epoch if self.views is None else self.epoch % self.views
        dice = _dice(self.seed, view, n, 1)
        clip = one.clip
        if self.resensed:
            clip = resense(clip, dice)
            if torch.rand((), generator=dice) < 0.5:
                clip, question, answer = mirror(clip), _mirrored(question), _mirrored(answer)
        return {"clips": self.sample(clip, self.frames, dice), "questions": question, "answers": answer, "keys": one.key, "names": f"{n}/{view}"}


def _leaking(labels: Sequence[str], unseen: Sequence[str]) -> tuple[str, str, str] | None:
    """A phrasing, its label, and the unseen label that it names though the label itself does not."""
    hidden = {label: [one for one in unseen if not names_any(label, [one])] for label in labels}
    found = ((words, label, names_any(words, hidden[label])) for label in labels for words in phrasings(label))
    return next((one for one in found if one[2]), None)


def _mirrored(said: str | list[str]) -> str | list[str]:
    return mirror_label(said) if isinstance(said, str) else [mirror_label(one) for one in said]


def _dice(*numbers: int) -> torch.Generator:
    return torch.Generator().manual_seed(hash(numbers) % 2**63)


def collate(examples: list[dict], named: bool = False) -> dict[str, list]:
    """Lists side by side, as `SkeletonLLM.forward` takes them, and the clips' keys; named: and names that tell one view of a clip from all others."""
    return {name: [example[name] for example in examples] for name in examples[0] if named or name != "names"}


def collate_bound(examples: list[dict], config: DrActionConfig, named: bool = False) -> dict[str, list | dict]:
    """The same with the clips' tracks in place of the clips: what takes time is done by the process that reads them."""
    together = collate(examples, named)
    return {**together, "clips": [], "tracks": vars(tracks_of(together["clips"], config))}


def collate_named(examples: list[dict]) -> dict[str, list]:
    """The same without the clips, whose features are held by their names."""
    return {**collate(examples, named=True), "clips": []}
