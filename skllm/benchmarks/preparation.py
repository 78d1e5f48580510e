"""Raw files become a store: in parallel, with a progress bar, going on where a kill stopped it, telling what it skipped and why."""

import hashlib
import multiprocessing
import os
import platform
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tqdm import tqdm

from skllm.benchmarks.records import Benchmark, Excerpt, LabelledClip
from skllm.benchmarks.store import begin, finish, make_room, whole_shard, write_shard
from skllm.skeleton import Skeleton

READERS = 1              # counts changes of readers after which stores are made anew
_EACH = 256              # clips a shard


@dataclass(frozen=True)
class Prepared:
    """What was made: the store's folder, how many clips it holds, how many shards were there already, and (key, why) of the rest."""

    folder: Path
    kept: int
    reused: int
    skipped: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class _Task:
    name: str
    folder: Path
    fingerprint: str
    clips: tuple[LabelledClip, ...]


def prepare(
    benchmark: Benchmark, data_root: str | Path, out: str | Path, workers: int | None = None, leave_out: str | Path | None = None,
) -> Prepared:
    """A store of the benchmark's clips in the folder `out`; what was finished before a kill is kept and checked, the rest is made.

    A clip that cannot be read is skipped, with the reason. Source files that changed, or what is read beside them (a motion's body), are
    read again; so is everything when readers change (`READERS`). `data_root` itself is not written to.
    Raises OSError where the disk is full or the folder cannot be written; running it again goes on from there.
    """
    if workers is not None and workers < 1:
        raise ValueError(f"workers is a number of processes, 1 or more; got {workers}")
    folder = Path(out).expanduser().resolve()
    if folder == Path(data_root).expanduser().resolve():
        raise ValueError(f"out is data_root, {out}; name another folder for the store")
    clips = benchmark.clips(data_root, leave_out)
    make_room(folder, benchmark.name)
    tasks = list(_tasks(clips, folder))
    done = {task.name: skipped for task in tasks if (skipped := whole_shard(folder, task.name, task.fingerprint)) is not None}
    left = [task for task in tasks if task.name not in done]
    if left:
        begin(folder, benchmark.name)
    with tqdm(total=len(clips), initial=sum(len(task.clips) for task in tasks if task.name in done), desc=benchmark.name, unit="clip") as bar:
        for task, skipped in _made(left, workers or os.cpu_count() or 1):
            done[task.name] = skipped
            bar.update(len(task.clips))
    skipped = tuple(one for task in tasks for one in done[task.name])
    if len(skipped) == len(clips):
        raise ValueError(f"none of {len(clips)} clips could be read; the first: {skipped[0][1]}")
    finish(folder, benchmark.name, [task.name for task in tasks])
    _sweep(folder)
    return Prepared(folder, len(clips) - len(skipped), len(tasks) - len(left), skipped)


def _tasks(clips: tuple[LabelledClip, ...], folder: Path) -> Iterator[_Task]:
    """Clips of one file stay together, so that a worker opens a file of many once."""
    ordered = sorted(clips, key=lambda one: (str(getattr(one.source, "path", "")), one.key))
    for n, start in enumerate(range(0, len(ordered), _EACH)):
        part = tuple(ordered[start : start + _EACH])
        yield _Task(f"{n:05d}", folder, _fingerprint(part), part)


def _fingerprint(clips: tuple[LabelledClip, ...]) -> str:
    """What a shard is made from: records, readers, and size and time of each source file and of what is read beside it."""
    held = hashlib.sha256()
    for one in clips:
        source = (one.source, *map(_state, one.source.files())) if isinstance(one.source, Excerpt) else repr(one.source)
        held.update(repr((READERS, replace(one, source=None), source)).encode())
    return held.hexdigest()


def _state(path: Path) -> tuple[int, int] | None:
    stat = path.stat() if path.exists() else None
    return (stat.st_size, stat.st_mtime_ns) if stat else None


def _made(tasks: list[_Task], workers: int) -> Iterator[tuple[_Task, list[tuple[str, str]]]]:
    """Finished tasks as they come, from as many processes."""
    if workers == 1 or len(tasks) < 2:
        yield from ((task, _make(task)) for task in tasks)
        return
    spawn = multiprocessing.get_context("spawn")          # threads of torch do not survive a fork
    with ProcessPoolExecutor(min(workers, len(tasks)), spawn, initializer=_end_with_parent) as pool:
        with _deaf():
            waiting = {pool.submit(_make, task): task for task in tasks}
        try:
            for future in as_completed(waiting):
                yield waiting[future], future.result()
        except BrokenProcessPool:
            raise OSError("a worker ended before its work was done, as for want of memory; run it again to go on, with fewer --workers") from None
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


@contextmanager
def _deaf() -> Iterator[None]:
    """Processes started inside ignore Ctrl-C, which is their parent's to answer."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _end_with_parent() -> None:
    """A worker ends when its parent is killed, rather than wait for work forever."""
    import torch

    torch.set_num_threads(1)
    parent = multiprocessing.parent_process()
    threading.Thread(target=lambda: (parent.join(), os._exit(1)), daemon=True).start()


def _sweep(folder: Path) -> None:
    """Takes away what killed processes were writing; what a living one writes stays."""
    for path in folder.glob(f".*.{platform.node()}.*"):
        owner = path.suffix.removeprefix(".")
        if owner.isdigit() and not _runs(int(owner)):
            path.unlink(missing_ok=True)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True


def _make(task: _Task) -> list[tuple[str, str]]:
    read: list[tuple[LabelledClip, Skeleton]] = []
    skipped: list[tuple[str, str]] = []
    for one in task.clips:
        try:
            read.append((one, one.clip))
        except (ValueError, OSError) as wrong:
            skipped.append((one.key, str(wrong)))
    write_shard(task.folder, task.name, task.fingerprint, read, skipped)
    return skipped
