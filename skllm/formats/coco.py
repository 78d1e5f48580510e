"""COCO-17 keypoints in two dimensions: JSON of detections with pixels and scores, one or more people a frame."""

import re
from pathlib import Path

import numpy as np

from skllm.formats.files import bad, json_of
from skllm.formats.topologies import COCO17
from skllm.skeleton import Skeleton

DEPTH = 3.0              # metres: where the plane of the picture stands
_VIEW = 3.4              # metres: what the picture's longer side spans there, a view of about 60 degrees
_JOINTS = 17


def claims_coco(content) -> bool:
    """Whether parsed JSON looks like COCO keypoints: a list of detections, or an object with `annotations`."""
    rows = content.get("annotations") if isinstance(content, dict) else content
    return isinstance(rows, list) and len(rows) > 0 and isinstance(rows[0], dict) and "keypoints" in rows[0]


def read_coco(path: Path, size=None, fps: float | int = 30.0) -> Skeleton:
    """Detections by `image_id`, one picture a frame, people followed by `track_id` where given, else by order in the picture.

    Frames are the file's `images` where it lists them, else the pictures with a detection, in the order of their numbers.

    The picture becomes an upright plane 3 m before the viewer whose longer side is 3.4 m; scores become confidence, and
    a keypoint with score (or visibility) 0 is absent.
    size: (width, height) in pixels; read from `images` where the file has them. fps: COCO does not say it.
    """
    content = json_of(path)
    if not claims_coco(content):
        raise bad(path, "the top", "no list of detections with 'keypoints'", "export COCO keypoint results, or use Skeleton.from_array")
    rows = content["annotations"] if isinstance(content, dict) else content
    if not 0 < fps < float("inf"):
        raise bad(path, "fps", f"{fps} is no frame rate", "call load(path, fps=30)")
    width, height = _checked_size(_size_in(content, path) if size is None else size, path)
    frames = _frames(content, rows, path)
    points, tracks = np.full((len(frames), len(rows) if len(rows) < 64 else 64, _JOINTS, 3), np.nan), {}
    met: dict = {}
    for n, row in enumerate(rows):
        t = frames[row["image_id"]]
        met[t] = met.get(t, -1) + 1
        person = tracks.setdefault(_track(row, met[t], n, path), len(tracks))
        if person >= points.shape[1]:
            raise bad(path, f"detection {n}", f"more than {points.shape[1]} people", "keep the tracks you need")
        if np.isfinite(points[t, person]).any():
            raise bad(path, f"detection {n}", f"track {row['track_id']} appears twice in one picture", "track the people again")
        points[t, person] = _keypoints(row, n, path)
    return _to_skeleton(points[:, : len(tracks)], width, height, fps, path)


def _to_skeleton(points: np.ndarray, width: float | int, height: float | int, fps: float | int, path: Path) -> Skeleton:
    scale = _VIEW / max(width, height)
    xyz = np.stack([(points[..., 0] - width / 2) * scale, (height / 2 - points[..., 1]) * scale, np.full(points.shape[:-1], DEPTH)], -1)
    score = np.where(np.isnan(points[..., 2]), 0, points[..., 2])              # NaN: this person has no detection here
    try:
        return Skeleton.from_array(xyz, COCO17, fps, seen=(score / max(1.0, score.max())).clip(0, 1), name=path.stem)
    except ValueError as wrong:
        raise bad(path, "the keypoints", str(wrong), "check the picture's size and the scores") from None


def _keypoints(row: dict, n: int, path: Path) -> np.ndarray:
    try:
        points = np.array(row["keypoints"], dtype=np.float64).reshape(-1, 3)
    except (KeyError, TypeError, ValueError):
        points = np.zeros((0, 3))
    if points.shape != (_JOINTS, 3) or not np.isfinite(points).all():
        raise bad(path, f"detection {n}", f"keypoints are {_JOINTS} times x, y, score, all finite numbers", "is this COCO-17?")
    return points


def _checked_size(size, path: Path) -> tuple[float | int, float | int]:
    try:
        width, height = size
        if 0 < width < float("inf") and 0 < height < float("inf"):
            return width, height
    except (TypeError, ValueError):
        pass
    raise bad(path, "size", f"{size!r} is no picture size", "call load(path, size=(width, height)) in pixels")


def _size_in(content, path: Path) -> tuple[float | int, float | int]:
    images = content.get("images") if isinstance(content, dict) else None
    try:
        width, height = float(images[0]["width"]), float(images[0]["height"])
    except (TypeError, KeyError, IndexError, ValueError):
        raise bad(path, "key 'images'", "the file does not say its pictures' size", "call load(path, size=(width, height))") from None
    return width, height


def _field(row, key: str, n: int, path: Path):
    if not isinstance(row, dict) or not isinstance(row.get(key), (int, str)):
        raise bad(path, f"detection {n}", f"no {key!r}", "export COCO keypoint results")
    return row[key]


def _frames(content, rows: list, path: Path) -> dict:
    """Frame number of each picture."""
    images = {_field(row, "image_id", n, path) for n, row in enumerate(rows)}
    listed = content.get("images") if isinstance(content, dict) else None
    if isinstance(listed, list) and len(listed) > 1:
        images |= {image["id"] for image in listed if isinstance(image, dict) and isinstance(image.get("id"), (int, str))}
    return {image: t for t, image in enumerate(sorted(images, key=_natural))}


def _natural(image: int | str) -> list:
    """Sorts 2.jpg before 10.jpg."""
    return [(0, len(word), word) if word.isdigit() else (1, 0, word) for word in re.split(r"(\d+)", str(image)) if word]


def _track(row: dict, nth: int, n: int, path: Path):
    track = row.get("track_id")
    if track is None:
        return "nth", nth
    if not isinstance(track, (int, str)):
        raise bad(path, f"detection {n}", f"track_id {track!r} is no number or name", "track the people again")
    return track
