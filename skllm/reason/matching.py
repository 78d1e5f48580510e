"""Which words fit what is seen of a clip: clips and texts become directions in one space, and the angle between them decides."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

WIDTH = 96               # of a matcher before pictures


@dataclass(frozen=True)
class Sizes:
    """What a matcher before pictures is made for.

    frames: pictures a clip; rows and channels: what the projector takes of a picture; words: numbers that a language model makes of a text;
    claims: the names of the claims that it judges. Raises ValueError for anything else.
    """

    frames: int
    rows: int
    channels: int
    words: int
    claims: Sequence[str]

    def __post_init__(self) -> None:
        counts = (self.frames, self.rows, self.channels, self.words)
        named = not isinstance(self.claims, str) and len(self.claims) > 0 and all(isinstance(name, str) for name in self.claims)
        if not named or not all(type(count) is int and 1 <= count <= 10**5 for count in counts):
            raise ValueError(f"a matcher has numbers of frames, rows, channels and words from 1 to 100,000 and a list of claims; got {self}")


class PictureEye(nn.Module):
    """What a vision tower sees of a picture as one vector: every place in the picture through the same weights to a few numbers, then all of them.

    rows and channels: of what the projector takes, a picture
    """

    def __init__(self, rows: int, channels: int, width: int, each: int = 32, dropout: float = 0.1):
        super().__init__()
        self.rows, self.channels = rows, channels
        self.place, self.dropout = nn.Linear(channels, each), nn.Dropout(dropout)
        self.picture = nn.Linear(rows * each, width)

    def forward(self, features: Float[Tensor, "B T R C"]) -> Float[Tensor, "B T W"]:
        """One vector a picture, in float32."""
        places = F.gelu(self.place(F.layer_norm(features.float(), (self.channels,))))
        return self.picture(self.dropout(places.flatten(2)))


class Matcher(nn.Module):
    """Clips and texts in one space: the cosine of their directions, scaled, is the logit of a text (as CLIP, Radford et al. 2021).

    eye: from what is seen to one vector of `width` a frame; words: length of the vector that a language model makes of a text; claims: how many plain
    claims a text implies or not, and which are judged of a clip; frames: that it is trained on, others are taken as spread over the same clip
    centre: the mean vector of the words of training, which every text is seen relative to; prior: the share of training in which each claim holds
    """

    def __init__(
        self, eye: nn.Module, words: int, claims: int, frames: int = 12, width: int = WIDTH, layers: int = 2, heads: int = 4, dropout: float = 0.1,
    ):
        super().__init__()
        self.eye, self.position = eye, nn.Parameter(0.02 * torch.randn(frames, width))
        layer = {"nhead": heads, "dim_feedforward": 4 * width, "dropout": dropout, "activation": "gelu", "batch_first": True, "norm_first": True}
        self.layers = nn.Sequential(*(nn.TransformerEncoderLayer(width, **layer) for _ in range(layers)))
        self.norm, self.say, self.judge = nn.LayerNorm(width), nn.Linear(width, width), nn.Linear(width, claims)
        self.hear = nn.Linear(words + claims, width, bias=False)
        self.log_scale = nn.Parameter(torch.tensor(10.0).log())
        self.register_buffer("centre", torch.zeros(words))
        self.register_buffer("prior", torch.full((claims,), 0.5))

    @classmethod
    def of(cls, sizes: Sizes) -> "Matcher":
        """One before pictures that has learned nothing."""
        return cls(PictureEye(sizes.rows, sizes.channels, WIDTH), sizes.words, len(sizes.claims), sizes.frames)

    def sizes(self, claims: Sequence[str]) -> Sizes:
        """What makes another like this, before pictures; claims: their names."""
        return Sizes(len(self.position), self.eye.rows, self.eye.channels, len(self.centre), tuple(claims))

    def embed(self, seen: Float[Tensor, "B T ..."]) -> Float[Tensor, "B W"]:
        """What matters of each clip, for `logits` and `certainty`."""
        frames = self.eye(seen)
        place = F.interpolate(self.position.T[None], frames.shape[1], mode="linear")[0].T
        return self.norm(self.layers(frames + place).mean(1))

    def read(self, words: Float[Tensor, "M E"], implied: Float[Tensor, "M C"]) -> Float[Tensor, "M E+C"]:
        """Texts as they are compared: their words beyond what all have in common, and the claims that they imply (1), deny (-1) or leave open."""
        return torch.cat([F.normalize(words.to(self.centre) - self.centre, dim=-1), F.normalize(implied.to(self.centre), dim=-1)], -1)

    def logits(self, clips: Float[Tensor, "B W"], texts: Float[Tensor, "M E"]) -> Float[Tensor, "B M"]:
        """How well texts, given by `read`, fit clips, given by `embed`."""
        return self.log_scale.exp().clamp(max=100) * F.normalize(self.say(clips), dim=-1) @ F.normalize(self.hear(texts), dim=-1).T

    def certainty(self, clips: Float[Tensor, "B W"], even: bool = False) -> Float[Tensor, "B C"]:
        """Logits of the claims; even: as if beforehand each were as likely to hold as not, rather than as in training."""
        return self.judge(clips) - self.prior.logit() * even
