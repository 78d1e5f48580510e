"""SkeletonLLM: render -> reason -> respond, in one module that trains and answers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn

from skllm.motion.claims import CLAIMS
from skllm.reason.conversation import Heard, Seen
from skllm.reason.lora import Lora
from skllm.reason.matching import Matcher, Sizes
from skllm.reason.mllm import MLLM, Asked
from skllm.reason.questions import DESCRIBE, NAME, choose, must_be_question, plain
from skllm.reason.shards import fill, whole
from skllm.reason.tiny import tower_sha256
from skllm.render import DrActionConfig, Renderer
from skllm.render.cache import PictureCache
from skllm.render.gaussians import Tracks
from skllm.respond.answers import Recognition, recognition
from skllm.skeleton import Skeleton
from skllm.stored import RENDERERS, SHIPPED, is_stored, kind_of, read_stored, write_stored
from skllm.wording import Reader, directions

_THOUGHTS = 256                                 # words at most before a reasoned answer
_STRANGE = 0.01         # weight of the choice beside naming: it decides where all labels together are named less often (CHANGELOG.md, Tried)
PARTS = ("renderer", "tower", "projector", "lora")       # what may learn


class SkeletonLLM(nn.Module):
    """A renderer in front of a multimodal language model; `frames` pictures a clip.

    pictures: a `PictureCache` from which `render` takes what it painted before, wherever no gradient is asked for
    kept_features: where the renderer is frozen too, gives what the tower sees, computed once: a `FeatureCache`, by sampled clips, or
    `HeldFeatures`, by names
    own_tower: the vision tower has learned more than its base knew, and is saved with the model
    named: it was taught to say what a person does without being told any labels
    matcher: where it was taught which words fit what its eyes see (`skllm.train.matching`); wording: how it reads words for that
    """

    pictures: PictureCache | None = None
    own_tower = False
    named = False
    kept_features: Callable[[list[Skeleton]], Tensor | list] | None = None

    def __init__(self, renderer: Renderer, mllm: MLLM, frames: int = 12):
        super().__init__()
        if renderer.config.size != mllm.picture_size:
            raise ValueError(f"{mllm.name} sees {mllm.picture_size} pixels a side, the renderer paints {renderer.config.size}; make them agree")
        self.renderer, self.mllm, self.frames = renderer, mllm, frames
        self.matcher: Matcher | None = None
        self.wording = Reader(mllm)

    @classmethod
    def from_pretrained(
        cls, name: str | Path, renderer: str | None = None, dtype: torch.dtype | None = None, device: str | None = None,
    ) -> "SkeletonLLM":
        """A model by name, a folder that `save_pretrained` wrote, or a Hugging Face id or folder of an InternVL or Qwen2.5-VL.

        Names: `tiny`, whose projector has learned nothing yet, `tiny-warm`, the same after the render warm-up on seven exercises, and `tiny-open`,
        after all four stages on six benchmarks.
        renderer: a key of `RENDERERS`, by default draction, for a model that brings none; device: a CUDA device where there is one, else the CPU.
        Raises ValueError where a saved folder is damaged, or was trained over another base than the one at hand.
        """
        device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        folder = Path(str(SHIPPED.get(str(name), name)))
        if is_stored(folder):
            return cls._load(folder, dtype, renderer).to(device)
        renderer = renderer or "draction"
        if renderer not in RENDERERS or renderer == "released":
            known = ", ".join(kind for kind in RENDERERS if kind != "released")
            raise ValueError(f"no renderer {renderer!r} to start from; known: {known}, and DrAction.from_released(path) for the authors' weights")
        mllm = MLLM.from_pretrained(str(name), dtype)
        radius = 0.025 if name == "tiny" else 0.02       # small pictures need thicker limbs
        return cls(RENDERERS[renderer](DrActionConfig(size=mllm.picture_size, radius=radius)), mllm).to(device)

    @classmethod
    def _load(cls, folder: Path, dtype: torch.dtype | None, renderer: str | None) -> "SkeletonLLM":
        told, stored = read_stored(folder)
        kind, config = RENDERERS[told["renderer"]["kind"]], DrActionConfig(**told["renderer"]["config"])
        base, revision, frames = told["base"], told["revision"], told["frames"]
        loras = [Lora(**one) for one in told["loras"]]
        if renderer not in (None, told["renderer"]["kind"]):
            raise ValueError(f"{folder.name} brings its own renderer, {told['renderer']['kind']!r}; leave out renderer={renderer!r} or load its base")
        size = None if base == "tiny" else config.size
        model = cls(kind(config), MLLM.from_pretrained(base, dtype, None if base == "tiny" else revision, size), frames)
        if revision != model.base_revision():
            here = model.base_revision()
            raise ValueError(f"{folder} was trained over {base} at {revision}, here it is {here}; use the release that trained it")
        model.own_tower, model.named = told.get("own_tower", False), told.get("named", False)
        for n, lora in enumerate(loras):            # one after another: each was trained over those before it
            model.mllm.add_lora(lora).load(_under(f"lora.{n}.", stored))
        model.mllm.merge_lora()
        if told.get("matcher") is not None:
            model.matcher = Matcher.of(Sizes(**told["matcher"])).eval().requires_grad_(False)
        model.load_learned(stored)
        return model

    def save_pretrained(self, folder: str | Path, dtype: torch.dtype = torch.float32) -> Path:
        """Writes what can learn (renderer, projector, each stage's LoRA, a tower that learned; safetensors) and which base it belongs to.

        The base is not copied. dtype: float16 halves the file and rounds. Of several processes, which must all call this, the first writes.
        """
        folder, learned = Path(folder), {name: value.to(dtype) for name, value in self.learned().items()}
        if torch.distributed.is_initialized() and torch.distributed.get_rank():
            return folder
        told = {
            "base": self.mllm.name, "revision": self.base_revision(), "frames": self.frames,
            "renderer": {"kind": kind_of(self.renderer), "config": asdict(self.renderer.config)},
            "loras": [asdict(one.lora) for one in self.mllm.adapters],
            "own_tower": self.own_tower, "named": self.named,
        }
        if self.matcher:
            told["matcher"] = asdict(self.matcher.sizes(tuple(CLAIMS)))
        return write_stored(folder, told, learned)

    def base_revision(self) -> str | None:
        """What tells one base from another of the same name: the tower's digest, the hub's commit, or None for a local folder."""
        return tower_sha256() if self.mllm.name == "tiny" else getattr(self.mllm.model.config, "_commit_hash", None)

    def learned(self) -> dict[str, Tensor]:
        """The weights that belong to this model rather than to its base: renderer, projector, tower if it learned, and LoRAs by stage."""
        parts = {**self._own(), **{f"lora.{n}": adapter.state() for n, adapter in enumerate(self.mllm.adapters)}}
        return {f"{part}.{name}": whole(value.detach()).contiguous() for part, values in parts.items() for name, value in values.items()}

    def load_learned(self, stored: dict[str, Tensor]) -> None:
        """Takes weights that `learned` gave; refuses missing, extra and non-finite ones, and merged LoRAs that are not this model's."""
        wanted = self.learned()
        if stored.keys() != wanted.keys():
            missing, extra = sorted(wanted.keys() - stored.keys()), sorted(stored.keys() - wanted.keys())
            raise ValueError(f"the weights do not fit this model: missing {missing[:9]}, extra {extra[:9]}; load the checkpoint that belongs to it")
        for name, value in stored.items():
            if value.shape != wanted[name].shape or not value.isfinite().all():
                want = tuple(wanted[name].shape)
                raise ValueError(f"weight {name} has shape {tuple(value.shape)}, wanted {want} and finite; the file is damaged, save it again")
        for part, values in self._own().items():
            for name, value in values.items():
                fill(value, stored[f"{part}.{name}"])
        self.wording.forget()
        for n, adapter in enumerate(self.mllm.adapters):
            own, theirs = adapter.state(), _under(f"lora.{n}.", stored)
            if not adapter.merged:
                adapter.load(theirs)
            elif any(not torch.equal(value, theirs[name].to(value)) for name, value in own.items()):
                raise ValueError(f"LoRA {n} of these weights is not the one that this model has merged; load the checkpoint that they go on from")

    def _own(self) -> dict[str, dict[str, Tensor]]:
        """The weights of renderer, projector, matcher and a tower that learned; some towers hold the projector, which is there once."""
        own = {"renderer": self.renderer.state_dict(), "projector": self.mllm.projector.state_dict()}
        if self.matcher:
            own["matcher"] = self.matcher.state_dict()
        if not self.own_tower:
            return own
        there = {value.data_ptr() for value in own["projector"].values()}
        return {**own, "tower": {name: value for name, value in self.mllm.family.tower.state_dict().items() if value.data_ptr() not in there}}

    def train(self, mode: bool = True) -> "SkeletonLLM":
        """As of any module, but the matcher stays as it is, and words are read anew afterwards."""
        self.wording.forget()
        super().train(mode)
        if self.matcher:
            self.matcher.eval()
        return self

    def render(self, clips: Sequence[Skeleton], generator: torch.Generator | None = None) -> Float[Tensor, "B T 3 H W"]:
        """The pictures that the language model sees: segment centres, or random frames of each segment with a generator."""
        if odd := [clip for clip in clips if not isinstance(clip, Skeleton)]:
            raise ValueError(f"a clip is a Skeleton; got {str(odd[0])[:60]!r}; read a file with skllm.load(path)")
        sampled = [self.renderer.sample(clip, self.frames, generator) for clip in clips]
        if not self.pictures or torch.is_grad_enabled():
            return self.renderer(sampled)
        if self.pictures.renderer is not self.renderer:
            raise ValueError("model.pictures keeps another renderer's pictures; set it to PictureCache(model.renderer, folder)")
        return self.pictures(sampled)

    def forward(
        self, clips: Sequence[Skeleton], questions: Sequence[Asked], answers: Sequence[Asked], tracks: Mapping[str, Tensor] | None = None,
        names: Sequence[str] | None = None,
    ) -> dict[str, Tensor]:
        """{"loss": mean cross-entropy of the answers' tokens}, for clips that were sampled already or will be at their centres.

        Each clip is asked one question or several. tracks: the fields of the clips' `Tracks`, where they were bound elsewhere; names: of what
        `HeldFeatures` hold.
        """
        if names is not None:
            if not hasattr(self.kept_features, "of"):
                raise ValueError("names are of held features, and this model holds none; give clips")
            features = self.kept_features.of(names)
        elif tracks is not None:
            features = self.mllm.features(self.renderer(Tracks(**tracks)))
        else:
            sampled = [clip if clip.frames == self.frames and clip.velocity is not None else self.renderer.sample(clip, self.frames)
                       for clip in clips]              # only a sampled clip is sure to have its velocity
            features = self.kept_features(sampled) if self.kept_features else self.mllm.features(self.renderer(sampled))
        return {"loss": self.mllm.loss(self.mllm.project(features), questions, answers)}

    @torch.no_grad()
    def see(self, clips: Sequence[Skeleton]) -> Float[Tensor, "B T K D"] | list[Seen]:
        """The clips' visual tokens, for asking more than once."""
        return self.mllm.see(self.render(clips))

    @torch.no_grad()
    def recognize(self, clip: Skeleton, labels: Sequence[str], reasoning: bool = False) -> Recognition:
        """The likeliest of the labels, with probabilities, and what the model says when asked for one of them.

        Probabilities come from the matcher, if the model has one: how well the words of each label fit what its eyes see. Else they come from the
        choice among the labels; of a model that is `named` from how likely it says each when it is asked what the person does and told no labels, and
        the choice counts for 1 %, so that labels whose words are new to it hardly ever win. A model that sees only the foreground does without its
        matcher. Among labels that are all new, either may be sure and wrong.
        reasoning: it is asked to think first, and the label on the last line of what it says counts as its strict answer.
        """
        return self.recognize_all([clip], labels, reasoning)[0]

    @torch.no_grad()
    def recognize_all(self, clips: Sequence[Skeleton], labels: Sequence[str], reasoning: bool = False) -> list[Recognition]:
        """As `recognize`, of several clips at once: faster on a GPU."""
        question = choose(labels)                   # refuses labels that are no choice before anything is painted
        features = self.mllm.features(self.render(clips))
        watched = self.mllm.watch(self.mllm.project(features))
        heard = self.mllm.hear(watched, question)
        chances = self.rank_seen(features, labels) if self.matcher and isinstance(features, Tensor) else self._chances(watched, heard, labels)
        said = self.mllm.say(self.mllm.hear(watched, choose(labels, reasoning)), _THOUGHTS) if reasoning else self.mllm.say(heard)
        return [recognition(labels, *one, reasoning) for one in zip(chances.tolist(), said, strict=True)]

    def rank(self, clips: Sequence[Skeleton], labels: Sequence[str]) -> Float[Tensor, "B N"]:
        """The matcher's probabilities of labels; the language model reads these words and says none.

        Raises ValueError without a matcher, where only the foreground is seen, and for labels that are no choice.
        """
        return self.rank_seen(self.mllm.features(self.render(clips)), labels)

    @torch.no_grad()
    def rank_seen(self, features: Float[Tensor, "B T R C"] | list, labels: Sequence[str]) -> Float[Tensor, "B N"]:
        """As `rank`, of clips that the tower has seen (`mllm.features`)."""
        clips = self._embed(features)
        return self.matcher.logits(clips, directions(self.matcher, self.wording, labels)).softmax(-1)

    @torch.no_grad()
    def claims(self, clip: Skeleton, even: bool = False) -> dict[str, float]:
        """How sure the matcher is, from the pictures, of each plain claim about the body (`skllm.motion.claims`), by its statement.

        even: as if beforehand each were as likely to hold as not, rather than as often as in training. Raises ValueError as `rank` does.
        """
        watched = self._embed(self.mllm.features(self.render([clip])))
        sure = self.matcher.certainty(watched, even)[0].sigmoid().tolist()
        return {claim.statement: one for claim, one in zip(CLAIMS.values(), sure, strict=True)}

    def _embed(self, features: Float[Tensor, "B T R C"] | list) -> Float[Tensor, "B W"]:
        """What the matcher makes of what the tower saw."""
        if not self.matcher:
            raise ValueError("this model has no matcher; take `tiny-open`, or teach it one (skllm.train.matching)")
        if not isinstance(features, Tensor):
            raise ValueError("the matcher sees whole pictures; set mllm.foreground_only to False")
        return self.matcher.embed(features)

    def _chances(self, watched: Heard, heard: Heard, labels: Sequence[str]) -> Float[Tensor, "B N"]:
        """The language model's probabilities of the labels, clip by clip; heard: the choice among them."""
        chosen = self.mllm.log_likelihoods(heard, labels).softmax(-1)
        if not self.named:
            return chosen
        both = self.mllm.log_likelihoods(self.mllm.hear(watched, NAME), [plain(label) for label in labels]).exp() + _STRANGE * chosen
        return both / both.sum(-1, keepdim=True)

    def likeliest(self, clip: Skeleton, question: str, answers: Sequence[str]) -> str:
        """The one of some answers that the model would most likely give."""
        return answers[int(self.mllm.log_likelihoods(self.mllm.hear(self.see([clip]), question), answers).argmax())]

    @torch.no_grad()
    def ask(self, clip: Skeleton, question: str) -> str:
        """The model's answer in its own words."""
        must_be_question(question)
        return self.mllm.say(self.mllm.hear(self.see([clip]), question), max_new_tokens=64)[0]

    def describe(self, clip: Skeleton) -> str:
        """One sentence on what the person does."""
        return self.ask(clip, DESCRIBE)

    def part(self, part: str) -> dict[str, nn.Parameter]:
        """The parameters that a stage calls by this name, one of `PARTS`; the LoRA is the last that was added, until it is merged."""
        if part == "lora":
            return self.mllm.adapters[-1].parameters() if self.mllm.adapters else {}
        module = {"renderer": self.renderer, "tower": self.mllm.family.tower, "projector": self.mllm.projector}[part]
        learning = {id(p) for p in self.mllm.projector.parameters()} if part == "tower" else set()       # some towers hold the projector
        return {name: p for name, p in module.named_parameters() if id(p) not in learning}

    def learning(self) -> str:
        """What learns, out of how much, as one line."""
        counts = {part: sum(p.numel() for p in self.part(part).values() if p.requires_grad) for part in PARTS}
        total = sum(p.numel() for p in self.parameters())
        learns = " + ".join(f"{name} {count:,}" for name, count in counts.items() if count) or "nothing"
        return f"{learns} of {total:,} parameters learn; the rest is frozen"


def _under(prefix: str, stored: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in stored.items() if name.startswith(prefix)}
