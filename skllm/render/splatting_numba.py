"""The CPU twin of `splatting.paint_densely`: culled to each ellipse, threads over pictures x strips, own backward.

Forward walks the Gaussians of a strip front to back, each row by row over the pixels its ellipse reaches. Backward walks
the same way again instead of storing weights: with g the slope at a pixel, a Gaussian's coverage has slope
T (c . g) - (I . g - sum so far) / (1 - a), and everything in it is known from the front.
"""

import math
import typing
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

from skllm.render.rows import (
    F32,
    FAST,
    LANES,
    add,
    blame,
    cover,
    light_up,
    mix,
    send,
    span,
    sum_colors,
    sum_moments,
    take,
    weigh,
)
from skllm.render.splatting import Law

STRIP = 64                # rows of a strip; changes only the time
_FAR = 1e9                # pixels; whole numbers of pixels are no longer exact out there, and nothing reaches back
_NEGLIGIBLE = 1e-8        # coverage left out where the law has no threshold of its own
_CACHED = {"cache": True, "nogil": True, **FAST}


@typing.no_type_check
@numba.njit(**_CACHED)
def _reach(means, conics, opacities, height, width, centre, least, shapes, boxes):
    """shapes[n]: (a, b, c, cut) with half squared distance ((a dx + b dy)^2 + c dy^2) / 2, drawn up to `cut`, which is
    stable for needles too; boxes[n]: the pixels [top, bottom) x [left, right) that can be reached."""
    for n in range(len(means)):
        xx, xy, yy = np.float64(conics[n, 0]), np.float64(conics[n, 1]), np.float64(conics[n, 2])
        a = math.sqrt(xx)
        c = (xx * yy - xy * xy) / xx
        cut = math.log(max(np.float64(opacities[n]), 1e-30) / least)
        shapes[n, 0], shapes[n, 1], shapes[n, 2], shapes[n, 3] = a, xy / a, c, cut
        if not (cut > 0 and c > 0 and abs(means[n, 0]) < _FAR and abs(means[n, 1]) < _FAR):
            boxes[n] = 0
            continue
        tall, wide = math.sqrt(2 * cut / c), math.sqrt(2 * cut * yy / (xx * c))
        boxes[n, 0] = min(max(0.0, math.ceil(means[n, 1] - tall - centre)), float(height))
        boxes[n, 1] = max(min(float(height), math.floor(means[n, 1] + tall - centre) + 1), 0.0)
        boxes[n, 2] = min(max(0.0, math.ceil(means[n, 0] - wide - centre)), float(width))
        boxes[n, 3] = max(min(float(width), math.floor(means[n, 0] + wide - centre) + 1), 0.0)


@typing.no_type_check
@numba.njit(**_CACHED)
def _painted(boxes, first, last, low, high):
    """The columns, from a multiple of the lanes to another, that anything in rows [low, high) can reach."""
    left, right = 1 << 30, 0
    for n in range(first, last):
        if boxes[n, 0] < high and boxes[n, 1] > low:
            left, right = min(left, boxes[n, 2]), max(right, boxes[n, 3])
    if left >= right:
        return 0, 0
    return left // LANES * LANES, (right + LANES - 1) // LANES * LANES


@typing.no_type_check
@numba.njit(**_CACHED)
def _forward_strip(means, opacities, colors, shapes, boxes, first, last, low, high, picture, exponential, centre, least, most, stop):
    left, right = _painted(boxes, first, last, low, high)
    light = np.ones((high - low, right - left), np.float32)
    painted = np.zeros((3, high - low, right - left), np.float32)
    density, covered, before = np.empty(right - left, np.float32), np.empty(right - left, np.float32), np.empty(right - left, np.float32)
    for n in range(first, last):
        a, b, c, cut = shapes[n, 0], shapes[n, 1], shapes[n, 2], shapes[n, 3]
        mean_x, mean_y, opacity = means[n, 0] - centre, means[n, 1] - centre, opacities[n]
        for row in range(max(boxes[n, 0], low), min(boxes[n, 1], high)):
            y, dy = np.uint64(row - low), F32(row) - mean_y
            start, end = span(a, b, c, cut, dy, mean_x, left, right)
            weigh(density, start, end, opacity, a, b * dy, F32(-0.5) * c * dy * dy, F32(left) - mean_x)
            cover(density, covered, start, end, exponential, most)
            send(light, y, covered, before, start, end, least, stop)
            mix(covered, before, start, end)
            for channel in range(3):
                add(painted, np.uint64(channel), y, covered, start, end, colors[n, channel])
    stop_x = min(right, picture.shape[2])
    for channel in range(3):
        for row in range(low, high):
            picture[channel, row, :left] = 0
            picture[channel, row, left:stop_x] = painted[channel, row - low, :stop_x - left]
            picture[channel, row, stop_x:] = 0


@typing.no_type_check
@numba.njit(**_CACHED)
def _backward_strip(
    means, conics, opacities, colors, shapes, boxes, first, last, low, high, picture, slope, sums, exponential, centre, least, most, stop,
):
    left, right = _painted(boxes, first, last, low, high)
    light = np.ones((high - low, right - left), np.float32)
    rest, to_color = np.zeros((high - low, right - left), np.float32), np.zeros((3, high - low, right - left), np.float32)
    density, covered = np.empty(right - left, np.float32), np.empty(right - left, np.float32)
    before, bright = np.empty(right - left, np.float32), np.empty(right - left, np.float32)
    for row in range(low, high):
        for channel in range(3):
            for x in range(np.uint64(0), np.uint64(min(right, picture.shape[2]) - left)):
                to_color[channel, row - low, x] = slope[channel, row, np.uint64(left) + x]
                rest[row - low, x] += picture[channel, row, np.uint64(left) + x] * slope[channel, row, np.uint64(left) + x]
    for n in range(first, last):
        xx, xy, yy = conics[n, 0], conics[n, 1], conics[n, 2]
        a, b, c, cut = shapes[n, 0], shapes[n, 1], shapes[n, 2], shapes[n, 3]
        mean_x, mean_y, opacity = means[n, 0] - centre, means[n, 1] - centre, opacities[n]
        for row in range(max(boxes[n, 0], low), min(boxes[n, 1], high)):
            y, dy = np.uint64(row - low), F32(row) - mean_y
            start, end = span(a, b, c, cut, dy, mean_x, left, right)
            weigh(density, start, end, opacity, a, b * dy, F32(-0.5) * c * dy * dy, F32(left) - mean_x)
            cover(density, covered, start, end, exponential, most)
            send(light, y, covered, before, start, end, least, stop)
            light_up(bright, to_color, y, start, end, colors[n, 0], colors[n, 1], colors[n, 2])
            take(rest, y, covered, before, bright, start, end)
            blame(density, covered, before, rest, y, bright, start, end, exponential, most)
            mix(covered, before, start, end)
            none, one, two = sum_moments(density, start, end, F32(left) - mean_x)
            red, green, blue = sum_colors(covered, to_color, y, start, end)
            sums[n, 0] += xx * one + xy * dy * none
            sums[n, 1] += yy * dy * none + xy * one
            sums[n, 2] -= F32(0.5) * two
            sums[n, 3] -= dy * one
            sums[n, 4] -= F32(0.5) * dy * dy * none
            sums[n, 5] += none
            sums[n, 6] += red
            sums[n, 7] += green
            sums[n, 8] += blue


@typing.no_type_check
@numba.njit(**_CACHED)
def _forward(means, conics, opacities, colors, shapes, boxes, starts, begin, end, out, exponential, centre, least, most, stop):
    """Paints the strips begin .. end, counted over all pictures."""
    strips = (out.shape[2] + STRIP - 1) // STRIP
    for task in range(begin, end):
        f, low = task // strips, (task % strips) * STRIP
        high = min(low + STRIP, out.shape[2])
        _forward_strip(means, opacities, colors, shapes, boxes, starts[f], starts[f + 1], low, high, out[f], exponential, centre, least, most, stop)


@typing.no_type_check
@numba.njit(**_CACHED)
def _backward(means, conics, opacities, colors, shapes, boxes, starts, begin, end, out, slope, partial, exponential, centre, least, most, stop):
    """partial[strip, n] collects the slopes, so that no two threads write to one place."""
    strips = (out.shape[2] + STRIP - 1) // STRIP
    for task in range(begin, end):
        f, low = task // strips, (task % strips) * STRIP
        high = min(low + STRIP, out.shape[2])
        _backward_strip(means, conics, opacities, colors, shapes, boxes, starts[f], starts[f + 1], low, high, out[f], slope[f],
                        partial[task % strips], exponential, centre, least, most, stop)


def _in_threads(work: Callable[[int, int], None], tasks: int) -> None:
    """Calls `work(begin, end)` on shares of the tasks, in as many threads as torch uses; compiled code lets go of the interpreter."""
    threads = torch.get_num_threads()
    cuts = np.linspace(0, tasks, min(tasks, 4 * threads if threads > 1 else 1) + 1).astype(int).tolist()
    if threads == 1:
        return work(0, tasks)
    with ThreadPoolExecutor(threads) as pool:       # made anew each time: a pool would not survive a fork
        list(pool.map(work, cuts[:-1], cuts[1:]))


class _Paint(torch.autograd.Function):
    @staticmethod
    def forward(ctx, means, conics, opacities, colors, starts, height, width, constants):
        arrays = [v.detach().contiguous().numpy() for v in (means, conics, opacities, colors)]
        shapes, boxes = np.empty((len(means), 4), np.float32), np.empty((len(means), 4), np.int32)
        _, centre, least, *_ = constants
        _reach(*arrays[:3], height, width, centre, least if least > 0 else _NEGLIGIBLE, shapes, boxes)
        out = torch.empty(len(starts) - 1, 3, height, width)
        picture = out.numpy()
        strips = len(picture) * -(-height // STRIP)
        _in_threads(lambda begin, end: _forward(*arrays, shapes, boxes, starts, begin, end, picture, *constants), strips)
        ctx.save_for_backward(means, conics, opacities, colors, out)
        ctx.plan = shapes, boxes, starts, constants
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx, slope):
        *inputs, out = ctx.saved_tensors
        shapes, boxes, starts, constants = ctx.plan
        arrays = [v.detach().contiguous().numpy() for v in inputs]
        partial = np.zeros((-(-out.shape[2] // STRIP), len(inputs[0]), 9), np.float32)
        picture, slope = out.numpy(), slope.contiguous().numpy()
        strips = len(picture) * len(partial)
        _in_threads(lambda begin, end: _backward(*arrays, shapes, boxes, starts, begin, end, picture, slope, partial, *constants), strips)
        total = torch.from_numpy(partial.sum(0))
        return total[:, :2], total[:, 2:5], total[:, 5] / inputs[2], total[:, 6:], None, None, None, None


def paint(
    means: Float[Tensor, "N 2"], conics: Float[Tensor, "N 3"], opacities: Float[Tensor, " N"], colors: Float[Tensor, "N 3"],
    counts: list[int], height: int, width: int, law: Law,
) -> Float[Tensor, "F 3 H W"]:
    """As `splatting.paint_densely`, in float32 on the CPU, wherever the values are; without a threshold in
    the law, coverages under 1e-8 are left out.
    """
    constants = (law.exponential, *(np.float32(v) for v in (law.centre, law.least, law.most, law.stop)))
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    on_cpu = (values.cpu() for values in (means, conics, opacities, colors))
    return _Paint.apply(*on_cpu, starts, height, width, constants).to(means.device)
