"""What a language model reads and keeps: rows of words and pictures, a batch of conversations, a question that it has heard."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from transformers import Cache

Seen = Float[Tensor, "T K D"] | list[Float[Tensor, "_ D"]]      # one clip's tokens, picture by picture


@dataclass(frozen=True)
class Line:
    """A row of tokens before it is embedded: ids, and which of them stand where the picture tokens go.

    positions: one row, or one each for time, height and width; targets: the token to be said next, -100 where it is not part of an
    answer; branch: which question a token belongs to, -1 for what all questions share
    """

    ids: Int[Tensor, " L"]
    picture: Bool[Tensor, " L"]
    positions: Int[Tensor, "A L"]
    targets: Int[Tensor, " L"]
    branch: Int[Tensor, " L"]


@dataclass(frozen=True)
class Spoken:
    """A batch of whole conversations as the language model reads them.

    embeddings: padded on the right; positions: as in `Line`; mask: 1 where there is something, or where a clip is asked more than once,
    which place may look at which, so that each question sees the pictures and itself alone; targets, branch: as in `Line`
    """

    embeddings: Float[Tensor, "B L D"]
    positions: Int[Tensor, "A B L"]
    mask: Int[Tensor, "B L"] | Bool[Tensor, "B 1 L L"]
    targets: Int[Tensor, "B L"]
    branch: Int[Tensor, "B L"]


@dataclass(frozen=True)
class Heard:
    """Clips, and perhaps a question about them, that the language model has read: what it keeps, its last thought, and the positions so far."""

    cache: Cache
    last: Float[Tensor, "B 1 D"]
    positions: Int[Tensor, "A L"]

    def ahead(self, count: int) -> Int[Tensor, "A M"]:
        """Positions of the words that follow."""
        return following(self.positions, count)

    def forget(self) -> None:
        """Drops from the cache whatever came after what was heard."""
        extra = self.cache.get_seq_length() - self.positions.shape[1]
        if extra:
            self.cache.crop(-extra)


def following(positions: Int[Tensor, "A L"], count: int) -> Int[Tensor, "A M"]:
    """The next positions after some, the same along every axis."""
    return positions.max() + 1 + torch.arange(count, device=positions.device).expand(len(positions), -1)


def side_by_side(branch: Int[Tensor, "B L"]) -> Bool[Tensor, "B 1 L L"]:
    """Which place may look at which: at what came before it and all share, and at its own question; padding (-2) looks at itself."""
    own, shared = branch[:, :, None] == branch[:, None, :], branch[:, None, :] == -1
    earlier = torch.ones_like(own[0]).tril()
    return ((own | shared) & earlier)[:, None]
