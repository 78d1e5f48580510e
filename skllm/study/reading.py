"""How many clips a second are read: NTU RGB+D's text, and the store that `skllm prepare` makes of it.

    python -m skllm.study.reading [--data-root FOLDER]

Without a folder of NTU recordings, 200 copies of the bundled one stand in for them.
"""

import argparse
import multiprocessing
import shutil
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import torch

from skllm.benchmarks import NTU120, LabelledClip, prepare
from skllm.samples import sample_files
from skllm.study.results import write_record

_COPIES, _ROUNDS = 200, 5


def copies(folder: Path) -> Path:
    """A folder of NTU-named copies of the bundled recording."""
    folder.mkdir()
    for n in range(_COPIES):
        name = f"S{1 + n // 120:03d}C001P{1 + n % 106:03d}R001A{1 + n % 120:03d}.skeleton"
        shutil.copy(sample_files()["wave_kinect_v2.skeleton"], folder / name)
    return folder


def read_all(clips: list[LabelledClip]) -> int:
    """Reads every clip; how many frames they have."""
    torch.set_num_threads(1)
    return sum(one.clip.frames for one in clips)


def rate(clips: list[LabelledClip], workers: int) -> float:
    """Clips a second, the best of some rounds; the workers are up before the clock starts."""
    shares = [clips[n::workers] for n in range(workers)]
    if workers == 1:
        return max(_timed(lambda: read_all(clips), len(clips)) for _ in range(_ROUNDS))
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        list(pool.map(read_all, [share[:1] for share in shares] * 4))
        return max(_timed(lambda: list(pool.map(read_all, shares)), len(clips)) for _ in range(_ROUNDS))


def _timed(work, count: int) -> float:
    start = time.perf_counter()
    work()
    return count / (time.perf_counter() - start)


def main() -> None:
    """Prints and records the rates."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--data-root", type=Path, help="a folder of NTU RGB+D recordings")
    asked.add_argument("--workers", type=int, default=2)
    told, started = asked.parse_args(), time.time()
    with tempfile.TemporaryDirectory() as folder:
        raw = told.data_root or copies(Path(folder) / "raw")
        texts = list(NTU120.clips(raw))
        size = sum(one.source.path.stat().st_size for one in texts) / len(texts)
        made = prepare(NTU120, raw, Path(folder) / "store", told.workers)
        stored = list(NTU120.clips(made.folder))
        frames = read_all(stored) / len(stored)
        numbers = {
            "clips": len(texts), "frames a clip": frames, "kB of text a clip": size / 1e3,
            "kB in the store a clip": sum(path.stat().st_size for path in made.folder.iterdir()) / len(stored) / 1e3,
            "text, clips a second, 1 process": rate(texts, 1), f"text, clips a second, {told.workers} workers": rate(texts, told.workers),
            "store, clips a second, 1 process": rate(stored * 10, 1),
            f"store, clips a second, {told.workers} workers": rate(stored * 10, told.workers),
        }
    for name, value in numbers.items():
        print(f"{name:44} {value:10.1f}")
    print("record:", write_record("reading", "demo", 0, numbers, {"workers": told.workers, "own recordings": told.data_root is not None},
                                  time.time() - started))


if __name__ == "__main__":
    main()
