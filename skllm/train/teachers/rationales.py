"""Rationales for the stage CR-Distill: a teacher explains each clip once, and what it said is kept on disk."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

import torch
from tqdm import tqdm

from skllm.benchmarks.records import LabelledClip
from skllm.model import SkeletonLLM
from skllm.reason.questions import LABEL_LINE, choose
from skllm.respond.answers import parse_label, without_label_line
from skllm.train.naming import names_any
from skllm.train.teachers.ledger import Ledger
from skllm.train.teachers.records import Asked, NoAnswer, Teacher, fault, pixels

_IN_A_ROW = 20           # clips without an answer after which a run is given up: the server is down


@dataclass(frozen=True)
class Rationales:
    """What the student is to say of each clip. texts: by clip, in the clips' order; dropped: the clips without, and why."""

    texts: dict[str, str]
    dropped: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class _Said:
    """What came of asking about one clip: a text, or why there is none."""

    key: str
    text: str = ""
    silent: str | None = None


def collect_rationales(
    teacher: Teacher, clips: Sequence[LabelledClip], model: SkeletonLLM | None = None, *, folder: str | Path, told: bool = True,
    label_line: bool = True, labels: Sequence[str] = (), unseen: Sequence[str] = (), concurrency: int = 4,
) -> Rationales:
    """A teacher's rationale for each clip, from `folder` where it was asked the same before, and of whoever is left what they said.

    model: paints the pictures that a pictured teacher sees. unseen: labels that must stay so; a text that names one is dropped.
    concurrency: clips that are asked about at once, which bounds memory too.
    told=False withholds the label: the teacher chooses among `labels`, and what ends on another label than the clip's is dropped. That is
    how we read "teacher not given label" in the paper's variants of CR-Distill; label_line=False is the other one: the same answers,
    without their label lines. A killed run, started again, asks only what it has no answer to; an answer that was dropped stays dropped.
    Raises ValueError for what cannot be asked, OSError where nothing can be kept or the teacher is of no use.
    """
    _check(teacher, clips, model, told, label_line, labels, concurrency)
    questions = (_asked(teacher, one, model, None if told else tuple(labels)) for one in clips)
    said: dict[str, _Said] = {}
    with Ledger(folder, teacher.name, len(clips)) as kept, tqdm(total=len(clips), desc=teacher.name, unit="clip", mininterval=2) as bar:
        for answer in _persevering(_answers(teacher, questions, kept, concurrency)):
            said[answer.key] = answer
            bar.update()
    reasons = {one.key: _why_not(said[one.key], one.label, told or teacher.chooses, unseen) for one in clips}
    texts = {one.key: _target(said[one.key].text, one.label, label_line) for one in clips if reasons[one.key] is None}
    return Rationales(texts, tuple((key, why) for key, why in reasons.items() if why))


def _check(teacher, clips, model, told, label_line, labels, concurrency) -> None:
    twice = sorted(key for key, times in Counter(one.key for one in clips).items() if times > 1)
    if twice or not clips:
        raise ValueError(f"rationales need clips with a key each; got {len(clips)} clips, keys that come twice: {twice[:5]}")
    unnamed = [one.key for one in clips if not one.label.strip() or len(one.label.splitlines()) > 1]
    if unnamed:
        raise ValueError(f"a label is words on one line; clip {unnamed[0]!r} has another; leave such clips out")
    if teacher.pictured and model is None:
        raise ValueError(f"the teacher {teacher.name} looks at pictures and there is no model to paint them; pass model")
    if concurrency < 1:
        raise ValueError(f"concurrency is how many clips are asked about at once, from 1; got {concurrency}")
    if told:
        return
    if not teacher.chooses and label_line:
        raise ValueError(f"the teacher {teacher.name} cannot name an action that it is not told; pass told=True, or label_line=False")
    if not teacher.chooses:
        return
    choose(labels)       # refuses labels that are no choice
    strangers = sorted({one.label for one in clips if parse_label(one.label, labels) is None})
    if strangers:
        raise ValueError(f"a teacher that is not told chooses among labels, which lack {strangers}; pass all labels of the clips")


@torch.no_grad()
def _asked(teacher: Teacher, one: LabelledClip, model: SkeletonLLM | None, withheld: tuple[str, ...] | None) -> Asked:
    clip = one.clip
    pictures = model.render([clip])[0].cpu() if teacher.pictured else None
    return Asked(one.key, clip, pictures, one.label if withheld is None else None, withheld or ())


def _answers(teacher: Teacher, questions: Iterable[Asked], kept: Ledger, at_once: int) -> Iterator[_Said]:
    """What is said of each clip, as it comes.

    A thread a clip, at most `at_once`: they are daemons, which Ctrl-C need not wait for as it would for a pool's. Each writes what
    it hears itself, so that a kill during painting loses nothing.
    """
    done, busy = SimpleQueue(), 0
    for asked in questions:
        question = _digest(teacher, asked)
        if (text := kept.get(question)) is not None:
            yield _Said(asked.key, text)
            continue
        job = (teacher, asked, question, kept, done)
        if teacher.parallel:
            Thread(target=_ask, args=job, daemon=True).start()
        else:
            _ask(*job)
        busy += 1
        if busy == at_once or not teacher.parallel:
            yield _next(done)
            busy -= 1
    for _ in range(busy):
        yield _next(done)


def _ask(teacher: Teacher, asked: Asked, question: str, kept: Ledger, done: SimpleQueue) -> None:
    """Puts what is said on the queue, or the error that ends the run; an error kept for each clip would keep its pictures too."""
    try:
        text = teacher.answer(asked)
        kept.add(question, asked.key, text)
        done.put(_Said(asked.key, text))
    except NoAnswer as silent:
        done.put(_Said(asked.key, silent=str(silent)))
    except Exception as wrong:
        done.put(wrong)


def _next(done: SimpleQueue) -> _Said:
    said = done.get()
    if isinstance(said, Exception):
        raise said
    return said


def _persevering(answers: Iterator[_Said]) -> Iterator[_Said]:
    """The same answers. Raises ConnectionError where none comes for many clips in a row."""
    silent = 0
    for said in answers:
        silent = 0 if said.silent is None else silent + 1
        if silent == _IN_A_ROW:
            raise ConnectionError(f"{silent} clips in a row got no answer, the last because: {said.silent}; start again later, what came is kept")
        yield said


def _why_not(said: _Said, label: str, concluded: bool, unseen: Sequence[str]) -> str | None:
    """Why this is no rationale for a clip of that label; a text without a conclusion only has to say something."""
    if said.silent is not None:
        return said.silent
    if named := names_any(said.text, unseen):
        return f"it names {named!r}, which must stay unseen"
    return fault(said.text, (label,)) if concluded else None if said.text.strip() else "an empty answer"


def _target(answer: str, label: str, label_line: bool) -> str:
    """What the student learns to say; the label line is last and spelt as the clip's label, however the teacher wrote it."""
    reasons = without_label_line(answer)
    return f"{reasons}\n{LABEL_LINE.format(label=label)}" if label_line else reasons


def _digest(teacher: Teacher, asked: Asked) -> str:
    """SHA-256 of whatever decides the answer: the teacher, the words, the pictures in 8 bits or the clip's numbers."""
    seen = hashlib.sha256(json.dumps((teacher.name, teacher.settings, asked.key, asked.words)).encode())
    clip = asked.clip
    if asked.pictures is not None:
        values = (pixels(asked.pictures),)
    else:
        values = (clip.xyz, clip.seen, clip.velocity, clip.orientations)
        seen.update(json.dumps((clip.fps, astuple(clip.topology))).encode())
    for value in values:
        seen.update(b"none" if value is None else repr(tuple(value.shape)).encode() + value.cpu().contiguous().numpy().tobytes())
    return seen.hexdigest()
