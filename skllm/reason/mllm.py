"""MLLM: a frozen InternVL that sees pictures, and answers or is scored on answers. Chat format is ChatML."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import AutoTokenizer, InternVLForConditionalGeneration, PreTrainedTokenizerBase

from skllm.reason.foreground import group_side, painted_groups, see_groups
from skllm.reason.pictures import imagenet_normalised
from skllm.reason.questions import SYSTEM
from skllm.reason.tiny import load_tiny

_KNOWN = "known are tiny, tiny-warm, a folder that save_pretrained wrote, and a native InternVL by its Hugging Face id or folder"
Seen = Float[Tensor, "T K D"] | list[Float[Tensor, "_ D"]]      # one clip's tokens, picture by picture
_IGNORED = -100       # positions that no loss looks at


@dataclass(frozen=True)
class Spoken:
    """A batch of whole conversations as the language model reads them.

    embeddings: padded on the right; mask: 1 where there is something; targets: token to be said next, -100 where it is
    not part of the answer
    """

    embeddings: Float[Tensor, "B L D"]
    mask: Int[Tensor, "B L"]
    targets: Int[Tensor, "B L"]


class MLLM(nn.Module):
    """A native transformers InternVL and its tokenizer.

    frame_label: text before each picture, with {n} from 1; the paper's is "Frame{n}: ", the embedded model spares the tokens
    foreground_only: the tower sees only groups of patches that hold something painted; fewer tokens, other answers
    """

    foreground_only = False

    def __init__(
        self, model: InternVLForConditionalGeneration, tokenizer: PreTrainedTokenizerBase, name: str, frame_label: str = "Frame{n}: ",
    ):
        super().__init__()
        self.model, self.tokenizer, self.name, self.frame_label = model, tokenizer, name, frame_label
        self.end = tokenizer.convert_tokens_to_ids("<|im_end|>")
        if self.end is None or self.end == tokenizer.unk_token_id:
            raise ValueError(f"the tokenizer of {name} has no <|im_end|>; skllm speaks ChatML, as InternVL3 and SmolLM2 do")
        self.wraps = "<img>" in tokenizer.get_vocab()      # InternVL3 puts its pictures between <img> and </img>
        self.requires_grad_(False)
        self.projector.float()         # it learns, and bfloat16 would round small steps away
        self.projector.register_forward_pre_hook(lambda _, inputs: (inputs[0].float(),))
        self.projector.register_forward_hook(lambda _, __, tokens: tokens.to(self.model.dtype))

    @classmethod
    def from_pretrained(cls, name: str, dtype: torch.dtype | None = None, revision: str | None = None) -> "MLLM":
        """`tiny`, or any Hugging Face id or folder of a native InternVL (such as OpenGVLab/InternVL3-1B-hf), on SDPA attention."""
        if name == "tiny":
            model, tokenizer = load_tiny()
            return cls(model if dtype is None else model.to(dtype), tokenizer, name, frame_label="")
        folder = Path(name)
        if not name or (folder.is_dir() and not (folder / "config.json").is_file()):
            raise ValueError(f"no model in {name!r}; {_KNOWN}")
        try:
            tokenizer = AutoTokenizer.from_pretrained(name, revision=revision)
            model = InternVLForConditionalGeneration.from_pretrained(
                name, dtype=dtype or "auto", attn_implementation="sdpa", revision=revision,
            )
        except OSError as missing:
            raise ValueError(f"no model {name!r} to be had ({str(missing).splitlines()[0][:120]}); {_KNOWN}") from missing
        return cls(model.eval(), tokenizer, name)

    @property
    def picture_size(self) -> int:
        """Pixels a side that the vision tower takes."""
        return self.model.config.vision_config.image_size[0]

    @property
    def projector(self) -> nn.Module:
        """The MLP from vision tokens to the language model's width."""
        return self.model.model.multi_modal_projector

    def see(self, pictures: Float[Tensor, "B T 3 H W"]) -> Float[Tensor, "B T K D"] | list[list[Float[Tensor, "_ D"]]]:
        """Visual tokens, ready for the language model: K a picture, or with `foreground_only` as many as it has painted groups.

        The one place where pictures leave float32.
        """
        if pictures.shape[-2:] != (self.picture_size, self.picture_size):
            got, want = tuple(pictures.shape[-2:]), (self.picture_size, self.picture_size)
            raise ValueError(f"{self.name} sees {want} pictures; got {got}: set the renderer's size")
        flat = imagenet_normalised(pictures.flatten(0, 1)).to(self.model.device, self.model.dtype)
        if self.foreground_only:
            kept = painted_groups(pictures.flatten(0, 1), group_side(self.model)).to(self.model.device)
            tokens, frames = see_groups(self.model, flat, kept), pictures.shape[1]
            return [tokens[n : n + frames] for n in range(0, len(tokens), frames)]
        select = {"vision_feature_layer": self.model.config.vision_feature_layer,
                  "vision_feature_select_strategy": self.model.config.vision_feature_select_strategy}
        return self.model.get_image_features(pixel_values=flat, **select).pooler_output.unflatten(0, pictures.shape[:2])

    def loss(self, tokens: Float[Tensor, "B T K D"] | list[Seen], questions: Sequence[str], answers: Sequence[str]) -> Float[Tensor, ""]:
        """Mean cross-entropy over the answers' tokens and their end token, and nothing else."""
        spoken = self.spell(tokens, questions, answers)
        hidden = self.model.model(inputs_embeds=spoken.embeddings, attention_mask=spoken.mask, use_cache=False).last_hidden_state
        answering = spoken.targets != _IGNORED
        return F.cross_entropy(self.model.lm_head(hidden[answering]).float(), spoken.targets[answering])

    def spell(self, tokens: Float[Tensor, "B T K D"] | list[Seen], questions: Sequence[str], answers: Sequence[str]) -> Spoken:
        """Pictures, question and answer as one row of embeddings each."""
        rows, targets = [], []
        for seen, question, answer in zip(tokens, questions, answers, strict=True):
            prompt = self.prompt(seen, question)
            said = torch.tensor([*self._plain(answer), self.end], device=prompt.device)
            rows.append(torch.cat([prompt, self._embed(said)]))
            quiet = said.new_full((len(prompt) - 1,), _IGNORED)
            targets.append(torch.cat([quiet, said, said.new_full((1,), _IGNORED)]))
        lengths = torch.tensor([len(row) for row in rows], device=self.model.device)
        mask = (torch.arange(int(lengths.max()), device=self.model.device) < lengths[:, None]).long()
        pad = nn.utils.rnn.pad_sequence
        return Spoken(pad(rows, batch_first=True), mask, pad(targets, batch_first=True, padding_value=_IGNORED))

    def prompt(self, seen: Seen, question: str) -> Float[Tensor, "L D"]:
        """The conversation up to the word that the model would say first."""
        opening = self._special(f"<|im_start|>system\n{SYSTEM}<|im_end|>\n<|im_start|>user\n")
        closing = self._special("<|im_end|>\n<|im_start|>assistant\n")
        after = self._words(self._special("</img>\n" if self.wraps else ""))
        frames = [part for n, tokens in enumerate(seen, 1) for part in (self._before_picture(n), tokens, after)]
        return torch.cat([self._words(opening), *frames, self._words(self._plain("\n" + question)), self._words(closing)])

    def _before_picture(self, n: int) -> Float[Tensor, "L D"]:
        return self._words(self._special(self.frame_label.format(n=n) + ("<img>" if self.wraps else "")))

    def _special(self, text: str) -> list[int]:
        return self.tokenizer(text, add_special_tokens=False)["input_ids"]

    def _plain(self, text: str) -> list[int]:
        """A user's words: control tokens that are spelt out in them stay words."""
        return self.tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]

    def _words(self, ids: list[int]) -> Float[Tensor, "L D"]:
        return self._embed(torch.tensor(ids, dtype=torch.long, device=self.model.device))

    def _embed(self, ids: Int[Tensor, "*batch L"]) -> Float[Tensor, "*batch L D"]:
        return self.model.get_input_embeddings()(ids)

    @torch.no_grad()
    def say(self, seen: Seen, question: str, max_new_tokens: int = 24) -> str:
        """The model's greedy answer."""
        prompt = self.prompt(seen, question)[None]
        mask = torch.ones(prompt.shape[:2], dtype=torch.long, device=prompt.device)
        ids = self.model.generate(
            inputs_embeds=prompt, attention_mask=mask, max_new_tokens=max_new_tokens, do_sample=False,
            eos_token_id=self.end, pad_token_id=self.end,
        )
        return self.tokenizer.decode(ids[0], skip_special_tokens=True).strip()

    @torch.no_grad()
    def log_likelihoods(self, seen: Seen, question: str, answers: Sequence[str]) -> Float[Tensor, " N"]:
        """How likely the model is to say each answer, whole and with its end, in nats. The prompt is read once for all."""
        prompt = self.prompt(seen, question)[None]
        first = self.model.model(inputs_embeds=prompt, use_cache=True)
        said = [torch.tensor([*self._plain(answer), self.end], device=prompt.device) for answer in answers]
        ids = nn.utils.rnn.pad_sequence(said, batch_first=True, padding_value=self.end)
        there = nn.utils.rnn.pad_sequence([torch.ones_like(s) for s in said], batch_first=True)
        cache = first.past_key_values
        cache.batch_repeat_interleave(len(said))
        mask = torch.cat([there.new_ones(len(said), prompt.shape[1]), there], 1)
        words = self._embed(ids)
        rest = self.model.model(inputs_embeds=words, attention_mask=mask, past_key_values=cache, use_cache=True).last_hidden_state
        hidden = torch.cat([first.last_hidden_state[:, -1:].expand(len(said), -1, -1), rest[:, :-1]], 1)
        each = self.model.lm_head(hidden).float().log_softmax(-1).gather(-1, ids[..., None])[..., 0]
        return (each * there).sum(1)
