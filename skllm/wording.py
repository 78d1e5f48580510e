"""Texts as vectors: what a language model makes of their words, and the plain claims about the body that they imply."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from skllm.benchmarks.phrasings import phrasings
from skllm.benchmarks.unfolding import unfold
from skllm.motion.claims import CLAIMS
from skllm.reason.matching import Matcher, Rows
from skllm.reason.mllm import MLLM

SENTENCE = "The person does this:"
_WIDTH = 96               # of a matcher before pictures


class Words(NamedTuple):
    """Of some texts: what a language model makes of them, and for every claim in `CLAIMS` 1 where they imply it, -1 where they deny it, else 0."""

    words: Float[Tensor, "M E"]
    implied: Float[Tensor, "M C"]


Read = Callable[[Sequence[str]], Words]                                 # texts to vectors, on the CPU


class Reader:
    """The mean of what a language model makes of a text's words, read after `SENTENCE`, on the CPU; each is read once and kept in `known`."""

    def __init__(self, mllm: MLLM):
        self.mllm, self.known = mllm, {}

    def __call__(self, texts: Sequence[str]) -> Words:
        """What is made of each text."""
        for text in texts:
            if text not in self.known:
                self.known[text] = self._read(text)
        return Words(torch.stack([self.known[text] for text in texts]), torch.stack([implied(text) for text in texts]))

    @torch.no_grad()
    def _read(self, text: str) -> Float[Tensor, " E"]:
        before = len(self.mllm.tokenizer(SENTENCE, add_special_tokens=False).input_ids)
        words = self.mllm.tokenizer(f"{SENTENCE} {text}", add_special_tokens=False, return_tensors="pt").input_ids
        return self.mllm.language(input_ids=words.to(self.mllm.model.device)).last_hidden_state[0, before:].float().mean(0).cpu()


def implied(text: str) -> Float[Tensor, " C"]:
    """1 for claims that one expects to hold when this is done, -1 for those that one expects not to, 0 for the others."""
    found = unfold(text)
    return torch.tensor([float((name in found) and (1 if found[name] else -1)) for name in CLAIMS])


def labels_of(matcher: Matcher, read: Read, labels: Sequence[str]) -> Float[Tensor, "M E"]:
    """Labels as the matcher compares them: each the mean of its `phrasings`. Raises ValueError where they are no choice."""
    if isinstance(labels, str) or len(set(labels)) < max(2, len(labels)):
        raise ValueError(f"recognition chooses among two different labels or more, each named once; got {labels!r}")
    return torch.stack([matcher.read(*read(phrasings(label))).mean(0) for label in labels])


def new_matcher(frames: int, rows: int, channels: int, words: int, claims: Sequence[str] = tuple(CLAIMS)) -> Matcher:
    """A matcher that has learned nothing, for so many rows and channels a picture, and words that are vectors of so many numbers.

    Raises ValueError where it is to judge other claims than those of this release.
    """
    if tuple(claims) != tuple(CLAIMS):
        raise ValueError(f"the matcher judges {len(claims)} claims that are not the {len(CLAIMS)} of this release; use the one that trained it")
    return Matcher(Rows(rows, channels, _WIDTH), words, len(CLAIMS), frames, _WIDTH)


def told_of(matcher: Matcher) -> dict:
    """What `new_matcher` needs, besides the number of frames, to make one like this."""
    return {"rows": matcher.eye.rows, "channels": matcher.eye.channels, "words": len(matcher.centre), "claims": list(CLAIMS)}
