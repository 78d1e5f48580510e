"""MLLM: a frozen multimodal model that sees pictures, and answers or is scored on answers. Chat format is ChatML."""

from collections.abc import Sequence
from pathlib import Path

import torch
from jaxtyping import Float, Int
from safetensors import SafetensorError
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import AutoConfig, AutoTokenizer, Cache, PreTrainedModel, PreTrainedTokenizerBase

from skllm.reason.conversation import Heard, Prompt, Spoken
from skllm.reason.families import FAMILIES
from skllm.reason.foreground import painted_groups
from skllm.reason.lora import Adapter, Lora
from skllm.reason.pictures import normalised
from skllm.reason.questions import FRAME, SYSTEM
from skllm.reason.tiny import load_tiny

_KNOWN = "known are tiny, tiny-warm, a folder that save_pretrained wrote, and a native InternVL or Qwen2.5-VL by its Hugging Face id or folder"
Seen = Float[Tensor, "T K D"] | list[Float[Tensor, "_ D"]]      # one clip's tokens, picture by picture
Features = Float[Tensor, "T R C"] | list[Float[Tensor, "_ C"]]  # the same before the projector
_IGNORED = -100       # positions that no loss looks at


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
        self.model, self.tokenizer, self.name, self.frame_label = model, tokenizer, name, frame_label
        self.family = FAMILIES[model.config.model_type](model, picture_size)
        self.adapters: list[Adapter] = []
        self.end = tokenizer.convert_tokens_to_ids("<|im_end|>")
        if self.end is None or self.end == tokenizer.unk_token_id:
            raise ValueError(f"the tokenizer of {name} has no <|im_end|>; skllm speaks ChatML, as InternVL3, Qwen2.5-VL and SmolLM2 do")
        self.wraps = self.family.before in tokenizer.get_vocab()
        self.requires_grad_(False)
        self.projector.float()         # it learns, and bfloat16 would round small steps away
        self.projector.register_forward_pre_hook(lambda _, inputs: (inputs[0].float(),))
        self.projector.register_forward_hook(lambda _, __, tokens: tokens.to(self.model.dtype))

    @classmethod
    def from_pretrained(
        cls, name: str, dtype: torch.dtype | None = None, revision: str | None = None, picture_size: int | None = None,
    ) -> "MLLM":
        """`tiny`, or any Hugging Face id or folder of a native InternVL or Qwen2.5-VL (such as OpenGVLab/InternVL3-1B-hf), on SDPA attention."""
        if name == "tiny":
            model, tokenizer = load_tiny()
            return cls(model if dtype is None else model.to(dtype), tokenizer, name, frame_label="")
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
        """What the frozen tower sees, in rows of which the projector makes tokens. The one place where pictures leave float32."""
        if pictures.shape[-2:] != (self.picture_size, self.picture_size):
            got, want = tuple(pictures.shape[-2:]), (self.picture_size, self.picture_size)
            raise ValueError(f"{self.name} sees {want} pictures; got {got}: set the renderer's size")
        flat = normalised(pictures.flatten(0, 1), self.family.statistics).to(self.model.device, self.model.dtype)
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

    def loss(self, tokens: Float[Tensor, "B T K D"] | list[Seen], questions: Sequence[str], answers: Sequence[str]) -> Float[Tensor, ""]:
        """Cross-entropy over each answer's tokens and its end token, and nothing else: the mean of every clip's own mean.

        So a batch is the mean of its parts however it is spread over processes; the paper's batch of one clip a device is the same.
        """
        spoken = self.spell(tokens, questions, answers)
        hidden = self._think(spoken.embeddings, spoken.positions, spoken.mask).last_hidden_state
        answering = spoken.targets != _IGNORED
        each = F.cross_entropy(self.model.lm_head(hidden[answering]).float(), spoken.targets[answering], reduction="none")
        counts = answering.sum(1)
        return (each / counts.repeat_interleave(counts)).sum() / len(counts)

    def spell(self, tokens: Float[Tensor, "B T K D"] | list[Seen], questions: Sequence[str], answers: Sequence[str]) -> Spoken:
        """Pictures, question and answer as one row of embeddings each."""
        rows, positions, targets = [], [], []
        for seen, question, answer in zip(tokens, questions, answers, strict=True):
            prompt = self.prompt(seen, question)
            said = torch.tensor([*self._plain(answer), self.end], device=self.model.device)
            rows.append(torch.cat([prompt.embeddings, self._embed(said)]))
            positions.append(torch.cat([prompt.positions, prompt.ahead(len(said))], 1).T)
            quiet = said.new_full((len(prompt) - 1,), _IGNORED)
            targets.append(torch.cat([quiet, said, said.new_full((1,), _IGNORED)]))
        lengths = torch.tensor([len(row) for row in rows], device=self.model.device)
        mask = (torch.arange(int(lengths.max()), device=self.model.device) < lengths[:, None]).long()
        pad = nn.utils.rnn.pad_sequence
        at = pad(positions, batch_first=True).permute(2, 0, 1)
        return Spoken(pad(rows, batch_first=True), at, mask, pad(targets, batch_first=True, padding_value=_IGNORED))

    def prompt(self, seen: Seen, question: str) -> Prompt:
        """The conversation up to the word that the model would say first."""
        opening = self._words(self._special(f"<|im_start|>system\n{SYSTEM}<|im_end|>\n<|im_start|>user\n"))
        after = self._words(self._special(self.family.after if self.wraps else ""))
        frames = [part for n, tokens in enumerate(seen, 1) for part in ((False, self._before_picture(n)), (True, tokens), (False, after))]
        asked = self._words(self._plain("\n" + question)), self._words(self._special("<|im_end|>\n<|im_start|>assistant\n"))
        pieces = [(False, opening), *frames, *((False, words) for words in asked)]
        positions = self.family.positions([(picture, len(part)) for picture, part in pieces])
        return Prompt(torch.cat([part for _, part in pieces]), positions.to(self.model.device))

    def _before_picture(self, n: int) -> Float[Tensor, "L D"]:
        return self._words(self._special(self.frame_label.format(n=n) + (self.family.before if self.wraps else "")))

    def _special(self, text: str) -> list[int]:
        return self.tokenizer(text, add_special_tokens=False)["input_ids"]

    def _plain(self, text: str) -> list[int]:
        """A user's words: control tokens that are spelt out in them stay words."""
        return self.tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]

    def _words(self, ids: list[int]) -> Float[Tensor, "L D"]:
        return self._embed(torch.tensor(ids, dtype=torch.long, device=self.model.device))

    def _embed(self, ids: Int[Tensor, "*batch L"]) -> Float[Tensor, "*batch L D"]:
        return self.model.get_input_embeddings()(ids)

    def _think(self, embeddings: Tensor, positions: Int[Tensor, "A B L"], mask: Tensor | None = None, cache: Cache | None = None, keep: bool = False):
        """The language model's thoughts at each place, without a picture or a word more."""
        positions = positions[0] if len(positions) == 1 else positions
        return self.language(inputs_embeds=embeddings, position_ids=positions, attention_mask=mask, past_key_values=cache, use_cache=keep)

    @torch.no_grad()
    def hear(self, seen: Seen, question: str) -> Heard:
        """Reads a question about what was seen, once for all that is made of it."""
        prompt = self.prompt(seen, question)
        thought = self._think(prompt.embeddings[None], prompt.positions[:, None], keep=True)
        return Heard(prompt, thought.past_key_values, thought.last_hidden_state[:, -1:])

    @torch.no_grad()
    def say(self, heard: Heard, max_new_tokens: int = 24) -> str:
        """The model's greedy answer; what it heard is as before afterwards."""
        said, last = [], heard.last
        for step in range(max_new_tokens):
            word = int(self.model.lm_head(last)[0, -1].argmax())
            if word == self.end:
                break
            said.append(word)
            if step + 1 < max_new_tokens:
                thought = self._think(self._words([word])[None], heard.prompt.ahead(step + 1)[:, None, -1:], cache=heard.cache, keep=True)
                last = thought.last_hidden_state
        heard.forget()
        return self.tokenizer.decode(said, skip_special_tokens=True).strip()

    @torch.no_grad()
    def log_likelihoods(self, heard: Heard, answers: Sequence[str]) -> Float[Tensor, " N"]:
        """How likely the model is to say each answer, whole and with its end, in nats; what it heard is as before afterwards."""
        said = [torch.tensor([*self._plain(answer), self.end], device=self.model.device) for answer in answers]
        ids = nn.utils.rnn.pad_sequence(said, batch_first=True, padding_value=self.end)
        there = nn.utils.rnn.pad_sequence([torch.ones_like(s) for s in said], batch_first=True)
        heard.cache.batch_repeat_interleave(len(said))
        mask = torch.cat([there.new_ones(len(said), len(heard.prompt)), there], 1)
        ahead = heard.prompt.ahead(ids.shape[1])[:, None].expand(-1, len(said), -1)
        rest = self._think(self._embed(ids), ahead, mask, heard.cache, keep=True).last_hidden_state
        heard.cache.batch_select_indices(torch.zeros(1, dtype=torch.long, device=ids.device))
        heard.forget()
        hidden = torch.cat([heard.last.expand(len(said), -1, -1), rest[:, :-1]], 1)
        each = self.model.lm_head(hidden).float().log_softmax(-1).gather(-1, ids[..., None])[..., 0]
        return (each * there).sum(1)
