"""What a language model reads and keeps: a prompt, a batch of whole conversations, a prompt that it has heard."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from transformers import Cache


@dataclass(frozen=True)
class Prompt:
    """A conversation up to the word that the model would say first; positions: one row, or one each for time, height and width."""

    embeddings: Float[Tensor, "L D"]
    positions: Int[Tensor, "A L"]

    def __len__(self) -> int:
        return len(self.embeddings)

    def ahead(self, count: int) -> Int[Tensor, "A M"]:
        """Positions of the words that follow."""
        return self.positions.max() + 1 + torch.arange(count, device=self.positions.device).expand(len(self.positions), -1)


@dataclass(frozen=True)
class Spoken:
    """A batch of whole conversations as the language model reads them.

    embeddings: padded on the right; positions: as in `Prompt`; mask: 1 where there is something; targets: token to be said
    next, -100 where it is not part of the answer
    """

    embeddings: Float[Tensor, "B L D"]
    positions: Int[Tensor, "A B L"]
    mask: Int[Tensor, "B L"]
    targets: Int[Tensor, "B L"]


@dataclass(frozen=True)
class Heard:
    """A prompt that the language model has read: what it keeps of it, and its last thought."""

    prompt: Prompt
    cache: Cache
    last: Float[Tensor, "1 1 D"]

    def forget(self) -> None:
        """Drops from the cache whatever came after the prompt."""
        extra = self.cache.get_seq_length() - len(self.prompt)
        if extra:
            self.cache.crop(-extra)
