"""How long DrAction takes, beside the dense definition, in one run on this machine.

    python -m skllm.study.speed
"""

import argparse
import resource
import time
from collections.abc import Callable
from statistics import median

import torch

from skllm.formats import load
from skllm.render import DrAction, DrActionConfig
from skllm.render.camera import Camera
from skllm.render.splatting import splat
from skllm.samples import sample_files
from skllm.skeleton import Skeleton


def _seconds(work: Callable[[], object], times: int) -> float:
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return median(taken)


def _peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(clip: Skeleton, config: DrActionConfig, times: int = 20) -> dict[str, float]:
    """Milliseconds of a whole DrAction call on one sampled clip, forward and with backward.

    The first call of each kind is not counted: it loads compiled code.
    """
    renderer = DrAction(config)

    def forward() -> torch.Tensor:
        return renderer([clip])

    def both() -> None:
        forward().sum().backward()

    with torch.no_grad():
        forward()
        only = _seconds(forward, times)
    both()
    return {"forward_ms": 1e3 * only, "with_backward_ms": 1e3 * _seconds(both, times)}


def dense_ratio(clip: Skeleton, config: DrActionConfig) -> float:
    """How many times longer the dense definition takes than numba to paint the clip's middle frame."""
    with torch.no_grad():
        g, _ = DrAction(config).gaussians([clip.sample(1)])
        camera = Camera(config.size, config.size, config.fov_degrees)
        times = {name: _seconds(lambda name=name: splat(g, 1, camera, config.law, name), 3) for name in ("torch", "numba")}
    return times["torch"] / times["numba"]


def main() -> None:
    """Prints the figures for one Kinect v2 person (265 Gaussians), 12 pictures of 448 x 448."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=448)
    parser.add_argument("--times", type=int, default=20)
    told = parser.parse_args()
    clip = load(sample_files()["wave_kinect_v2.skeleton"]).sample(12)
    DrAction(DrActionConfig(size=32))([clip]).sum().backward()          # compiles once; later runs load it
    start = _peak_megabytes()
    for law in ("3dgs", "beer-lambert"):
        config = DrActionConfig(size=told.size, law=law)
        figures = measure(clip, config, told.times)
        print(f"{law:12}  forward {figures['forward_ms']:6.1f} ms   with backward {figures['with_backward_ms']:6.1f} ms   "
              f"peak memory {_peak_megabytes() - start:4.0f} MB above the start")
    for law in ("3dgs", "beer-lambert"):
        ratio = dense_ratio(clip, DrActionConfig(size=told.size, law=law))
        print(f"{law:12}  the dense definition takes {ratio:.0f} times as long to paint a picture")


if __name__ == "__main__":
    main()
