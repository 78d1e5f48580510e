"""Many clips in one small file: millimetres, differences over time, no pickle."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

_MILLIMETRE = 1e-3


@dataclass(frozen=True)
class PackedClip:
    """One stored clip. xyz: metres [T J 3], float32; seen: [T J], False where a joint is absent."""

    key: str
    xyz: np.ndarray
    seen: np.ndarray


def write_packed(path: str | Path, clips: list[PackedClip]) -> None:
    """Writes clips of one topology to a compressed npz; coordinates are rounded to a millimetre."""
    steps = []
    for one in clips:
        held = _hold(one.xyz, one.seen)
        whole = np.round(held / _MILLIMETRE)
        if np.abs(whole).max() > 2**14:
            raise ValueError(f"{one.key}: {np.abs(held).max():.1f} m is too far for a packed file (16 m)")
        steps.append(np.diff(whole, axis=0, prepend=0).astype(np.int16))
    np.savez_compressed(
        path, steps=np.concatenate(steps), absent=np.packbits(np.concatenate([~one.seen for one in clips])),
        lengths=np.array([len(one.xyz) for one in clips], np.int32), keys=np.array([one.key for one in clips]),
    )


def read_packed(path: str | Path) -> list[PackedClip]:
    """The clips of a packed file, in its order."""
    with np.load(path, allow_pickle=False) as stored:
        steps, keys, ends = stored["steps"], stored["keys"], np.cumsum(stored["lengths"])[:-1]
        absent = np.unpackbits(stored["absent"], count=steps.shape[0] * steps.shape[1]).astype(bool)
    seen = np.split(~absent.reshape(steps.shape[:2]), ends)
    return [
        PackedClip(str(key), np.cumsum(part, axis=0, dtype=np.int32).astype(np.float32) * np.float32(_MILLIMETRE), sight)
        for key, part, sight in zip(keys, np.split(steps, ends), seen, strict=True)
    ]


def _hold(xyz: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Absent joints stay where they were last, which costs no bytes; the mask says that they are not there."""
    held = np.where(seen[..., None], xyz, 0.0)
    for t in range(1, len(held)):
        held[t] = np.where(seen[t][:, None], held[t], held[t - 1])
    return held
