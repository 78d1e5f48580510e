"""A teacher on this machine: a Hugging Face model that reads pictures, through our own MLLM."""

import json

import torch
from jaxtyping import Float
from torch import Tensor, nn

from skllm.reason.mllm import MLLM
from skllm.train.teachers.records import Asked, Teacher


class LocalTeacher(Teacher):
    """A local image-text model that answers greedily, one clip at a time.

    model: a name for `MLLM.from_pretrained`, loaded to a CUDA device where there is one, or an MLLM that is loaded already
    max_new_tokens: where a rationale is cut off. Pictures of another size than the model sees are scaled to it.
    """

    def __init__(self, model: str | MLLM, max_new_tokens: int = 512):
        if isinstance(model, str):
            model = MLLM.from_pretrained(model).to("cuda" if torch.cuda.is_available() else "cpu")
        self.mllm, self.max_new_tokens, self.name = model, max_new_tokens, model.name
        self.settings = json.dumps({"weights": _weights_told_apart(model), "max_new_tokens": max_new_tokens})

    def __repr__(self) -> str:
        return f"LocalTeacher({self.name!r})"

    @torch.no_grad()
    def answer(self, asked: Asked) -> str:
        """What the model says, rationale or not: asked again it would say the same."""
        seen = self.mllm.see(_fitted(asked.pictures, self.mllm.picture_size)[None])
        return self.mllm.say(self.mllm.hear(seen, "\n".join(asked.words)), max_new_tokens=self.max_new_tokens)[0]


def _fitted(pictures: Float[Tensor, "T 3 H W"], size: int) -> Float[Tensor, "T 3 S S"]:
    """The pictures at `size` pixels a side."""
    if pictures.shape[-2:] == (size, size):
        return pictures
    return nn.functional.interpolate(pictures, (size, size), mode="bilinear", antialias=True, align_corners=False).clamp(0, 1)


def _weights_told_apart(mllm: MLLM) -> str:
    """The sum of each parameter, rounded: two models of one name that differ in training differ here."""
    return " ".join(f"{value.detach().sum(dtype=torch.float64).item():.7g}" for value in mllm.parameters())
