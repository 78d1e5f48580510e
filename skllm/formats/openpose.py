"""OpenPose BODY_25: a folder with one JSON a frame, or one such JSON; hands and faces are left out."""

import re

import numpy as np

from skllm.formats.files import File
from skllm.formats.planes import follow, scored, to_plane
from skllm.formats.topologies import BODY25
from skllm.skeleton import Skeleton

_JOINTS = 25
_MOST_FRAMES = 100_000
_GAPS = 10               # frames a file, at most


def claims_openpose(file: File) -> bool:
    """Whether it is a folder of JSON files, the first of which has people, or one such file."""
    if file.suffix == "/":
        first = min(file.path.glob("*.json"), default=None)
        return first is not None and claims_openpose(File(first))
    return isinstance(file.json, dict) and isinstance(file.json.get("people"), list)


def read_openpose(file: File, size=None, fps: float | int = 30.0) -> Skeleton:
    """A clip on the plane of two-dimensional formats; a file's name ends in its frame's number, and missing numbers are empty frames.

    People are followed by nearness, since OpenPose does not number them. A point at (0, 0) or of confidence 0 is absent.
    size: (width, height) in pixels, or "fit"; fps: OpenPose says neither.
    """
    fps = file.positive(fps, "fps", "30")
    frames = [_bodies(one) if one else [] for one in _files(file)]
    if not any(frames):
        raise file.bad("all frames", "nobody is in them", "leave this clip out")
    points = follow(file, frames, size)
    seen = scored(points[..., 2])
    return file.to_skeleton(to_plane(file, points[..., :2], size, seen), BODY25, fps, seen=seen)


def _files(file: File) -> list[File | None]:
    """The frame's files by number, None where one is missing."""
    if file.suffix != "/":
        return [file]
    found: dict[int, File] = {}
    names = set()
    for n, path in enumerate(sorted(file.path.glob("*.json"))):
        numbers = re.findall(r"\d+", path.stem)
        at = int(numbers[-1]) if numbers else n
        names.add(re.sub(r"\d+(?=\D*$)", "", path.stem))
        if at in found or len(names) > 1:
            raise file.bad("its files", f"{path.name} and {(found.get(at) or File(path)).name if at in found else 'others'} are of two recordings",
                           "give each its own folder")
        found[at] = File(path)
    if not found:
        raise file.bad("the folder", "no JSON files in it", "a folder is read as OpenPose's, one JSON a frame; else name a file in it")
    frames = max(found) - min(found) + 1
    if frames > min(_MOST_FRAMES, _GAPS * len(found)):
        raise file.bad("its files", f"{len(found)} of {frames} frames", "the numbers in the names should count frames; name them anew")
    return [found.get(min(found) + t) for t in range(frames)]


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
