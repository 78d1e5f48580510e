"""Teaches a matcher which words fit what is seen of a clip: labels in many phrasings, each among those of its own benchmark, and plain claims."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm
from transformers import get_cosine_schedule_with_warmup

from skllm.benchmarks.mixture import benchmark_of
from skllm.benchmarks.phrasings import phrasings
from skllm.benchmarks.records import LabelledClip
from skllm.model import SkeletonLLM
from skllm.motion.claims import CLAIMS
from skllm.reason.matching import Matcher, Sizes
from skllm.skeleton import Skeleton
from skllm.train.augment import resense
from skllm.train.sheets import Sheet
from skllm.wording import Read

MATCHED = 1500            # steps in which the matcher of `tiny-open` is taught
_TOGETHER = 16            # clips that are seen at once
Show = Callable[[int, torch.Generator], Tensor]                         # a clip's number to what is seen of one random view of it


@dataclass(frozen=True)
class Batch:
    """A step's material. seen: of each clip; wanted: which of all labels (those of one benchmark after the other) each clip shows; said:
    for each of all labels, which of all texts speaks for it in this step; holds: of each clip, which claims hold, NaN where that is open."""

    seen: Float[Tensor, "B T ..."]
    wanted: Int[Tensor, " B"]
    said: Int[Tensor, " L"]
    holds: Float[Tensor, "B C"]


class Steps(Dataset):
    """One batch a step; every draw depends on the seed and the step alone, so it matters not which process prepares it.

    names: all labels with their benchmarks, the key's first word; owners: the number of each one's benchmark; texts: all
    phrasings of all labels, in that order. Clips are drawn by benchmark, then by label, so rare ones are as frequent.
    Raises ValueError where a benchmark has a single label.
    """

    def __init__(self, clips: Sequence[LabelledClip], show: Show, holds: Float[Tensor, "N C"], steps: int, clips_a_step: int = 64, seed: int = 0):
        if steps < 1:
            raise ValueError(f"a matcher learns in one step or more; got {steps}")
        self.clips: dict[tuple[str, str], list[int]] = {}
        for n, one in enumerate(clips):
            self.clips.setdefault((benchmark_of(one), one.label), []).append(n)
        self.names = sorted(self.clips)
        self.of: dict[str, list[int]] = {}
        for n, (benchmark, _) in enumerate(self.names):
            self.of.setdefault(benchmark, []).append(n)
        if (lonely := [benchmark for benchmark, labels in self.of.items() if len(labels) < 2]) or not clips:
            raise ValueError(f"training tells labels of one benchmark apart; got {len(clips)} clips, with a single label in {lonely}")
        self.owners = torch.tensor([list(self.of).index(benchmark) for benchmark, _ in self.names])
        said = [phrasings(label) for _, label in self.names]
        self.texts, self.counts = [text for some in said for text in some], torch.tensor([len(some) for some in said])
        self.show, self.holds, self.steps, self.clips_a_step, self.seed = show, holds, steps, clips_a_step, seed

    def __len__(self) -> int:
        return self.steps

    def prior(self) -> Float[Tensor, " C"]:
        """The share of what is drawn in which each claim holds, at least 1 % and at most 99; a half where it is always open."""
        by_label = torch.stack([self.holds[self.clips[name]].nanmean(0) for name in self.names])
        by_benchmark = torch.stack([by_label[labels].nanmean(0) for labels in self.of.values()])
        return by_benchmark.nanmean(0).nan_to_num(0.5).clamp(0.01, 0.99)

    def __getitem__(self, step: int) -> Batch:
        dice = torch.Generator().manual_seed(self.seed * 1_000_003 + step)

        def one_of(some: Sequence):
            return some[int(torch.randint(len(some), (), generator=dice))]

        wanted = [one_of(self.of[one_of(list(self.of))]) for _ in range(self.clips_a_step)]
        clips = [one_of(self.clips[self.names[n]]) for n in wanted]
        seen = torch.stack([self.show(n, dice) for n in clips])
        which = (torch.rand(len(self.counts), generator=dice) * self.counts).long()
        return Batch(seen, torch.tensor(wanted), self.counts.cumsum(0) - self.counts + which, self.holds[clips])


def holds_of(clips: Sequence[LabelledClip], sheets: Mapping[str, Sheet]) -> Float[Tensor, "N C"]:
    """Of each clip, for every claim in `CLAIMS` whether it holds (1) or not (0), as measured; NaN where it is open."""
    return torch.tensor([[float(sheets[one.key].claims.get(name, torch.nan)) for name in CLAIMS] for one in clips])


def loss(logits: Float[Tensor, "B L"], wanted: Int[Tensor, " B"], owners: Int[Tensor, " L"]) -> Float[Tensor, ""]:
    """Cross-entropy of each clip among the labels of its own benchmark."""
    return F.cross_entropy(logits.masked_fill(owners[wanted][:, None] != owners, -torch.inf), wanted)


def claim_loss(logits: Float[Tensor, "B C"], holds: Float[Tensor, "B C"]) -> Float[Tensor, ""]:
    """Binary cross-entropy of the claims that are not open; 0 where all are."""
    known = holds.isfinite()
    return F.binary_cross_entropy_with_logits(logits[known], holds[known]) if known.any() else logits.sum() * 0


def learn(
    make: Callable[[int], Matcher], steps: Steps, read: Read, rate: float = 1e-3, device: str | torch.device = "cpu", workers: int = 0,
) -> Matcher:
    """A matcher that has learned these steps, frozen; the same for the same seed of the steps.

    make: gives a fresh one for texts whose words are vectors of so many numbers; workers: processes that prepare batches, which
    changes only the time. Raises RuntimeError where a slope is not finite.
    """
    device, told = torch.device(device), read(steps.texts)
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):      # dropout takes no generator
        torch.manual_seed(steps.seed)
        matcher = make(told.words.shape[1])
        matcher.centre.copy_(told.words.mean(0))
        matcher.prior.copy_(steps.prior())
        _descend(matcher.to(device), steps, matcher.read(told.words, told.implied), rate, workers)
    return matcher.eval().requires_grad_(False)


def _descend(matcher: Matcher, steps: Steps, texts: Float[Tensor, "M E"], rate: float, workers: int) -> None:
    """Every step once, on the matcher's device."""
    owners, device = steps.owners.to(texts.device), texts.device
    optimizer = torch.optim.AdamW(matcher.parameters(), lr=rate, weight_decay=0.05)
    schedule = get_cosine_schedule_with_warmup(optimizer, min(100, len(steps) // 10), len(steps))
    loader = DataLoader(steps, batch_size=None, num_workers=workers, generator=torch.Generator(), prefetch_factor=4 if workers else None)
    bar = tqdm(loader, desc="words are matched", mininterval=2)
    for batch in bar:
        clips = matcher.embed(batch.seen.to(device))
        cost = loss(matcher.logits(clips, texts[batch.said.to(device)]), batch.wanted.to(device), owners)
        judged = claim_loss(matcher.certainty(clips), batch.holds.to(device))
        optimizer.zero_grad()
        (cost + judged).backward()
        nn.utils.clip_grad_norm_(matcher.parameters(), 1.0, error_if_nonfinite=True)
        optimizer.step()
        schedule.step()
        bar.set_postfix(labels=f"{cost.item():.3f}", claims=f"{judged.item():.3f}", refresh=False)


class Views:
    """What a model's eyes see of some random views of each clip, seen once and held in memory in half precision.

    vary: a clip to one random view of it. Views do not depend on what is learned from them: another seed of training may use the same.
    Of `tiny`, a view of a clip takes 0.4 MB.
    """

    @torch.no_grad()
    def __init__(
        self, model: SkeletonLLM, clips: Sequence[LabelledClip], views: int, vary: Callable[[Skeleton, torch.Generator], Skeleton] = resense,
    ):
        if views < 1 or model.mllm.foreground_only:
            raise ValueError(f"a matcher learns from one view of whole pictures or more; got {views}, foreground_only {model.mllm.foreground_only}")
        self.views, self.held, self.keys = views, None, [one.key for one in clips]
        todo = [(n, view) for n in range(len(clips)) for view in range(views)]
        with tqdm(total=len(todo), desc="seeing the clips", unit="view", mininterval=2) as bar:
            for start in range(0, len(todo), _TOGETHER):
                part = todo[start : start + _TOGETHER]
                seen = model.mllm.features(model.renderer([_view(model, clips[n].clip, vary, n, view) for n, view in part])).half().cpu()
                if self.held is None:
                    self.held = torch.empty(len(todo), *seen.shape[1:], dtype=torch.half)
                self.held[start : start + len(part)] = seen
                bar.update(len(part))

    def __call__(self, clip: int, dice: torch.Generator) -> Float[Tensor, "T R C"]:
        """One of this clip's views, by the dice."""
        return self.held[clip * self.views + int(torch.randint(self.views, (), generator=dice))]


def _view(model: SkeletonLLM, clip: Skeleton, vary: Callable, number: int, view: int) -> Skeleton:
    """One sampled view of the clip with this number, always the same."""
    dice = torch.Generator().manual_seed(view * 1_000_003 + number)
    return model.renderer.sample(vary(clip, dice), model.frames, dice)


def teach(
    model: SkeletonLLM, clips: Sequence[LabelledClip], sheets: Mapping[str, Sheet], steps: int = MATCHED, views: int = 8, seed: int = 0,
    seen: Views | None = None,
) -> None:
    """Gives a model a matcher that has learned from these clips; nothing else of the model changes.

    sheets: what was measured of each clip, by its key; seen: the views, where they were seen before. Raises ValueError where a benchmark has a
    single label, there is no step or view, only the foreground is seen, or the views are of other clips.
    """
    seen = seen or Views(model, clips, views)
    if seen.keys != [one.key for one in clips]:
        raise ValueError(f"these are views of {len(seen.keys)} other clips, or of these {len(clips)} in another order; see them anew")
    taught = Steps(clips, seen, holds_of(clips, sheets), steps, seed=seed)
    rows, channels = seen.held.shape[-2:]
    model.matcher = learn(lambda words: Matcher.of(Sizes(model.frames, rows, channels, words, tuple(CLAIMS))), taught, model.wording,
                          device=model.mllm.model.device)
