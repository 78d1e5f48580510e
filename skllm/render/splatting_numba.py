"""The CPU twin of `splatting.paint_densely`: culled to each ellipse, threads over pictures x strips, own backward.

Forward walks the Gaussians of a strip front to back, each over the pixels its ellipse reaches. Backward walks the same
way again instead of storing weights: with g the slope at a pixel, a Gaussian's coverage has slope
T (c . g) - (I . g - sum so far) / (1 - a), and everything in it is known from the front.
"""

import math
import typing

import numba
import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from skllm.render.splatting import Law

STRIP = 64                # rows of a strip; changes only the time
_NEGLIGIBLE = 1e-8        # coverage left out where the law has no threshold of its own


@typing.no_type_check
@numba.njit(cache=True, inline="always")
def _cut(opacity, least):
    """Largest half squared distance (in sigmas) at which the Gaussian still counts; negative where it never does."""
    return math.log(max(opacity, np.float32(1e-30)) / (least if least > 0 else np.float32(_NEGLIGIBLE)))


@typing.no_type_check
@numba.njit(cache=True, inline="always")
def _rows(mean_y, xx, xy, yy, cut, centre, low, high):
    """First and one-past-last row of [low, high) that the ellipse reaches."""
    reach = math.sqrt(max(np.float32(2.0) * cut * xx / (xx * yy - xy * xy), np.float32(0.0)))
    first = max(float(low), math.ceil(mean_y - reach - centre))
    last = min(float(high - 1), math.floor(mean_y + reach - centre))
    return int(first), int(last) + 1


@typing.no_type_check
@numba.njit(cache=True, inline="always")
def _columns(mean_x, dy, xx, xy, yy, cut, centre, width):
    """First and one-past-last column of a row that the ellipse reaches."""
    middle = -xy * dy / xx
    inside = middle * middle - (yy * dy * dy - np.float32(2.0) * cut) / xx
    if inside < 0:
        return 0, 0
    half = math.sqrt(inside)
    first = max(0.0, math.ceil(mean_x + middle - half - centre))
    last = min(float(width - 1), math.floor(mean_x + middle + half - centre))
    return int(first), int(last) + 1


@typing.no_type_check
@numba.njit(cache=True, inline="always")
def _cover(opacity, xx, xy, yy, dx, dy, exponential, most):
    """Weight, density, share of light let through, and coverage of a Gaussian at (dx, dy) pixels from its middle."""
    weight = math.exp(-np.float32(0.5) * (xx * dx * dx + yy * dy * dy) - xy * dx * dy)
    density = opacity * weight
    clear = math.exp(-density) if exponential else np.float32(1.0) - density
    covered = np.float32(1.0) - clear if exponential else density
    return weight, density, clear, min(covered, most)


@typing.no_type_check
@numba.njit(cache=True, inline="always")
def _pass(light, y, x, a, least, stop):
    """Light before the Gaussian, which then goes on behind it; negative where nothing of it is drawn."""
    before = light[y, x]
    if a < least or before < 0:
        return np.float32(-1.0)
    behind = before * (np.float32(1.0) - a)
    if behind <= stop:
        light[y, x] = -1.0          # opaque here: nothing behind is drawn
        return np.float32(-1.0)
    light[y, x] = behind
    return before


@typing.no_type_check
@numba.njit(cache=True, inline="always")
def _lit(out, slope, f, y, x):
    """The picture's colour times its slope at one pixel."""
    return out[f, 0, y, x] * slope[f, 0, y, x] + out[f, 1, y, x] * slope[f, 1, y, x] + out[f, 2, y, x] * slope[f, 2, y, x]


_FAST = {"cache": True, "parallel": True, "fastmath": {"contract", "arcp", "nsz"}, "error_model": "numpy"}


@typing.no_type_check
@numba.njit(**_FAST)
def _forward(means, conics, opacities, colors, starts, out, exponential, centre, least, most, stop):
    pictures, _, height, width = out.shape
    strips = (height + STRIP - 1) // STRIP
    for task in numba.prange(pictures * strips):
        f, low = task // strips, (task % strips) * STRIP
        high = min(low + STRIP, height)
        light = np.ones((high - low, width), np.float32)
        for n in range(starts[f], starts[f + 1]):
            xx, xy, yy, opacity = conics[n, 0], conics[n, 1], conics[n, 2], opacities[n]
            red, green, blue = colors[n, 0], colors[n, 1], colors[n, 2]
            cut = _cut(opacity, least)
            if cut < 0:
                continue
            top, bottom = _rows(means[n, 1], xx, xy, yy, cut, centre, low, high)
            for y in range(top, bottom):
                dy = np.float32(y + centre - means[n, 1])
                left, right = _columns(means[n, 0], dy, xx, xy, yy, cut, centre, width)
                for x in range(left, right):
                    dx = np.float32(x + centre - means[n, 0])
                    _, _, _, a = _cover(opacity, xx, xy, yy, dx, dy, exponential, most)
                    before = _pass(light, y - low, x, a, least, stop)
                    if before < 0:
                        continue
                    share = before * a
                    out[f, 0, y, x] += share * red
                    out[f, 1, y, x] += share * green
                    out[f, 2, y, x] += share * blue


@typing.no_type_check
@numba.njit(**_FAST)
def _backward(means, conics, opacities, colors, starts, out, slope, partial, exponential, centre, least, most, stop):
    """partial[strip, n] collects the slopes of (mean x, y, conic xx, xy, yy, opacity, red, green, blue)."""
    pictures, _, height, width = out.shape
    strips = (height + STRIP - 1) // STRIP
    for task in numba.prange(pictures * strips):
        f, low = task // strips, (task % strips) * STRIP
        high = min(low + STRIP, height)
        light = np.ones((high - low, width), np.float32)
        rest = np.empty((high - low, width), np.float32)
        for y in range(low, high):
            for x in range(width):
                rest[y - low, x] = _lit(out, slope, f, y, x)
        for n in range(starts[f], starts[f + 1]):
            xx, xy, yy, opacity = conics[n, 0], conics[n, 1], conics[n, 2], opacities[n]
            red, green, blue = colors[n, 0], colors[n, 1], colors[n, 2]
            cut = _cut(opacity, least)
            if cut < 0:
                continue
            to_x = to_y = to_xx = to_xy = to_yy = to_opacity = to_red = to_green = to_blue = np.float32(0.0)
            top, bottom = _rows(means[n, 1], xx, xy, yy, cut, centre, low, high)
            for y in range(top, bottom):
                dy = np.float32(y + centre - means[n, 1])
                left, right = _columns(means[n, 0], dy, xx, xy, yy, cut, centre, width)
                for x in range(left, right):
                    dx = np.float32(x + centre - means[n, 0])
                    weight, density, clear, a = _cover(opacity, xx, xy, yy, dx, dy, exponential, most)
                    before = _pass(light, y - low, x, a, least, stop)
                    if before < 0:
                        continue
                    g0, g1, g2 = slope[f, 0, y, x], slope[f, 1, y, x], slope[f, 2, y, x]
                    share = before * a
                    to_red += share * g0
                    to_green += share * g1
                    to_blue += share * g2
                    bright = red * g0 + green * g1 + blue * g2
                    after = rest[y - low, x] - share * bright
                    rest[y - low, x] = after
                    if a >= most:
                        continue
                    # slope of the density: coverage's slope, times d coverage / d density
                    to_density = before * clear * bright - after if exponential else before * bright - after / clear
                    to_opacity += weight * to_density
                    to_power = -density * to_density
                    to_x -= to_power * (xx * dx + xy * dy)
                    to_y -= to_power * (yy * dy + xy * dx)
                    to_xx += to_power * np.float32(0.5) * dx * dx
                    to_xy += to_power * dx * dy
                    to_yy += to_power * np.float32(0.5) * dy * dy
            sums = partial[task % strips, n]
            sums[0], sums[1], sums[2], sums[3], sums[4] = to_x, to_y, to_xx, to_xy, to_yy
            sums[5], sums[6], sums[7], sums[8] = to_opacity, to_red, to_green, to_blue


class _Paint(torch.autograd.Function):
    @staticmethod
    def forward(ctx, means, conics, opacities, colors, starts, height, width, constants):
        out = torch.zeros(len(starts) - 1, 3, height, width)
        _forward(*(v.detach().contiguous().numpy() for v in (means, conics, opacities, colors)), starts, out.numpy(), *constants)
        ctx.save_for_backward(means, conics, opacities, colors, out)
        ctx.starts, ctx.constants = starts, constants
        return out

    @staticmethod
    def backward(ctx, slope):
        *inputs, out = ctx.saved_tensors
        strips = -(-out.shape[2] // STRIP)
        partial = torch.zeros(strips, len(inputs[0]), 9)
        arrays = [v.detach().contiguous().numpy() for v in inputs]
        _backward(*arrays, ctx.starts, out.numpy(), slope.contiguous().numpy(), partial.numpy(), *ctx.constants)
        total = partial.sum(0)
        return total[:, :2], total[:, 2:5], total[:, 5], total[:, 6:], None, None, None, None


def paint(
    means: Float[Tensor, "N 2"], conics: Float[Tensor, "N 3"], opacities: Float[Tensor, " N"], colors: Float[Tensor, "N 3"],
    counts: list[int], height: int, width: int, law: Law,
) -> Float[Tensor, "F 3 H W"]:
    """As `splatting.paint_densely`, for float32 on a CPU; without a threshold in the law, coverages under 1e-8 are left out."""
    constants = (law.exponential, *(np.float32(v) for v in (law.centre, law.least, law.most, law.stop)))
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return _Paint.apply(means, conics, opacities, colors, starts, height, width, constants)
