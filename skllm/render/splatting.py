"""Compositing: ellipses become pictures. This file is the definition; where a backend differs, this one is right."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from skllm.render.camera import Camera, Splats, project
from skllm.render.gaussians import Gaussians


@dataclass(frozen=True)
class Law:
    """How opacity becomes coverage, and the constants that make two implementations paint the same picture.

    exponential: coverage is 1 - exp(-opacity x weight), so that optical depths add up, rather than opacity x weight
    blur: px^2 added to every ellipse; centre: where in a pixel it is looked at
    least, most: coverages below are skipped and above are capped; stop: no more light, nothing behind is drawn
    """

    exponential: bool
    blur: float
    centre: float
    least: float
    most: float
    stop: float


LAWS = {
    "3dgs": Law(exponential=False, blur=0.3, centre=0.5, least=1 / 255, most=0.999, stop=1e-4),       # gsplat 1.5
    "beer-lambert": Law(exponential=True, blur=1e-5, centre=0.0, least=0.0, most=1.0, stop=0.0),      # the released weights
}
BACKENDS = ("auto", "numba", "torch")


def splat(g: Gaussians, pictures: int, camera: Camera, law: str = "3dgs", backend: str = "auto") -> Float[Tensor, "F 3 H W"]:
    """The pictures, RGB on black, row 0 on top; light falls through the Gaussians front to back (paper, Sec. DrAction).

    I = sum_k c_k a_k prod_{l<k} (1 - a_l), with k in order of depth over all people of the picture together.
    law: a key of `LAWS`. backend: "torch" (this definition, dense), "numba" (the same picture, culled, painted on the CPU
    wherever the Gaussians are) or "auto" (numba for float32, else torch); it changes only time and memory.
    """
    if law not in LAWS:
        raise ValueError(f"no compositing law {law!r}; known: {', '.join(LAWS)}")
    if backend not in BACKENDS:
        raise ValueError(f"no backend {backend!r}; known: {', '.join(BACKENDS)}")
    splats = project(g, camera, LAWS[law].blur)
    order, counts = front_to_back(g, splats, pictures)
    ordered = (splats.means[order], splats.conics[order], g.opacities[order], g.colors[order])
    if backend == "auto":
        backend = "numba" if g.means.dtype == torch.float32 else "torch"
    if backend == "torch":
        return paint_densely(*ordered, counts, camera.height, camera.width, LAWS[law])
    from skllm.render.splatting_numba import paint

    on_cpu = (values.cpu() for values in ordered)
    return paint(*on_cpu, counts, camera.height, camera.width, LAWS[law]).to(g.means.device)


def front_to_back(g: Gaussians, splats: Splats, pictures: int) -> tuple[Tensor, list[int]]:
    """Indices of the visible Gaussians, by picture and then near to far, and how many each picture has."""
    shown = splats.visible.nonzero()[:, 0]
    shown = shown[splats.depths[shown].argsort(stable=True)]
    shown = shown[g.picture[shown].argsort(stable=True)]
    return shown, torch.bincount(g.picture[shown], minlength=pictures).tolist()


def paint_densely(
    means: Float[Tensor, "N 2"], conics: Float[Tensor, "N 3"], opacities: Float[Tensor, " N"], colors: Float[Tensor, "N 3"],
    counts: list[int], height: int, width: int, law: Law,
) -> Float[Tensor, "F 3 H W"]:
    """Every Gaussian on every pixel of its picture: the equation, one picture after another."""
    parts = zip(*(values.split(counts) for values in (means, conics, opacities, colors)), strict=True)
    return torch.stack([_paint_one(*part, height, width, law) for part in parts])


def coverage(opacities: Float[Tensor, " N"], weights: Float[Tensor, "N H W"], law: Law) -> Float[Tensor, "N H W"]:
    """How much of the light behind it each Gaussian takes away at each pixel."""
    density = opacities[:, None, None] * weights
    covered = (1 - torch.exp(-density) if law.exponential else density).clamp(max=law.most)
    return torch.where(covered < law.least, 0, covered)


def _paint_one(means, conics, opacities, colors, height: int, width: int, law: Law) -> Float[Tensor, "3 H W"]:
    pixel_x = torch.arange(width, device=means.device).to(means) + law.centre
    pixel_y = torch.arange(height, device=means.device).to(means) + law.centre
    dx, dy = pixel_x - means[:, 0, None, None], pixel_y[:, None] - means[:, 1, None, None]
    xx, xy, yy = conics.T[:, :, None, None]
    weights = torch.exp(-0.5 * (xx * dx * dx + yy * dy * dy) - xy * dx * dy)
    covered = coverage(opacities, weights, law)
    left = torch.cumprod(1 - covered, 0)                                          # light behind each Gaussian
    before = torch.cat([torch.ones_like(left[:1]), left[:-1]])[: len(left)]
    return torch.einsum("nhw,nc->chw", torch.where(left > law.stop, before * covered, 0), colors)
