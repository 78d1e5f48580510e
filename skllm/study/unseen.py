"""The tests that would refute a model of a mixture: people, a format, a benchmark and questions that it never saw."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor
from tqdm import tqdm

from skllm.benchmarks import BENCHMARKS, UI_PRMD, LabelledClip
from skllm.benchmarks.mixture import NEVER, material, mixture
from skllm.model import SkeletonLLM
from skllm.motion.claims import CLAIMS
from skllm.perturb import add_noise, drop_joints
from skllm.reason.questions import short, verify
from skllm.respond.scores import Score, accuracy
from skllm.skeleton import Skeleton
from skllm.study.budget import looking
from skllm.study.evaluation import evaluate
from skllm.train.sheets import Sheet, measure

Change = Callable[[Skeleton, torch.Generator], Skeleton]
Tests = Mapping[str, tuple[Sequence[LabelledClip], Sequence[str]]]          # by name: clips, and the labels to choose from
_OTHER = "ui_prmd, Vicon"          # the format that is not in the mixture
READ = "claims about unseen people, by the matcher"
CLAIMS_ASKED = 500                 # at least
_TOGETHER = 16                     # clips that are ranked at once


def changed(clips: Sequence[LabelledClip], change: Change, seed: int = 0) -> list[LabelledClip]:
    """The clips as a worse sensor would have seen them; the same whenever it is asked with the same seed."""
    return [replace(one, source=change(one.clip, torch.Generator().manual_seed(seed * 1_000_003 + n))) for n, one in enumerate(clips)]


def worse(name: str, clips: Sequence[LabelledClip], labels: Sequence[str]) -> Tests:
    """A test as it is, with 30 % of the joints hidden in each frame, and with 5 cm noise."""
    return {
        name: (clips, labels),
        f"{name}, 30 % of the joints hidden": (changed(clips, lambda clip, dice: drop_joints(clip, 0.3, dice)), labels),
        f"{name}, 5 cm noise": (changed(clips, lambda clip, dice: add_noise(clip, 5, dice)), labels),
    }


def choices(data_root: str | Path) -> Tests:
    """Choices of labels: people never trained on, the same in a format that is not in the mixture, and a benchmark that is not.

    The shipped tower of `tiny` and `tiny-warm` has seen Vicon's bodies of the training people, without labels; that of `tiny-open`, and one that
    `make` trains, has not.
    """
    people = [one for one in mixture({"ui_prmd": ""}) if one.subject in UI_PRMD.test_subjects]
    vicon = [one for one in people if one.key.startswith(NEVER)]
    kinect = [one for one in people if not one.key.startswith(NEVER)]
    unseen = mixture({"nw_ucla": Path(data_root) / "nw_ucla"})
    return {**worse("ui_prmd", kinect, UI_PRMD.labels), _OTHER: (vicon, UI_PRMD.labels), "nw_ucla": (unseen, BENCHMARKS["nw_ucla"].labels)}


def claims_asked(sheets: Mapping[str, Sheet], count: int, seed: int = 0) -> list[tuple[str, str, bool]]:
    """So many questions that YES or NO answers, as (clip's key, claim, whether it holds): of every claim as many true as false."""
    dice = random.Random(seed)
    by_claim = {name: {holds: [key for key, one in sheets.items() if one.claims.get(name) is holds] for holds in (True, False)} for name in CLAIMS}
    usable = {name: keys for name, keys in by_claim.items() if min(map(len, keys.values())) >= 3}
    if not usable:
        raise ValueError(f"no claim is true of three of {len(sheets)} clips and false of three others; examine more clips, of several actions")
    each = -(-count // (2 * len(usable)))
    return sorted((key, name, holds) for name, keys in usable.items() for holds in (True, False)
                  for key in dice.sample(keys[holds], min(each, *map(len, keys.values()))))


@torch.no_grad()
def examine_claims(model: SkeletonLLM, clips: Mapping[str, Skeleton], asked: Sequence[tuple[str, str, bool]]) -> Score:
    """How often the likelier of YES and NO is right, of `claims_asked`."""
    by_clip: dict[str, list[tuple[str, bool]]] = {}
    for key, name, holds in asked:
        by_clip.setdefault(key, []).append((name, holds))
    right = []
    for key, some in tqdm(by_clip.items(), desc="claims", unit="clip", mininterval=2):
        said = model.mllm.agreement(model.see([clips[key]]), [[verify(CLAIMS[name].question) for name, _ in some]])[0]
        right += [(yes > 0.5) == holds for yes, (_, holds) in zip(said, some, strict=True)]
    return accuracy(right)


def examine_answers(model: SkeletonLLM, clips: Mapping[str, Skeleton], sheets: Mapping[str, Sheet], count: int, seed: int = 0) -> Score:
    """How often the likeliest of a short question's answers is right, every answer of a topic drawn as often as another while there are some."""
    by_answer: dict[tuple[str, str], list] = {}
    for key, sheet in sheets.items():
        for one in sheet.questions:
            by_answer.setdefault((one.topic, one.answer), []).append((key, one))
    if not by_answer:
        raise ValueError(f"none of {len(sheets)} clips can be asked a short question; examine longer clips, of joints with names")
    dice, each = random.Random(seed), -(-count // len(by_answer))
    drawn = [pair for some in by_answer.values() for pair in dice.sample(some, min(each, len(some)))]
    bar = tqdm(drawn, desc="short questions", unit="question", mininterval=2)
    return accuracy([model.likeliest(clips[key], short(one.text, one.choices), one.choices) == one.answer for key, one in bar])


def examine_all(model: SkeletonLLM, data_root: str | Path) -> dict[str, Score]:
    """Every test by its name: choices ranked and strict, claims, and short questions; Vicon's again as recorded if the layout is another."""
    scores, asked = {}, choices(data_root)
    for name, (clips, labels) in asked.items():
        told = evaluate(model, clips, labels, name)
        scores |= {f"{name} (ranked)": told.ranked, f"{name} (strict)": told.strict}
    if model.renderer.config.layout != "recorded":
        with looking(model, layout="recorded"):
            told = evaluate(model, *asked[_OTHER], f"{_OTHER}, in recorded joints")
        scores |= {f"{_OTHER}, in recorded joints (ranked)": told.ranked, f"{_OTHER}, in recorded joints (strict)": told.strict}
    kept = material(data_root)[1]
    sheets, clips = measure(kept), {one.key: one.clip for one in kept}
    asked_of = claims_asked(sheets, CLAIMS_ASKED)
    scores["claims about unseen people"] = examine_claims(model, clips, asked_of)
    if model.matcher:
        scores[READ] = read_claims(model, clips, asked_of)
    scores["short questions about unseen people"] = examine_answers(model, clips, sheets, 300)
    return scores


def examine_ranked(rank: Callable[[Sequence[Skeleton], Sequence[str]], Tensor], tests: Tests) -> dict[str, Score]:
    """The choices alone, by whatever gives clips and labels probabilities; nothing is said."""
    scores = {}
    for name, (clips, labels) in tests.items():
        parts = [clips[n : n + _TOGETHER] for n in range(0, len(clips), _TOGETHER)]
        said = [labels[n] for part in tqdm(parts, desc=name, mininterval=2) for n in rank([one.clip for one in part], labels).argmax(1).tolist()]
        scores[f"{name} (ranked)"] = accuracy([label == one.label for label, one in zip(said, clips, strict=True)])
    return scores


def read_claims(model: SkeletonLLM, clips: Mapping[str, Skeleton], asked: Sequence[tuple[str, str, bool]]) -> Score:
    """How often the matcher is right about claims, of `claims_asked`: as often true as false."""
    keys = dict.fromkeys(key for key, *_ in asked)
    read = {key: model.claims(clips[key], even=True) for key in tqdm(keys, desc="claims are read", unit="clip", mininterval=2)}
    return accuracy([(read[key][CLAIMS[name].statement] > 0.5) == holds for key, name, holds in asked])
