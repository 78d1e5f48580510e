"""Texts as vectors: what a language model makes of their words, and the plain claims about the body that they imply."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from skllm.benchmarks.phrasings import phrasings
from skllm.benchmarks.unfolding import unfold
from skllm.motion.claims import CLAIMS
from skllm.reason.matching import Matcher
from skllm.reason.mllm import MLLM
from skllm.reason.questions import must_be_choice, plain

SENTENCE = "The person does this:"
_TOGETHER = 32           # texts that are read at once


@dataclass(frozen=True)
class Words:
    """Of some texts: what a language model makes of them, and for every claim in `CLAIMS` 1 where they imply it, -1 where they deny it, else 0."""

    words: Float[Tensor, "M E"]
    implied: Float[Tensor, "M C"]


Read = Callable[[Sequence[str]], Words]                                 # texts to vectors, on the CPU


class Reader:
    """The mean of what a language model makes of a text's words, read after `SENTENCE`, on the CPU.

    What an answering model read is kept until `forget`, or until it gets another LoRA.
    """

    def __init__(self, mllm: MLLM):
        self.mllm, self.known = mllm, {}

    def __call__(self, texts: Sequence[str]) -> Words:
        """What is made of each text."""
        stage = len(self.mllm.adapters)
        known = {} if self.mllm.language.training else self.known
        new = [text for text in dict.fromkeys(texts) if (stage, text) not in known]
        for start in range(0, len(new), _TOGETHER):
            some = new[start : start + _TOGETHER]
            known |= zip(((stage, text) for text in some), self._read(some), strict=True)
        return Words(torch.stack([known[stage, text] for text in texts]), torch.stack([implied(text) for text in texts]))

    def forget(self) -> None:
        """Reads everything anew from now on."""
        self.known.clear()

    @torch.no_grad()
    def _read(self, texts: Sequence[str]) -> Float[Tensor, "M E"]:
        """Texts of different lengths in one pass."""
        rows = [self.mllm.tokenizer(f"{SENTENCE} {text}", add_special_tokens=False).input_ids for text in texts]
        longest, start = max(map(len, rows)), len(self.mllm.tokenizer(SENTENCE, add_special_tokens=False).input_ids)
        ids = torch.tensor([row + [self.mllm.end] * (longest - len(row)) for row in rows])
        there = torch.arange(longest) < torch.tensor([len(row) for row in rows])[:, None]
        device = self.mllm.model.device
        thought = self.mllm.language(input_ids=ids.to(device), attention_mask=there.long().to(device)).last_hidden_state.float().cpu()
        own = there[:, start:, None]
        return (thought[:, start:] * own).sum(1) / own.sum(1)


def implied(text: str) -> Float[Tensor, " C"]:
    """1 for claims that one expects to hold when this is done, -1 for those that one expects not to, 0 for the others."""
    found = unfold(text)
    return torch.tensor([float((name in found) and (1 if found[name] else -1)) for name in CLAIMS])


def directions(matcher: Matcher, read: Read, labels: Sequence[str]) -> Float[Tensor, "M E"]:
    """Labels as the matcher compares them, spelt as in training: each the mean of its `phrasings`. Raises ValueError where they are no choice."""
    must_be_choice(labels)
    said = [read(phrasings(plain(label))) for label in labels]
    return torch.stack([matcher.read(one.words, one.implied).mean(0) for one in said])
