"""MLLM: a frozen multimodal model that sees pictures, and answers or is scored on answers. Chat format is ChatML."""

from collections.abc import Sequence
from contextlib import nullcontext
from copy import deepcopy
from pathlib import Path

import torch
from jaxtyping import Bool, Float, Int
from safetensors import SafetensorError
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import AutoConfig, AutoTokenizer, Cache, PreTrainedModel, PreTrainedTokenizerBase

from skllm.reason.conversation import Heard, Seen, Spoken, side_by_side
from skllm.reason.families import FAMILIES
from skllm.reason.foreground import painted_groups
from skllm.reason.lora import Adapter, Lora
from skllm.reason.pictures import normalised
from skllm.reason.questions import FRAME, NO, YES
from skllm.reason.speed import keep_in
from skllm.reason.spelling import IGNORED, Speller
from skllm.reason.tiny import load_tiny

_KNOWN = "known are tiny, tiny-open, tiny-warm, a folder of save_pretrained, and a native InternVL or Qwen2.5-VL by its Hugging Face id or folder"
Features = Float[Tensor, "T R C"] | list[Float[Tensor, "_ C"]]  # the same before the projector
Asked = str | Sequence[str]                                     # a question or an answer, or several of one clip


class MLLM(nn.Module):
    """A native transformers model of a family in `FAMILIES` and its tokenizer.

    frame_label: text before each picture, with {n} from 1; `FRAME` as in the paper, the embedded model spares the tokens
    picture_size: pixels a side, for a family that takes any; foreground_only: the tower sees only groups of patches that hold
    something painted; fewer tokens, other answers; adapters: LoRAs, of which all but the last are merged
    """

    foreground_only = False

    def __init__(
        self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, name: str, frame_label: str = FRAME, picture_size: int | None = None,
    ):
        super().__init__()
        self.model, self.tokenizer, self.name = model, tokenizer, name
        self.family = FAMILIES[model.config.model_type](model, picture_size)
        self.adapters: list[Adapter] = []
        self.speller = Speller(tokenizer, self.family, name, frame_label)
        self.requires_grad_(False)
        self.projector.float()         # it learns, and bfloat16 would round small steps away
        self.projector.register_forward_pre_hook(lambda _, inputs: (inputs[0].float(),))
        self.projector.register_forward_hook(lambda _, __, tokens: tokens.to(self.language.dtype))

    @classmethod
    def from_pretrained(
        cls, name: str, dtype: torch.dtype | None = None, revision: str | None = None, picture_size: int | None = None,
    ) -> "MLLM":
        """`tiny`, or any Hugging Face id or folder of a native InternVL or Qwen2.5-VL (such as OpenGVLab/InternVL3-1B-hf), on SDPA attention."""
        if name == "tiny":
            model, tokenizer = load_tiny()
            keep_in(model.parameters(), dtype or model.dtype)
            return cls(model, tokenizer, name, frame_label="")
        folder = Path(name)
        if not name or (folder.is_dir() and not (folder / "config.json").is_file()):
            raise ValueError(f"no model in {name!r}; {_KNOWN}")
        try:
            kind = AutoConfig.from_pretrained(name, revision=revision).model_type
            if kind not in FAMILIES:
                raise ValueError(f"{name!r} is of the family {kind!r}; {_KNOWN}")
            tokenizer = AutoTokenizer.from_pretrained(name, revision=revision)
            model = FAMILIES[kind].native.from_pretrained(name, dtype=dtype or "auto", attn_implementation="sdpa", revision=revision)
        except (OSError, SafetensorError) as missing:
            raise ValueError(f"no model {name!r} to be had ({str(missing).splitlines()[0][:120]}); {_KNOWN}") from missing
        return cls(model.eval(), tokenizer, name, picture_size=picture_size)

    @property
    def picture_size(self) -> int:
        """Pixels a side that the vision tower takes."""
        return self.family.picture_size

    @property
    def end(self) -> int:
        """The token that ends what somebody says."""
        return self.speller.end

    @property
    def projector(self) -> nn.Module:
        """The MLP from vision tokens to the language model's width."""
        return self.family.projector

    @property
    def language(self) -> nn.Module:
        """The language model without its last layer, which says words."""
        return self.model.model.language_model

    def add_lora(self, lora: Lora, seed: int = 0) -> Adapter:
        """A fresh LoRA on the language model; those before it are merged first."""
        self.merge_lora()
        self.adapters.append(Adapter(self.language, lora, seed))
        return self.adapters[-1]

    def merge_lora(self) -> None:
        """Makes the last LoRA part of the language model's weights; what it changed stays to be saved."""
        for adapter in self.adapters:
            adapter.merge()

    def see(self, pictures: Float[Tensor, "B T 3 H W"]) -> Float[Tensor, "B T K D"] | list[list[Float[Tensor, "_ D"]]]:
        """Visual tokens, ready for the language model: K a picture, or with `foreground_only` as many as it has painted groups."""
        return self.project(self.features(pictures))

    def features(self, pictures: Float[Tensor, "B T 3 H W"]) -> Float[Tensor, "B T R C"] | list[list[Float[Tensor, "_ C"]]]:
        """What the tower sees, in rows of which the projector makes tokens. The one place where pictures leave float32."""
        if pictures.shape[-2:] != (self.picture_size, self.picture_size):
            got, want = tuple(pictures.shape[-2:]), (self.picture_size, self.picture_size)
            raise ValueError(f"{self.name} sees {want} pictures; got {got}: set the renderer's size")
        flat = normalised(pictures.flatten(0, 1), self.family.statistics).to(self.model.device, next(self.family.tower.parameters()).dtype)
        if self.foreground_only:
            kept = painted_groups(pictures.flatten(0, 1), self.family.group_side).to(self.model.device)
            tokens, frames = self.family.features_of_groups(flat, kept), pictures.shape[1]
            return [tokens[n : n + frames] for n in range(0, len(tokens), frames)]
        return self.family.features(flat).unflatten(0, pictures.shape[:2])

    def project(self, features: Float[Tensor, "B T R C"] | list[Features]) -> Float[Tensor, "B T K D"] | list[list[Float[Tensor, "_ D"]]]:
        """What the tower saw, as words of the language model."""
        if isinstance(features, Tensor):
            made = self.projector(features.flatten(0, -2))                    # a projector may make one word of several rows
            return made.unflatten(0, (*features.shape[:-2], -1))
        pictures = [picture for clip in features for picture in clip]
        made = iter(self.projector(torch.cat(pictures)).split([len(picture) for picture in pictures]))
        return [[next(made) for _ in clip] for clip in features]

    def loss(
        self, tokens: Float[Tensor, "B T K D"] | list[Seen], questions: Sequence[Asked], answers: Sequence[Asked],
    ) -> Float[Tensor, ""]:
        """Cross-entropy over each answer's tokens and its end token, and nothing else: the mean of every clip's own mean of its answers' means.

        A clip has one question, or several that each see the pictures and themselves alone: the loss is that of asking them apart.
        So a batch is the mean of its parts however it is spread over processes; the paper's batch of one clip a device is the same.
        """
        spoken = self.spell(tokens, questions, answers)
        hidden = self._think(spoken.embeddings, spoken.positions, spoken.mask).last_hidden_state
        answering = spoken.targets != IGNORED
        each = F.cross_entropy(self.model.lm_head(hidden[answering]).float(), spoken.targets[answering], reduction="none")
        clip = answering.nonzero()[:, 0]
        answered, answer, words = torch.stack([clip, spoken.branch[answering]]).unique_consecutive(dim=1, return_inverse=True, return_counts=True)
        answers_of = answered[0].bincount()
        return (each / words[answer] / answers_of[clip]).sum() / len(answering)

    @torch.no_grad()
    def agreement(self, tokens: Float[Tensor, "B T K D"] | list[Seen], questions: Sequence[Sequence[str]]) -> list[list[float]]:
        """How likely the model rather answers YES than NO to each of a clip's questions, asked apart and read in one pass."""
        spoken = self.spell(tokens, questions, [[YES] * len(asked) for asked in questions])
        hidden = self._think(spoken.embeddings, spoken.positions, spoken.mask).last_hidden_state
        yes, no = (self.speller.plain(word)[0] for word in (YES, NO))
        logits = self.model.lm_head(hidden[spoken.targets == yes])[:, [yes, no]].float()
        return [part.tolist() for part in logits.softmax(-1)[:, 0].split([len(asked) for asked in questions])]

    def spell(self, tokens: Float[Tensor, "B T K D"] | list[Seen], questions: Sequence[Asked], answers: Sequence[Asked]) -> Spoken:
        """Pictures, questions and answers as one row of embeddings each."""
        asked, said = [_several(one) for one in questions], [_several(one) for one in answers]
        if not len(tokens) == len(asked) == len(said) or any(len(a) != len(b) or not a for a, b in zip(asked, said, strict=False)):
            counts = f"{len(tokens)} clips, {[*map(len, asked)]} questions, {[*map(len, said)]} answers"
            raise ValueError(f"every clip needs a question or more, and as many answers; got {counts}")
        lines = [self.speller.line(*one) for one in zip(tokens, asked, said, strict=True)]

        def together(name: str, filler: int) -> Tensor:
            parts = [getattr(line, name).movedim(-1, 0) for line in lines]
            return nn.utils.rnn.pad_sequence(parts, batch_first=True, padding_value=filler).to(self.model.device)

        branch = together("branch", -2)
        mask = side_by_side(branch) if int(branch.max()) > 0 else (branch > -2).long()
        embeddings = self._embedded(tokens, together("ids", self.end), together("picture", False))
        return Spoken(embeddings, together("positions", 0).permute(2, 0, 1), mask, together("targets", IGNORED), branch)

    def _embedded(self, tokens, ids: Int[Tensor, "B L"], picture: Bool[Tensor, "B L"]) -> Float[Tensor, "B L D"]:
        """Words as the language model knows them, and pictures where they belong."""
        seen = tokens.flatten(0, -2) if isinstance(tokens, Tensor) else torch.cat([one for clip in tokens for one in clip])
        words = self.model.get_input_embeddings()(ids)
        return words.masked_scatter(picture[..., None], seen.to(words.dtype))

    def _think(self, embeddings: Tensor, positions: Int[Tensor, "A B L"], mask: Tensor | None = None, cache: Cache | None = None, keep: bool = False):
        """The language model's thoughts at each place, without a picture or a word more."""
        positions = positions[0] if len(positions) == 1 else positions
        if mask is not None and mask.dtype == torch.bool and self.language.config._attn_implementation == "eager":
            mask = torch.zeros_like(mask, dtype=embeddings.dtype).masked_fill(~mask, torch.finfo(embeddings.dtype).min)      # it adds its mask
        with self.adapters[-1].spared() if self.adapters else nullcontext():
            return self.language(inputs_embeds=embeddings, position_ids=positions, attention_mask=mask, past_key_values=cache, use_cache=keep)

    @torch.no_grad()
    def watch(self, tokens: Float[Tensor, "B T K D"] | list[Seen]) -> Heard:
        """Reads what some clips show, once for several questions about them (`hear`).

        Raises ValueError where the clips have different numbers of tokens, as with `foreground_only`; ask them one by one.
        """
        lines = [self.speller.line(seen, []) for seen in tokens]
        if len({len(line.ids) for line in lines}) > 1:
            raise ValueError("clips of different numbers of tokens are asked one by one; got several at once")
        ids, picture = (torch.stack([getattr(line, name) for line in lines]).to(self.model.device) for name in ("ids", "picture"))
        return self._read(self._embedded(tokens, ids, picture), lines[0].positions.to(self.model.device))

    @torch.no_grad()
    def hear(self, shown: Heard | Float[Tensor, "B T K D"] | list[Seen], question: str) -> Heard:
        """Reads one question about some clips, once for all that is made of it; shown: their tokens, or what `watch` gave, which stays as it is."""
        watched = shown if isinstance(shown, Heard) else self.watch(shown)
        ids = torch.tensor(self.speller.question(question), device=self.model.device).expand(len(watched.last), -1)
        positions = torch.cat([watched.positions, watched.ahead(ids.shape[1])], 1)
        cache = deepcopy(watched.cache) if watched is shown else watched.cache
        return self._read(self.model.get_input_embeddings()(ids), positions, cache)

    def _read(self, embeddings: Tensor, positions: Int[Tensor, "A L"], cache: Cache | None = None) -> Heard:
        """What the language model keeps of these words after those in the cache; positions: of all of them."""
        own = positions[:, None, -embeddings.shape[1] :].expand(-1, len(embeddings), -1)
        thought = self._think(embeddings, own, cache=cache, keep=True)
        return Heard(thought.past_key_values, thought.last_hidden_state[:, -1:], positions)

    @torch.no_grad()
    def say(self, heard: Heard, max_new_tokens: int = 24) -> list[str]:
        """The model's greedy answer about each clip; what it heard is as before afterwards."""
        words, last, over = [], heard.last, torch.zeros(len(heard.last), dtype=torch.bool, device=heard.last.device)
        for step in range(max_new_tokens):
            words.append(torch.where(over, self.end, self.model.lm_head(last)[:, 0].argmax(-1)))
            over = over | (words[-1] == self.end)
            if over.all():
                break
            if step + 1 < max_new_tokens:
                ahead = heard.ahead(step + 1)[:, None, -1:].expand(-1, len(over), -1)
                last = self._think(self.model.get_input_embeddings()(words[-1][:, None]), ahead, cache=heard.cache, keep=True).last_hidden_state
        heard.forget()
        said = [row[: row.index(self.end)] if self.end in row else row for row in torch.stack(words, 1).tolist()]
        return [self.tokenizer.decode(row, skip_special_tokens=True).strip() for row in said]

    @torch.no_grad()
    def log_likelihoods(self, heard: Heard, answers: Sequence[str]) -> Float[Tensor, "B N"]:
        """How likely the model is to say each answer about each clip, whole and with its end, in nats; what it heard is as before afterwards."""
        said = [torch.tensor(self.speller.answer(answer), device=self.model.device) for answer in answers]
        clips, count = len(heard.last), len(said)
        ids = nn.utils.rnn.pad_sequence(said, batch_first=True, padding_value=self.end).repeat(clips, 1)
        there = nn.utils.rnn.pad_sequence([torch.ones_like(s) for s in said], batch_first=True).repeat(clips, 1)
        heard.cache.batch_repeat_interleave(count)
        mask = torch.cat([there.new_ones(len(ids), heard.positions.shape[1]), there], 1)
        ahead = heard.ahead(ids.shape[1])[:, None].expand(-1, len(ids), -1)
        rest = self._think(self.model.get_input_embeddings()(ids), ahead, mask, heard.cache, keep=True).last_hidden_state
        heard.cache.batch_select_indices(torch.arange(0, len(ids), count, device=ids.device))
        heard.forget()
        hidden = torch.cat([heard.last.repeat_interleave(count, 0), rest[:, :-1]], 1)
        each = self.model.lm_head(hidden).float().log_softmax(-1).gather(-1, ids[..., None])[..., 0]
        return (each * there).sum(1).unflatten(0, (clips, count))


def _several(one: Asked) -> Sequence[str]:
    return [one] if isinstance(one, str) else one
