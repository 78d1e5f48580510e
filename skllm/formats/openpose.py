"""OpenPose BODY_25: a folder with one JSON a frame, or one such JSON; hands and faces are left out."""

import re

import numpy as np

from skllm.formats.files import File
from skllm.formats.planes import checked_size, follow, scored, to_plane
from skllm.formats.topologies import BODY25
from skllm.skeleton import Skeleton

_JOINTS = 25
_MOST_FRAMES = 100_000


def claims_openpose(file: File) -> bool:
    """Whether it is a folder of JSON files, the first of which has people, or one such file."""
    if file.suffix == "/":
        first = min(file.path.glob("*.json"), default=None)
        return first is not None and claims_openpose(File(first))
    return isinstance(file.json, dict) and isinstance(file.json.get("people"), list)


def read_openpose(file: File, size=None, fps: float | int = 30.0) -> Skeleton:
    """A clip on the plane of two-dimensional formats; frames in the order of the numbers in their files' names.

    People are followed by nearness, since OpenPose does not number them. A point at (0, 0) or of confidence 0 is absent.
    size: (width, height) in pixels, or "fit"; fps: OpenPose says neither.
    """
    fps = file.positive(fps, "fps", "30")
    frames = [_bodies(one) for one in _files(file)]
    if not any(frames):
        raise file.bad("all frames", "nobody is in them", "leave this clip out")
    reach = max(checked_size(file, size)) if size != "fit" else max(float(np.nanmax(body[:, :2])) for bodies in frames for body in bodies)
    points = follow(frames, reach)
    seen = scored(points[..., 2])
    return file.to_skeleton(to_plane(file, points[..., :2], size, seen), BODY25, fps, seen=seen)


def _files(file: File) -> list[File]:
    if file.suffix != "/":
        return [file]
    found = sorted(file.path.glob("*.json"), key=lambda path: [int(n) for n in re.findall(r"\d+", path.stem)] or [0])
    if not 0 < len(found) <= _MOST_FRAMES:
        raise file.bad("the folder", f"{len(found)} JSON files", "OpenPose writes one a frame")
    return [File(path) for path in found]


def _bodies(frame: File) -> list[np.ndarray]:
    """Each body [25 3] of a frame, with NaN for a point that was not found."""
    content = frame.json
    people = content.get("people") if isinstance(content, dict) else None
    if not isinstance(people, list):
        raise frame.bad("key 'people'", "no list of people", "is this OpenPose's JSON?")
    bodies = []
    for n, person in enumerate(people):
        try:
            body = np.array(person["pose_keypoints_2d"], dtype=np.float64).reshape(-1, 3)
        except (KeyError, TypeError, ValueError, OverflowError):
            body = np.zeros((0, 3))
        if body.shape != (_JOINTS, 3) or not np.isfinite(body).all():
            raise frame.bad(f"person {n}", "pose_keypoints_2d is 25 times x, y, confidence", "BODY_25 is read; COCO and MPI models are not")
        gone = (body[:, 2] <= 0) | (body[:, :2] == 0).all(-1)
        if not gone.all():
            bodies.append(np.where(gone[:, None], np.nan, body))
    return bodies
