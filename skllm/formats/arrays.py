"""Clips in NumPy files: one array in a `.npy`, or several by name in a `.npz`."""

import numpy as np

from skllm.formats.files import File
from skllm.skeleton import Skeleton, Topology


def clips_of_arrays(file: File) -> list[str]:
    """The names of the arrays in a `.npz`; of a `.npy` its own."""
    return list(file.arrays) if file.suffix == ".npz" else [file.stem]


def array_of(file: File, clip: str | None = None) -> tuple[np.ndarray, str]:
    """The numbers of one clip and its name."""
    name = file.pick(clips_of_arrays(file), clip)
    found = file.arrays[name] if file.suffix == ".npz" else file.array
    if found.dtype.kind not in "fiu" or found.ndim == 0 or len(found) == 0:
        raise file.bad(f"array {name!r}", f"shape {found.shape} of {found.dtype} holds no frames", "leave it out")
    return found, name if file.suffix != ".npz" else f"{file.stem} {name}"


def first_array(file: File) -> np.ndarray:
    """The array by which a file's format is told: a `.npy`'s own, the first of a `.npz`; empty where there is none, or the
    archive packs many clips into one array."""
    held = list(file.arrays.values()) if file.suffix == ".npz" else [file.array]
    packed = file.suffix == ".npz" and {"xyz", "lengths", "keys"} <= set(file.arrays)
    return np.zeros(0) if packed or not held else held[0]


def read_array(file: File, topology: Topology | None = None, fps: float | int | None = None, clip: str | None = None) -> Skeleton:
    """Any array [T J 3] or [T P J 3] in metres and our axes, whose topology and frame rate are given."""
    found, name = array_of(file, clip)
    if topology is None or fps is None:
        what = f"shape {found.shape} is of no known layout"
        raise file.bad("the array", what, "say what it is: load(path, format='array', topology=..., fps=...), or use Skeleton.from_array")
    return file.to_skeleton(found, topology, file.positive(fps, "fps", "30"), name=name)
