"""Clips and pictures become one small animated GIF, for notebooks and files; no JavaScript.

It knows skeletons as dots and lines only: what a language model sees is `skllm.render`'s work.
"""

import base64
import html as _html
import io
from itertools import pairwise

import torch
from jaxtyping import Float
from PIL import Image, ImageDraw
from torch import Tensor

from skllm.skeleton import Skeleton

_INK = {"left": (66, 133, 244), "right": (244, 124, 32), "middle": (120, 120, 120)}   # left blue, right orange
_MOST_FRAMES = 48        # keeps a GIF under about 150 kB


def _bone_side(clip: Skeleton, bone: tuple[int, int]) -> str:
    sides = {clip.topology.sides[end] for end in bone} - {"middle"}
    return sides.pop() if len(sides) == 1 else "middle"


def _to_pixels(clip: Skeleton, size: int) -> Float[Tensor, "T P J 2"]:
    """Front view, everything in sight within the picture; NaN where unseen."""
    flat = clip.xyz[..., :2] * torch.tensor([1.0, -1.0])
    seen = flat[clip.seen > 0]
    low, high = seen.amin(0), seen.amax(0)
    scale = 0.88 * size / (high - low).amax().clamp(min=1e-3)
    return (flat - (low + high) / 2) * scale + size / 2


def _draw(clip: Skeleton, points: Float[Tensor, "P J 2"], size: int) -> Image.Image:
    picture = Image.new("RGB", (size, size), "white")
    pen = ImageDraw.Draw(picture)
    for person in points:
        for bone in clip.topology.bones:
            ends = person[list(bone)]
            if ends.isfinite().all():
                pen.line([tuple(end) for end in ends.tolist()], fill=_INK[_bone_side(clip, bone)], width=max(2, size // 70))
        for joint, at in enumerate(person):
            if at.isfinite().all():
                x, y = at.tolist()
                pen.circle((x, y), max(1.5, size / 130), fill=_INK[clip.topology.sides[joint]])
    return picture


def _gif(pictures: list[Image.Image], seconds: float) -> bytes:
    out = io.BytesIO()
    ends = [round(100 * seconds * n / len(pictures)) for n in range(len(pictures) + 1)]
    each = [max(20, 10 * (after - before)) for before, after in pairwise(ends)]      # GIF counts 10 ms; viewers slow down anything under 20
    pictures[0].save(out, "GIF", save_all=True, append_images=pictures[1:], duration=each, loop=0, optimize=True)
    return out.getvalue()


def animated_clip(clip: Skeleton, size: int = 220) -> bytes:
    """A GIF of the clip from the front at its true speed: left limbs blue, right orange; `size` pixels a side."""
    seconds = clip.frames / clip.fps
    shown = clip.sample(min(clip.frames, _MOST_FRAMES))
    return _gif([_draw(shown, points, size) for points in _to_pixels(shown, size)], seconds)


def still_clip(clip: Skeleton, shown: int = 6, size: int = 220) -> bytes:
    """A PNG of `shown` frames side by side, evenly taken, as `animated_clip` draws them."""
    at = clip.sample(min(clip.frames, shown))
    drawn = [_draw(at, points, size) for points in _to_pixels(at, size)]
    strip = Image.new("RGB", (size * len(drawn), size), "white")
    for n, picture in enumerate(drawn):
        strip.paste(picture, (n * size, 0))
    return _png(strip)


def still_pictures(pictures: Float[Tensor, "T 3 H W"], shown: int = 6) -> bytes:
    """A PNG of `shown` rendered pictures (RGB in [0, 1]) side by side, evenly taken."""
    at = torch.linspace(0, len(pictures) - 1, min(shown, len(pictures))).round().long()
    strip = torch.cat(list(pictures[at].detach().clamp(0, 1)), 2)
    return _png(Image.fromarray((strip * 255).byte().permute(1, 2, 0).cpu().numpy()))


def _png(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True)
    return out.getvalue()


def animated_pictures(pictures: Float[Tensor, "T 3 H W"], seconds: float = 2.0) -> bytes:
    """A GIF of rendered pictures (RGB in [0, 1]) that lasts `seconds`."""
    frames = (pictures.detach().clamp(0, 1) * 255).byte().permute(0, 2, 3, 1).cpu().numpy()
    return _gif([Image.fromarray(frame) for frame in frames], seconds)


def html(gif: bytes, caption: str = "", width: int | None = None) -> str:
    """An HTML figure that holds the GIF itself, so that a saved notebook needs no other file."""
    data = base64.b64encode(gif).decode()
    size = f' width="{width}"' if width else ""
    text = _html.escape(caption)
    return (
        f'<figure style="display:inline-block;margin:4px"><img alt="{text}"{size} src="data:image/gif;base64,{data}">'
        f"<figcaption><small>{text}</small></figcaption></figure>"
    )
