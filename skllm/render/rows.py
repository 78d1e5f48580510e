"""What happens to one row of pixels under one Gaussian: the innermost loops of `splatting_numba`, compiled.

Each pass is a loop of its own that writes one or two buffers over the columns [start, end): that is what lets the compiler
turn it into vector instructions. Columns count from the left edge of what is painted; `y` is a row of the strip.
"""

import math
import typing

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

F32 = np.float32
LANES = 8                 # rows start and end at multiples of this; changes only the time
FAST = {"fastmath": {"contract", "arcp", "nsz", "reassoc"}, "error_model": "numpy"}
_LOG2E, _LN2_HIGH, _LN2_LOW = F32(1.4426950408889634), F32(0.693359375), F32(-2.12194440e-4)
_LEAST_POWER = F32(-20.0)                                             # e^-20 = 2e-9 counts as nothing
_C2, _C3, _C4, _C5, _C6 = (F32(1 / math.factorial(n)) for n in range(2, 7))


@typing.no_type_check
@intrinsic
def _float_of_bits(context, bits):
    def generate(context, builder, signature, args):
        return builder.bitcast(args[0], ir.FloatType())

    return types.float32(types.int32), generate


@typing.no_type_check
@numba.njit(**FAST)
def _exp(x):
    """e^x for x in [-20, 0] to the last bit or two, without a call, so that loops around it become vector code."""
    halvings = np.int32(F32(0.5) - x * _LOG2E)
    k = F32(halvings)
    r = (x + k * _LN2_HIGH) + k * _LN2_LOW
    series = F32(1) + r * (F32(1) + r * (_C2 + r * (_C3 + r * (_C4 + r * (_C5 + r * _C6)))))
    return series * _float_of_bits(np.int32((np.int32(127) - halvings) * np.int32(1 << 23)))


@typing.no_type_check
@numba.njit(**FAST)
def span(a, b, c, cut, dy, mean_x, left, right):
    """Columns of a row that the ellipse reaches, widened to multiples of the lanes, counted from `left`.

    They are unsigned, so that indexing needs no test for negative numbers.
    """
    inside = F32(2) * cut - c * dy * dy
    if inside <= 0:
        return np.uint64(0), np.uint64(0)
    half, middle = math.sqrt(inside) / a, mean_x - b * dy / a
    start = max(float(left), min(math.ceil(middle - half), float(right)))
    stop = min(float(right), max(math.floor(middle + half) + 1, float(left)))
    return np.uint64((int(start) - left) // LANES * LANES), np.uint64((int(stop) - left + LANES - 1) // LANES * LANES)


@typing.no_type_check
@numba.njit(**FAST)
def weigh(density, start, end, opacity, steep, shift, floor, offset):
    """Fills a row with opacity x weight; offset: column 0's distance from the Gaussian's middle."""
    for x in range(start, end):
        u = steep * (F32(np.int32(x)) + offset) + shift
        density[x] = opacity * _exp(max(floor - F32(0.5) * u * u, _LEAST_POWER))


@typing.no_type_check
@numba.njit(**FAST)
def cover(density, covered, start, end, exponential, most):
    """Coverage from density, after the law."""
    if exponential:
        for x in range(start, end):
            covered[x] = min(F32(1) - _exp(-density[x]), most)
    else:
        for x in range(start, end):
            covered[x] = min(density[x], most)


@typing.no_type_check
@numba.njit(**FAST)
def send(light, y, covered, before, start, end, least, stop):
    """Lets light through a row: `before` is what falls on the Gaussian where it is drawn, 0 elsewhere; spent light is -1."""
    for x in range(start, end):
        now, a = light[y, x], covered[x]
        behind = now * (F32(1) - a)
        counts, goes_on = (a >= least) & (now > F32(0)), behind > stop
        before[x] = now if counts & goes_on else F32(0)
        light[y, x] = (behind if goes_on else F32(-1)) if counts else now


@typing.no_type_check
@numba.njit(**FAST)
def mix(covered, before, start, end):
    """Coverage becomes the share of all light that the Gaussian sends."""
    for x in range(start, end):
        covered[x] *= before[x]


@typing.no_type_check
@numba.njit(**FAST)
def add(rows, channel, y, values, start, end, factor):
    """Adds values x factor to a row of one channel."""
    for x in range(start, end):
        rows[channel, y, x] += values[x] * factor


@typing.no_type_check
@numba.njit(**FAST)
def light_up(bright, to_color, y, start, end, red, green, blue):
    """How much more the loss would be with all light here in the Gaussian's colour."""
    for x in range(start, end):
        bright[x] = red * to_color[0, y, x] + green * to_color[1, y, x] + blue * to_color[2, y, x]


@typing.no_type_check
@numba.njit(**FAST)
def take(rest, y, covered, before, bright, start, end):
    """Takes the Gaussian's part off the loss's slope by all light that is still to come."""
    for x in range(start, end):
        rest[y, x] -= before[x] * covered[x] * bright[x]


@typing.no_type_check
@numba.njit(**FAST)
def blame(density, covered, before, rest, y, bright, start, end, exponential, most):
    """Turns a row of densities into density x slope of the loss by density."""
    for x in range(start, end):
        here, clear = before[x], F32(1) - covered[x]
        slope = here * clear * bright[x] - rest[y, x] if exponential else here * bright[x] - rest[y, x] / clear
        density[x] = density[x] * slope if (here > F32(0)) & (covered[x] < most) else F32(0)


@typing.no_type_check
@numba.njit(**FAST)
def sum_moments(density, start, end, offset):
    """Sums of the row's values, times dx, and times dx^2."""
    none = one = two = F32(0)
    for x in range(start, end):
        dx = F32(np.int32(x)) + offset
        none += density[x]
        one += density[x] * dx
        two += density[x] * dx * dx
    return none, one, two


@typing.no_type_check
@numba.njit(**FAST)
def sum_colors(share, to_color, y, start, end):
    """The loss's slopes by the Gaussian's colour."""
    red = green = blue = F32(0)
    for x in range(start, end):
        red += share[x] * to_color[0, y, x]
        green += share[x] * to_color[1, y, x]
        blue += share[x] * to_color[2, y, x]
    return red, green, blue
