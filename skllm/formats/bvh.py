"""BVH of any skeleton, read by pybvh; forward kinematics give joint positions, end sites included."""

import shutil
import tempfile
import warnings
from math import log
from pathlib import Path

import numpy as np
import pybvh

from skllm.formats.axes import Y_UP_FACING_Z
from skllm.formats.files import File
from skllm.skeleton import Skeleton, Topology

# BVH does not say its unit. Metres, centimetres, inches, and CMU's (an inch / 0.45).
_UNITS = (1.0, 0.01, 0.0254, 0.0254 / 0.45)
_USUAL_HEIGHT = 1.6        # metres from the lowest to the highest joint of a grown-up who stands


def read_bvh(file: File, metres_per_unit=None) -> Skeleton:
    """One BVH clip at its own rate.

    metres_per_unit: the file's unit; where it is not given, the one of metres, centimetres, inches and CMU's unit in which
    the rest pose is nearest to a person's height. The world is turned to y up and seen from +z, where people mostly face.
    """
    _ = file.text
    given = None if metres_per_unit is None else file.positive(metres_per_unit, "metres_per_unit", "0.01")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")          # the two guesses of the up axis may differ; the first frame decides
            motion = _parsed(file.path)
            motion = motion if motion.world_up == "+y" else motion.reorient_world_up("+y")
            xyz, rest = motion.node_positions(), np.asarray(motion.rest_pose_positions())
    except Exception as broken:                      # pybvh raises whatever its parsing met
        why = f"not a whole BVH ({type(broken).__name__}: {str(broken).partition(';')[0][:120]})"
        raise file.bad("its grammar", why, "the file may be cut short; copy it again") from None
    if len(xyz) == 0 or not np.isfinite(xyz).all():
        raise file.bad("MOTION", "no frames, or values that are not numbers", "export it again")
    unit = given or _guess_unit(rest)
    return file.to_skeleton(xyz * unit @ Y_UP_FACING_Z, _topology(file, motion), _rate(file, motion.frame_time))


def _rate(file: File, seconds: float) -> float:
    if not 0 < seconds < 60:
        raise file.bad("Frame Time", f"{seconds} seconds", "export it again")
    return round(1 / seconds, 3)


def _parsed(path: Path) -> pybvh.Bvh:
    if path.suffix == ".bvh":
        return pybvh.read_bvh_file(path)
    with tempfile.TemporaryDirectory() as folder:       # pybvh takes no other spelling of the suffix
        return pybvh.read_bvh_file(shutil.copy(path, Path(folder) / f"{path.stem}.bvh"))


def _guess_unit(rest: np.ndarray) -> float:
    tall = float(np.ptp(rest, axis=0).max())
    return min(_UNITS, key=lambda unit: abs(log(max(tall, 1e-9) * unit / _USUAL_HEIGHT)))


def _topology(file: File, motion: pybvh.Bvh) -> Topology:
    names = [f"{node.name.removeprefix('EndSite')}_End" if node.name.startswith("EndSite") else node.name for node in motion.nodes]
    try:
        return Topology.from_bones(f"bvh:{file.stem}", names, motion.node_edges)
    except ValueError as wrong:
        raise file.bad("HIERARCHY", str(wrong), "export it with joint names that differ") from None
