"""The baseline that never sees a picture: body points of a clip go through a small transformer to the text embedding of its label.

It trains on the clips and phrasings that SkeletonLLM trains on; clips are seen as other sensors might, and not mirrored.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm
from transformers import get_cosine_schedule_with_warmup

from skllm.benchmarks.mixture import benchmark_of
from skllm.benchmarks.records import LabelledClip
from skllm.reason.mllm import MLLM
from skllm.render.gaussians import body_sizes, middle_of
from skllm.skeleton import Skeleton
from skllm.train.augment import resense
from skllm.train.points import POINTS, body_points

SENTENCE = "The person does this:"
_FRAMES = 12              # as the renderers sample
_NUMBERS = 7              # x y z, velocity x y z, known
_TOGETHER = 256           # clips that are recognized at once; changes only the memory

Texts = Callable[[str], Sequence[str]]                                  # a label to its phrasings
Encode = Callable[[Sequence[str]], Float[Tensor, "M D"]]                # texts to vectors, on the CPU
Vary = Callable[[Skeleton, torch.Generator], Skeleton]                  # a clip to one random view of it


def features(clip: Skeleton) -> Float[Tensor, "T 15 7"]:
    """The first person's body points in each frame of a sampled clip: place, velocity, and 1 where known; all zero where not.

    Places are in body sizes from the person's middle, velocities in body sizes a second. Middle and size are those of the
    15 points, so that formats with more joints give the same.
    """
    points = body_points(clip, clip.xyz)
    middle, size = middle_of(points[:, None])[0], body_sizes(points[:, None])[0]
    values = torch.cat([(points - middle) / size, body_points(clip, clip.velocity) / size], -1)
    known = values.isfinite().all(-1, keepdim=True)
    return torch.cat([torch.where(known, values, 0), known.float()], -1)


class TextEncoder:
    """The mean of what a frozen language model makes of a label's words, read after `SENTENCE`; each is read once, and kept in `known`."""

    def __init__(self, mllm: MLLM):
        self.mllm, self.known = mllm, {}

    def __call__(self, texts: Sequence[str]) -> Float[Tensor, "M D"]:
        """One vector a text, on the CPU."""
        for text in texts:
            if text not in self.known:
                self.known[text] = self._read(text)
        return torch.stack([self.known[text] for text in texts])

    @torch.no_grad()
    def _read(self, text: str) -> Float[Tensor, " D"]:
        before = len(self.mllm.tokenizer(SENTENCE, add_special_tokens=False).input_ids)
        words = self.mllm.tokenizer(f"{SENTENCE} {text}", add_special_tokens=False, return_tensors="pt").input_ids
        return self.mllm.language(input_ids=words.to(self.mllm.model.device)).last_hidden_state[0, before:].float().mean(0).cpu()


class FeatureModel(nn.Module):
    """Body points and texts meet in the space of the texts; their cosine, scaled, is the logit.

    texts and encode: how labels are phrased, and phrasings read; centre: the mean vector of all that training says
    """

    def __init__(self, texts: Texts, encode: Encode, centre: Float[Tensor, " D"], width: int = 256, layers: int = 4, heads: int = 4):
        super().__init__()
        self.texts, self.encode = texts, encode
        self.embed = nn.Linear(len(POINTS) * _NUMBERS, width)
        self.position = nn.Parameter(0.02 * torch.randn(_FRAMES, width))
        layer = {"nhead": heads, "dim_feedforward": 4 * width, "dropout": 0.1, "activation": "gelu", "batch_first": True, "norm_first": True}
        self.layers = nn.Sequential(*(nn.TransformerEncoderLayer(width, **layer) for _ in range(layers)))
        self.say = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, len(centre)))
        self.hear = nn.Linear(len(centre), len(centre), bias=False)
        nn.init.eye_(self.hear.weight)
        self.scale = nn.Parameter(torch.tensor(10.0).log())
        self.register_buffer("centre", centre)

    def forward(self, points: Float[Tensor, "B T 15 7"], vectors: Float[Tensor, "M D"]) -> Float[Tensor, "B M"]:
        """Logits of M texts, given by vectors of `read`."""
        seen = self.say(self.layers(self.embed(points.flatten(2)) + self.position).mean(1))
        return self.scale.exp().clamp(max=100) * F.normalize(seen, dim=-1) @ F.normalize(self.hear(vectors), dim=-1).T

    def read(self, texts: Sequence[str]) -> Float[Tensor, "M D"]:
        """What the language model makes of texts, beyond what it makes of all, at length one."""
        return F.normalize(self.encode(texts).to(self.centre) - self.centre, dim=-1)

    @torch.no_grad()
    def probabilities(self, clips: Sequence[Skeleton], labels: Sequence[str]) -> Float[Tensor, "B M"]:
        """How likely each label is for each clip, among these labels; a label is the mean of its phrasings. On the CPU."""
        if isinstance(labels, str) or len(set(labels)) < max(2, len(labels)):
            raise ValueError(f"recognition chooses among two different labels or more, each named once; got {labels!r}")
        training = self.training
        vectors = torch.stack([self.read(self.texts(label)).mean(0) for label in labels])
        points = torch.stack([features(clip.sample(_FRAMES)) for clip in clips])
        self.eval()
        logits = [self(part.to(self.centre), vectors).softmax(-1).cpu() for part in points.split(_TOGETHER)]
        self.train(training)
        return torch.cat(logits)

    def recognize(self, clip: Skeleton, labels: Sequence[str]) -> dict[str, float]:
        """Every label's probability."""
        return dict(zip(labels, self.probabilities([clip], labels)[0].tolist(), strict=True))


@dataclass(frozen=True)
class Batch:
    """A step's material. points: of each clip; wanted: which of all labels (those of one benchmark after the other) each clip
    shows; said: for each of all labels, which of all texts speaks for it in this step."""

    points: Float[Tensor, "B T 15 7"]
    wanted: Int[Tensor, " B"]
    said: Int[Tensor, " C"]


class Steps(Dataset):
    """One batch a step; every draw depends on the seed and the step alone, so it matters not which process prepares it.

    names: all labels with their benchmarks, the key's first word; owners: the number of each one's benchmark; texts: all
    phrasings of all labels, in that order. Clips are drawn by benchmark, then by label, so rare ones are as frequent.
    """

    def __init__(self, clips: Sequence[LabelledClip], texts: Texts, steps: int, clips_a_step: int, seed: int, vary: Vary):
        self.clips: dict[tuple[str, str], list[Skeleton]] = {}
        for one in clips:
            self.clips.setdefault((benchmark_of(one), one.label), []).append(one.clip)
        self.names = sorted(self.clips)
        self.of: dict[str, list[int]] = {}
        for n, (benchmark, _) in enumerate(self.names):
            self.of.setdefault(benchmark, []).append(n)
        if (lonely := [benchmark for benchmark, labels in self.of.items() if len(labels) < 2]) or not clips:
            raise ValueError(f"training tells labels of one benchmark apart; got {len(clips)} clips, with a single label in {lonely}")
        self.owners = torch.tensor([list(self.of).index(benchmark) for benchmark, _ in self.names])
        phrasings = [list(texts(label)) for _, label in self.names]
        self.texts, self.counts = [text for some in phrasings for text in some], torch.tensor([len(some) for some in phrasings])
        if not self.counts.all():
            raise ValueError(f"every label needs a phrasing; got none for {self.names[int(self.counts.argmin())][1]!r}")
        self.steps, self.clips_a_step, self.seed, self.vary = steps, clips_a_step, seed, vary

    def __len__(self) -> int:
        return self.steps

    def __getitem__(self, step: int) -> Batch:
        dice = torch.Generator().manual_seed(self.seed * 1_000_003 + step)

        def one_of(some: Sequence):
            return some[int(torch.randint(len(some), (), generator=dice))]

        wanted = [one_of(self.of[one_of(list(self.of))]) for _ in range(self.clips_a_step)]
        views = [self.vary(one_of(self.clips[self.names[n]]), dice).sample(_FRAMES, dice) for n in wanted]
        which = (torch.rand(len(self.counts), generator=dice) * self.counts).long()
        return Batch(torch.stack([features(view) for view in views]), torch.tensor(wanted), self.counts.cumsum(0) - self.counts + which)


def loss(logits: Float[Tensor, "B C"], wanted: Int[Tensor, " B"], owners: Int[Tensor, " C"]) -> Float[Tensor, ""]:
    """Cross-entropy of each clip among the labels of its own benchmark."""
    return F.cross_entropy(logits.masked_fill(owners[wanted][:, None] != owners, -torch.inf), wanted)


def train_baseline(
    clips: Sequence[LabelledClip], texts: Texts, encode: Encode, steps: int, clips_a_step: int = 64, rate: float = 1e-3, seed: int = 0,
    device: str | torch.device = "cpu", vary: Vary = resense, workers: int = 0,
) -> FeatureModel:
    """A model that tells the clips' labels apart, each among the labels of its own benchmark, in one random phrasing each.

    workers: processes that prepare batches; changes only the time. The clips are read once and kept in memory. Raises
    ValueError where a benchmark has a single label.
    """
    device = torch.device(device)
    data = Steps(clips, texts, steps, clips_a_step, seed, vary)
    vectors = encode(data.texts)
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):      # dropout takes no generator
        torch.manual_seed(seed)
        model = FeatureModel(texts, encode, vectors.mean(0)).to(device)
        _learn(model, data, model.read(data.texts), rate, workers)
    return model.eval()


def _learn(model: FeatureModel, data: Steps, vectors: Float[Tensor, "M D"], rate: float, workers: int) -> None:
    owners, device = data.owners.to(vectors.device), vectors.device
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0.05)
    schedule = get_cosine_schedule_with_warmup(optimizer, min(100, len(data) // 10), len(data))
    loader = DataLoader(data, batch_size=None, num_workers=workers, generator=torch.Generator(), prefetch_factor=4 if workers else None)
    bar = tqdm(loader, desc="the baseline learns", mininterval=2)
    for batch in bar:
        points, wanted, said = (part.to(device) for part in (batch.points, batch.wanted, batch.said))
        cost = loss(model(points, vectors[said]), wanted, owners)
        optimizer.zero_grad()
        cost.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0, error_if_nonfinite=True)
        optimizer.step()
        schedule.step()
        bar.set_postfix(loss=f"{cost.item():.3f}", refresh=False)
