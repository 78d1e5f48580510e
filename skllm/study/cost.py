"""What rendering costs on this machine, beside the naive loop over Gaussians, in one run.

    python -m skllm.study.cost

One Kinect v2 person (265 Gaussians), 12 pictures of 448 x 448, warm, unless a row says otherwise. Times are medians.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from statistics import median

import torch
from jaxtyping import Float
from torch import Tensor
from tqdm import tqdm

from skllm.formats import load
from skllm.model import SkeletonLLM
from skllm.render import LAWS, Camera, DrAction, DrActionConfig, Gaussians, splat
from skllm.render.camera import project
from skllm.render.splatting import front_to_back
from skllm.samples import sample_files
from skllm.skeleton import Skeleton
from skllm.study import figures
from skllm.study.results import write_record

_FRAMES = (3, 6, 12, 24, 48)
_RADII = (0.01, 0.015, 0.02, 0.03, 0.04)          # metres; thicker limbs cover more pixels
_FIRST_CALL = """
import time, torch
from skllm.render import DrAction, DrActionConfig
from skllm.formats import load
from skllm.samples import sample_files
clip = load(sample_files()["wave_kinect_v2.skeleton"]).sample(12)
start = time.perf_counter()
DrAction(DrActionConfig())([clip]).sum().backward()
print(time.perf_counter() - start)
"""


def milliseconds(work: Callable[[], object], times: int) -> float:
    """Median time of some calls after one that is not counted; waits for CUDA where there is one."""
    taken = []
    for n in range(times + 1):
        start = time.perf_counter()
        work()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        taken += [1e3 * (time.perf_counter() - start)] if n else []
    return median(taken)


def person() -> Skeleton:
    """The bundled Kinect v2 recording."""
    return load(sample_files()["wave_kinect_v2.skeleton"])


def beside(clip: Skeleton, metres: float = 0.8) -> Skeleton:
    """The same person twice, side by side."""
    shift = torch.tensor([metres, 0, 0])
    two = {name: torch.cat([getattr(clip, name)] * 2, 1) for name in ("seen", "velocity")}
    return replace(clip, xyz=torch.cat([clip.xyz, clip.xyz + shift], 1), orientations=None, **two)


def naive(g: Gaussians, pictures: int, camera: Camera, law: str) -> Float[Tensor, "F 3 H W"]:
    """One Gaussian after another over the whole of its picture, as the released code paints: what `splat` is measured against."""
    rule, s = LAWS[law], project(g, camera, LAWS[law].blur)
    order, counts = front_to_back(g, s, pictures)
    y, x = torch.arange(camera.height)[:, None] + rule.centre, torch.arange(camera.width) + rule.centre
    out = torch.zeros(pictures, 3, camera.height, camera.width)
    for picture, members in zip(out, order.split(counts), strict=True):
        light = torch.ones(camera.height, camera.width)
        for n in members.tolist():
            dx, dy, (xx, xy, yy) = x - s.means[n, 0], y - s.means[n, 1], s.conics[n]
            density = g.opacities[n] * torch.exp(-0.5 * (xx * dx * dx + yy * dy * dy) - xy * dx * dy)
            covered = (1 - torch.exp(-density) if rule.exponential else density).clamp(max=rule.most)
            picture += g.colors[n][:, None, None] * (light * covered)
            light *= 1 - covered
    return out


def renderer_costs(clip: Skeleton, law: str, times: int, size: int = 448) -> dict[str, float]:
    """Milliseconds of `splat` alone and of a whole DrAction call, forward and with backward, from a slope of random numbers."""
    renderer = DrAction(DrActionConfig(law=law, size=size))
    slope = torch.randn(1, clip.frames, 3, size, size)
    with torch.no_grad():
        g, pictures = renderer.gaussians([clip])
    leaves = {name: getattr(g, name).requires_grad_() for name in ("means", "scales", "quaternions", "opacities", "colors")}

    def painted() -> Tensor:
        return splat(replace(g, **leaves), pictures, renderer.camera, law)

    with torch.no_grad():
        forward = {"splat": milliseconds(painted, times), "DrAction": milliseconds(lambda: renderer([clip]), times)}
    both = {"splat": milliseconds(lambda: torch.autograd.grad(painted(), list(leaves.values()), slope[0]), times),
            "DrAction": milliseconds(lambda: renderer([clip]).backward(slope), times)}
    return {f"{what} {kind}": values[what] for kind, values in (("forward", forward), ("with backward", both)) for what in forward}


def peak_megabytes() -> float:
    """The most memory this process has held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def growth(clip: Skeleton, times: int) -> dict[str, list[tuple[float, float]]]:
    """Milliseconds of `splat` over the number of frames, and over millions of pixel-Gaussian pairs that are painted."""
    def timed(frames: int, radius: float) -> tuple[float, float]:
        renderer = DrAction(DrActionConfig(radius=radius))
        g, pictures = renderer.gaussians([clip.sample(frames)])
        return pairs(g, renderer.camera) / 1e6, milliseconds(lambda: splat(g, pictures, renderer.camera), times)

    with torch.no_grad():
        return {
            "frames": [(float(frames), timed(frames, 0.02)[1]) for frames in _FRAMES],
            "million painted pairs": [timed(12, radius) for radius in _RADII],
        }


def pairs(g: Gaussians, camera: Camera) -> float:
    """Pixels that Gaussians cover by more than the law's threshold, summed over Gaussians: areas of the ellipses."""
    conics = project(g, camera, LAWS["3dgs"].blur).conics.double()
    cut = torch.log(g.opacities.double() / LAWS["3dgs"].least).clamp(min=0)
    return (2 * torch.pi * cut / (conics[:, 0] * conics[:, 2] - conics[:, 1] ** 2).sqrt()).sum().item()


def first_calls() -> dict[str, float]:
    """Seconds of the first forward and backward of a process that must compile, and of one that finds what was compiled."""
    with tempfile.TemporaryDirectory() as cache:
        told = {**os.environ, "NUMBA_CACHE_DIR": cache}
        runs = [subprocess.run([sys.executable, "-c", _FIRST_CALL], env=told, capture_output=True, text=True, check=True) for _ in range(2)]
    return dict(zip(("first call, compiling, s", "first call, compiled before, s"), (float(run.stdout) for run in runs), strict=True))


@torch.no_grad()
def sparse_costs(clip: Skeleton, times: int) -> dict[str, float]:
    """Tokens and milliseconds of `tiny`'s tower on the clip, seen whole and where something is painted."""
    model = SkeletonLLM.from_pretrained("tiny", device="cpu")
    pictures, found = model.render([clip]), {}
    for name, only in (("dense", False), ("foreground", True)):
        model.mllm.foreground_only = only
        found[f"tokens, {name}"] = float(sum(len(tokens) for tokens in model.mllm.see(pictures)[0]))
        found[f"tower {name}, ms"] = milliseconds(lambda: model.mllm.see(pictures), times)
    return found


def cuda_costs(clip: Skeleton, law: str, times: int, clips: int = 8) -> dict[str, float]:
    """Milliseconds and device memory of a batch on CUDA; empty without a device."""
    if not torch.cuda.is_available():
        return {}
    renderer = DrAction(DrActionConfig(law=law)).cuda()
    slope = torch.randn(clips, clip.frames, 3, 448, 448, device="cuda")
    torch.cuda.reset_peak_memory_stats()
    with torch.no_grad():
        forward = milliseconds(lambda: renderer([clip] * clips), times)
    both = milliseconds(lambda: renderer([clip] * clips).backward(slope), times)
    megabytes = torch.cuda.max_memory_allocated() / 2**20
    return {f"CUDA, {clips} clips, {law}, forward": forward, f"CUDA, {clips} clips, {law}, with backward": both, f"CUDA, {law}, MB": megabytes}


def main() -> None:
    """Prints the table, writes its record and draws the growth figure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=20, help="calls a median is taken of")
    times, started = parser.parse_args().times, time.time()
    clip, numbers = person().sample(12), {}
    DrAction(DrActionConfig(size=32))([clip]).sum().backward()             # loads compiled code and torch's threads
    start = peak_megabytes()
    for law in tqdm(LAWS, desc="rendering", leave=False):
        numbers |= {f"{law}, {name}, ms": value for name, value in renderer_costs(clip, law, times).items()}
        numbers.setdefault("peak above the start, MB", peak_megabytes() - start)
        numbers |= {f"{law}, two people, {name}, ms": value for name, value in renderer_costs(beside(clip), law, times).items()}
        numbers |= {name: value for name, value in cuda_costs(clip, law, times).items()}
        with torch.no_grad():
            renderer = DrAction(DrActionConfig(law=law))
            g, pictures = renderer.gaussians([clip])
            loop = milliseconds(lambda g=g, pictures=pictures, law=law, r=renderer: naive(g, pictures, r.camera, law), 1)
        numbers[f"{law}, naive loop forward, ms"] = loop
        numbers[f"{law}, naive loop / splat"] = loop / numbers[f"{law}, splat forward, ms"]
    numbers |= sparse_costs(clip, times) | first_calls()
    for name, value in numbers.items():
        print(f"{name:46} {value:10.1f}")
    curves = growth(person(), times)
    print("figure:", figures.save(figures.growth(curves), "render_cost"))
    print("record:", write_record("render_cost", "demo", 0, numbers, {"times": times, "growth": curves}, time.time() - started))


if __name__ == "__main__":
    main()
