"""COCO-17 keypoints in two dimensions: JSON of detections, or arrays [T 17 3] of x, y, score in pixels (MoveNet and others)."""

import re

import numpy as np

from skllm.formats.arrays import array_of, first_array
from skllm.formats.files import MOST_PEOPLE, File
from skllm.formats.planes import follow, scored, to_plane
from skllm.formats.topologies import COCO17
from skllm.skeleton import Skeleton

_JOINTS = 17


def claims_coco(file: File) -> bool:
    """Whether the JSON is a list of detections with keypoints, or an object with `annotations`; or the arrays are pixels and scores."""
    if file.suffix != ".json":
        return _are_pixels(first_array(file))
    rows = file.json.get("annotations") if isinstance(file.json, dict) else file.json
    return isinstance(rows, list) and len(rows) > 0 and isinstance(rows[0], dict) and "keypoints" in rows[0]


def _are_pixels(found: np.ndarray) -> bool:
    """[T 17 3] whose last column are scores in 0..1 and whose others reach beyond what metres would."""
    if found.shape[1:] != (_JOINTS, 3) or found.dtype.kind not in "fiu" or not np.isfinite(found).any():
        return False
    scores = found[..., 2][np.isfinite(found[..., 2])]
    return bool(((scores >= 0) & (scores <= 1)).all() and np.nanmax(found[..., :2]) > 20)


def read_coco(file: File, size=None, fps: float | int = 30.0, clip: str | None = None) -> Skeleton:
    """A clip on the plane of two-dimensional formats; a keypoint of score (or visibility) 0 is absent.

    JSON: frames are the file's `images` where it lists them, else the pictures with a detection, in the order of their
    numbers. People are followed by `track_id` where given, else by nearness from picture to picture.
    size: (width, height) in pixels, read from `images` where the file has them, or "fit". fps: COCO does not say it.
    """
    fps = file.positive(fps, "fps", "30")
    if file.suffix != ".json":
        return _read_arrays(file, size, fps, clip)
    if not claims_coco(file):
        raise file.bad("the top", "no list of detections with 'keypoints'", "export COCO keypoint results, or use Skeleton.from_array")
    rows = file.json["annotations"] if isinstance(file.json, dict) else file.json
    size = _size_in(file) if size is None else size
    points = _tracked(file, rows, size)
    seen = scored(points[..., 2])
    return file.to_skeleton(to_plane(file, points[..., :2], size, seen), COCO17, fps, seen=seen)


def _read_arrays(file: File, size, fps: float | int, clip: str | None) -> Skeleton:
    found, name = array_of(file, clip)
    if found.shape[1:] != (_JOINTS, 3):
        raise file.bad("the array", f"shape {found.shape}, COCO has (T, 17, 3) of x, y, score", "is this the right file?")
    points = found.astype(np.float64)
    seen = np.where(np.isfinite(points).all(-1), scored(points[..., 2]), 0)
    return file.to_skeleton(to_plane(file, points[..., :2], size, seen), COCO17, fps, seen=seen, name=name)


def _tracked(file: File, rows: list, size) -> np.ndarray:
    """[T P 17 3] of pixels and scores, NaN where a person has no detection."""
    frames = _frames(file, rows)
    bodies = [(frames[row["image_id"]], row.get("track_id"), _keypoints(file, row, n)) for n, row in enumerate(rows)]
    if all(track is None for _, track, _ in bodies):
        return follow(file, _grouped(bodies, len(frames)), size)
    tracks: dict = {}
    for n, (_, track, _) in enumerate(bodies):
        if not isinstance(track, (int, str)):
            raise file.bad(f"detection {n}", f"track_id {track!r} is no number or name", "track the people again")
        tracks.setdefault(track, len(tracks))
    if len(tracks) > MOST_PEOPLE:
        raise file.bad("the track_ids", f"more than {MOST_PEOPLE} people", "keep the tracks you need")
    points = np.full((len(frames), len(tracks), _JOINTS, 3), np.nan)
    for n, (t, track, body) in enumerate(bodies):
        if np.isfinite(points[t, tracks[track]]).any():
            raise file.bad(f"detection {n}", f"track {track} appears twice in one picture", "track the people again")
        points[t, tracks[track]] = body
    return points


def _grouped(bodies: list, frames: int) -> list[list[np.ndarray]]:
    by_frame: list[list[np.ndarray]] = [[] for _ in range(frames)]
    for t, _, body in bodies:
        by_frame[t].append(body)
    return by_frame


def _keypoints(file: File, row: dict, n: int) -> np.ndarray:
    try:
        points = np.array(row["keypoints"], dtype=np.float64).reshape(-1, 3)
    except (KeyError, TypeError, ValueError, OverflowError):
        points = np.zeros((0, 3))
    if points.shape != (_JOINTS, 3) or not np.isfinite(points).all():
        raise file.bad(f"detection {n}", f"keypoints are {_JOINTS} times x, y, score, all finite numbers", "is this COCO-17?")
    return np.where(points[:, 2:] > 0, points, np.nan)


def _size_in(file: File) -> tuple[float | int, float | int]:
    images = file.json.get("images") if isinstance(file.json, dict) else None
    try:
        sizes = {(float(image["width"]), float(image["height"])) for image in images}
        if len(sizes) > 1:
            raise file.bad("key 'images'", f"pictures of {len(sizes)} sizes", "a clip has one; keep the pictures of one recording")
        return sizes.pop()
    except (TypeError, KeyError, ValueError, OverflowError) as wrong:
        if file.name in str(wrong):
            raise
        raise file.bad("key 'images'", "the file does not say its pictures' size", "call load(path, size=(width, height))") from None


def _frames(file: File, rows: list) -> dict:
    """Frame number of each picture."""
    for n, row in enumerate(rows):
        if not isinstance(row, dict) or not isinstance(row.get("image_id"), (int, str)):
            raise file.bad(f"detection {n}", "no 'image_id'", "export COCO keypoint results")
    images = {row["image_id"] for row in rows}
    listed = file.json.get("images") if isinstance(file.json, dict) else None
    if isinstance(listed, list) and len(listed) > 1:
        images |= {image["id"] for image in listed if isinstance(image, dict) and isinstance(image.get("id"), (int, str))}
    return {image: t for t, image in enumerate(sorted(images, key=_natural))}


def _natural(image: int | str) -> list:
    """Sorts 2.jpg before 10.jpg."""
    return [(0, len(word), word) if word.isdigit() else (1, 0, word) for word in re.split(r"(\d+)", str(image)) if word]
