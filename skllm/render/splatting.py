"""Compositing: ellipses become pictures. This file is the definition; where a backend differs, this one is right."""

from dataclasses import dataclass, fields

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
BACKENDS = ("auto", "torch", "numba", "tiles", "gsplat")


def splat(g: Gaussians, pictures: int, camera: Camera, law: str = "3dgs", backend: str = "auto") -> Float[Tensor, "F 3 H W"]:
    """The pictures, RGB on black, row 0 on top; light falls through the Gaussians front to back (paper, Sec. DrAction).

    I = sum_k c_k a_k prod_{l<k} (1 - a_l), with k in order of depth over all people of the picture together.
    law: a key of `LAWS`. backend: it changes only time and memory.
        "torch": this definition, every Gaussian on every pixel; any device and precision
        "numba": culled and vectorised, on the CPU, float32; values elsewhere are fetched and brought back
        "tiles": culled to tiles of 16 pixels, plain torch, any device
        "gsplat": gsplat's CUDA kernels, law "3dgs" alone
        "auto": numba on a CPU; on CUDA gsplat for "3dgs" where it is installed, else tiles; the definition for float64
    Raises ValueError for an unknown law or backend, one that cannot paint this law here, and Gaussians that are not finite.
    """
    if law not in LAWS:
        raise ValueError(f"no compositing law {law!r}; known: {', '.join(LAWS)}")
    paint = _painter(backend, law, g.means)
    _check_finite(g)
    splats = project(g, camera, LAWS[law].blur)
    order, counts = front_to_back(g, splats, pictures)
    ordered = (splats.means[order], splats.conics[order], g.opacities[order], g.colors[order])
    return paint(*ordered, counts, camera.height, camera.width, LAWS[law])


def _painter(backend: str, law: str, means: Tensor):
    """The function that paints, by the backend's name."""
    if backend not in BACKENDS:
        raise ValueError(f"no backend {backend!r}; known: {', '.join(BACKENDS)}")
    if backend == "auto":
        backend = _best(law, means.dtype, means.device.type)
    if backend == "gsplat" and law == "3dgs" and means.is_cuda and not _gsplat_usable():
        raise ValueError("gsplat's CUDA kernels are not built here; install gsplat and the CUDA toolkit, or use backend 'tiles'")
    if backend == "gsplat" and (law != "3dgs" or not means.is_cuda):
        raise ValueError(f"gsplat paints law '3dgs' on CUDA; got {law!r} on {means.device.type}: use backend 'auto'")
    if backend == "numba" and means.dtype != torch.float32:
        raise ValueError(f"numba paints float32; got {means.dtype}: use backend 'torch'")
    if backend == "torch":
        return paint_densely
    if backend == "numba":
        from skllm.render.splatting_numba import paint
    elif backend == "tiles":
        from skllm.render.splatting_tiles import paint
    else:
        from skllm.render.splatting_gsplat import paint
    return paint


def _best(law: str, dtype: torch.dtype, device: str) -> str:
    if dtype != torch.float32:
        return "torch"
    if device == "cpu":
        return "numba"
    if device != "cuda":
        return "tiles"
    return "gsplat" if law == "3dgs" and _gsplat_usable() else "tiles"


def _gsplat_usable() -> bool:
    from skllm.render.splatting_gsplat import usable

    return usable()


def _check_finite(g: Gaussians) -> None:
    for field in fields(g):
        values = getattr(g, field.name)
        if values.is_floating_point() and not values.isfinite().all():
            n = int((~values.isfinite()).nonzero()[0, 0])
            raise ValueError(f"Gaussian {n} has {field.name} {values[n].tolist()}; only finite ones can be painted: look where they were made")


def front_to_back(g: Gaussians, splats: Splats, pictures: int) -> tuple[Tensor, list[int]]:
    """Indices of the visible Gaussians, by picture and then near to far, and how many each picture has.

    Equally deep ones (flat clips have nothing else) go left to right and down, so that the list's order matters only for exact doubles.
    """
    shown = splats.visible.nonzero()[:, 0]
    for key in (splats.means[:, 1], splats.means[:, 0], splats.depths, g.picture):        # the last one decides first
        shown = shown[key.detach()[shown].argsort(stable=True)]
    return shown, torch.bincount(g.picture[shown], minlength=pictures).tolist()


def paint_densely(
    means: Float[Tensor, "N 2"], conics: Float[Tensor, "N 3"], opacities: Float[Tensor, " N"], colors: Float[Tensor, "N 3"],
    counts: list[int], height: int, width: int, law: Law,
) -> Float[Tensor, "F 3 H W"]:
    """Every Gaussian on every pixel of its picture: the equation, one picture after another."""
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    pixels = torch.stack([x, y], -1).flatten(0, 1).to(means) + law.centre
    parts = zip(*(values.split(counts) for values in (means, conics, opacities, colors)), strict=True)
    return torch.stack([composite(*part, pixels, law).unflatten(-1, (height, width)) for part in parts])


def composite(
    means: Float[Tensor, "*tiles N 2"], conics: Float[Tensor, "*tiles N 3"], opacities: Float[Tensor, "*tiles N"],
    colors: Float[Tensor, "*tiles N 3"], pixels: Float[Tensor, "*tiles X 2"], law: Law,
) -> Float[Tensor, "*tiles 3 X"]:
    """The colours of some pixels under Gaussians in order from the front: the definition of both laws."""
    dx, dy = (pixels[..., None, :, :] - means[..., :, None, :]).unbind(-1)
    xx, xy, yy = conics[..., None].unbind(-2)
    weights = torch.exp((-0.5 * (xx * dx * dx + yy * dy * dy) - xy * dx * dy).clamp(max=0))
    density = opacities[..., None] * weights
    covered = (1 - torch.exp(-density) if law.exponential else density).clamp(max=law.most)
    covered = torch.where(covered < law.least, 0, covered)
    left = torch.cumprod(1 - covered, -2)                                         # light behind each Gaussian
    before = torch.cat([torch.ones_like(left[..., :1, :]), left[..., :-1, :]], -2)[..., : left.shape[-2], :]
    return torch.einsum("...nx,...nc->...cx", torch.where(left > law.stop, before * covered, 0), colors)
