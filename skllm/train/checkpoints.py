"""Checkpoints on disk: which were written to their end, whether another would fit, and what an earlier run left."""

import json
import os
import shutil
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:          # no such locks on this system
    fcntl = None

_WHOLE = "whole.json"       # written last: the size of every other file
_RUN = "run.json"           # beside the checkpoints: whose they are


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
    except (OSError, ValueError, AttributeError):
        return False


def set_aside(folder: Path) -> None:
    """Renames an earlier run's checkpoints to `earlier-*`, in the place of those of a run before it, and forgets whose they were."""
    (folder / _RUN).unlink(missing_ok=True)
    found = [path for path in folder.glob("checkpoint-*") if path.is_dir()]
    for old in folder.glob("earlier-checkpoint-*") if found else ():
        shutil.rmtree(old)
    for checkpoint in found:
        checkpoint.rename(folder / f"earlier-{checkpoint.name}")


def lock(folder: Path) -> IO:
    """Keeps other runs off the folder for as long as the file stays open and the process lives. Raises OSError where one is on it."""
    held = open(folder / ".lock", "w")
    try:
        if fcntl:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        held.close()
        raise OSError(f"another run is training in {folder}; wait for it, or name another folder") from None
    except OSError:
        pass                 # a disk that knows no locks
    return held


def claim(folder: Path, identity: dict) -> None:
    """Writes whose checkpoints these will be."""
    new = folder / (_RUN + ".new")
    new.write_text(json.dumps(identity, indent=1))
    os.replace(new, folder / _RUN)


def must_be_same(folder: Path, identity: dict) -> None:
    """Raises ValueError where the folder's checkpoints are another run's; a folder that says nothing is free."""
    try:
        told = json.loads((folder / _RUN).read_text())
    except FileNotFoundError:
        return
    except ValueError:
        told = {}
    other = [f"{name} ({told.get(name)!r}, now {value!r})" for name, value in identity.items() if told.get(name) != value]
    if other:
        raise ValueError(f"{folder} holds a run with another {' and another '.join(other)}; resume with the same, or start anew without resume")


def is_same(folder: Path, identity: dict) -> bool:
    """Whether what the folder holds is this run's; not where it says nothing."""
    try:
        must_be_same(folder, identity)
    except ValueError:
        return False
    return (folder / _RUN).is_file()


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
        raise OSError(f"{folder} needs {wanted / 1e6:,.1f} MB for checkpoints, its disk has {free / 1e6:,.1f} MB left; make room")
