"""C3D files of optical motion capture, read by the package `c3d` (pip install "skllm[c3d]"): labelled markers on a body."""

import io
import warnings

import numpy as np

from skllm.formats.axes import Y_UP_FACING_Z, Z_UP_FACING_X
from skllm.formats.files import File
from skllm.formats.topologies import marker_topology
from skllm.skeleton import Skeleton

_UNITS = {"mm": 1e-3, "cm": 1e-2, "m": 1.0}
_AXES = {"z": Z_UP_FACING_X, "y": Y_UP_FACING_Z}


def read_c3d(file: File, up: str = "z") -> Skeleton:
    """The markers of one recording in metres; a marker with a negative residual is absent in that frame.

    up: "z" (people face +x, as in Plug-in-Gait) or "y" (people face +z). Markers with Plug-in-Gait's names get its bones.
    """
    try:
        import c3d
    except ImportError:
        raise file.bad("its suffix", "C3D needs the package c3d", 'pip install "skllm[c3d]"') from None
    if not isinstance(up, str) or up not in _AXES:
        raise file.bad("up", f"{up!r} is no axis", 'call load(path, up="z") or up="y"')
    _ = file.bytes
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            reader = c3d.Reader(io.BytesIO(file.bytes))
            labels = [str(label).strip().split(":")[-1] for label in reader.point_labels]
            unit = str(reader.get("POINT:UNITS").string_value).strip().lower() if reader.get("POINT:UNITS") else "mm"
            points = np.stack([frame[:, :4] for _, frame, _ in reader.read_frames(copy=True)])
            fps = float(reader.point_rate)
    except Exception as broken:                        # the package raises whatever its parsing met
        raise file.bad("its grammar", f"not a whole C3D ({type(broken).__name__}: {str(broken)[:80]})", "export it again") from None
    if unit not in _UNITS or points.shape[1] < len(labels) or not labels:
        raise file.bad("its points", f"{len(labels)} labels, {points.shape[1]} points, unit {unit!r}", "export labelled points in mm")
    points = points[:, : len(labels)].astype(np.float64)
    there = (points[..., 3] >= 0) & np.isfinite(points).all(-1)
    xyz = np.where(there[..., None], points[..., :3], 0) * _UNITS[unit]
    unique = [label if labels.count(label) == 1 else f"{label}#{n}" for n, label in enumerate(labels)]
    return file.to_skeleton(xyz @ _AXES[up], marker_topology("c3d", unique), fps, seen=there.astype(float))
