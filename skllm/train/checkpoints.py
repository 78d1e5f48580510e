"""Checkpoints on disk: which were written to their end, whether another would fit, and what an earlier run left."""

import json
import os
import shutil
from pathlib import Path

_WHOLE = "whole.json"       # written last: the size of every other file


def seal(checkpoint: Path) -> None:
    """Marks a checkpoint as written to its end."""
    sizes = {path.name: path.stat().st_size for path in checkpoint.iterdir() if path.name != _WHOLE}
    new = checkpoint / (_WHOLE + ".new")
    new.write_text(json.dumps(sizes))
    os.replace(new, checkpoint / _WHOLE)


def whole_checkpoints(folder: Path) -> list[Path]:
    """Checkpoints that were written to their end, oldest first."""
    return sorted((path for path in folder.glob("checkpoint-*") if _is_whole(path)), key=lambda path: int(path.name.split("-")[1]))


def _is_whole(checkpoint: Path) -> bool:
    try:
        sizes = json.loads((checkpoint / _WHOLE).read_text())
        return checkpoint.name.split("-")[1].isdigit() and all((checkpoint / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError):
        return False


def set_aside(folder: Path) -> None:
    """Renames an earlier run's checkpoints to `earlier-*`, so that a later resume cannot take them for its own."""
    for old in folder.glob("earlier-*"):
        shutil.rmtree(old)
    for checkpoint in folder.glob("checkpoint-*"):
        checkpoint.rename(folder / f"earlier-{checkpoint.name}")


def must_hold(folder: Path, wanted: int) -> None:
    """Raises OSError, before anything is computed, where the folder can't be written or the disk has not so many bytes left."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        trial = folder / f".writable-{os.getpid()}"
        trial.write_bytes(b"skllm")
        trial.unlink()
    except OSError as wrong:
        raise OSError(f"cannot write to {folder} ({wrong.strerror}); name a folder that you may write to, on a disk with room") from wrong
    free = shutil.disk_usage(folder).free
    if free < wanted:
        raise OSError(f"{folder} needs {wanted / 1e6:,.0f} MB for checkpoints and kept features, its disk has {free / 1e6:,.0f} MB left; make room")
