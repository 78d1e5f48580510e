"""What a folder of recordings holds: formats, joints, rates, and whether the bodies have the size of bodies.

`python -m skllm.study.bodies FOLDER` prints the table.
"""

import argparse
import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import torch
from tqdm import tqdm

from skllm.formats import File, format_of, load
from skllm.formats.openpose import claims_openpose
from skllm.skeleton import Skeleton

_TOPS, _ENDS = ("head", "neck", "shoulder"), ("foot", "ankle")
_FEWEST = 3              # frames in which a bone must be seen to be measured
# Pictures whose size no file tells are filled with what is seen; MediaPipe's are taken to be 16:9.
_UNTOLD = {"COCO-17 keypoints": {"size": "fit"}, "OpenPose BODY_25": {"size": "fit"}, "MediaPipe Pose": {"size": (16, 9)}}


@dataclass(frozen=True)
class Finding:
    """One clip, or why it could not be read.

    tall: metres from head to foot along the bones (from neck or shoulder where there is no head), NaN where there is no way
    rigid: how much a bone's length varies
    over time, the median over bones of its quartile range over its median, 0 for a rigid body.
    """

    file: str
    format: str
    clip: str = ""
    topology: str = ""
    joints: int = 0
    people: int = 0
    frames: int = 0
    fps: float = 0.0
    tall: float = float("nan")
    rigid: float = float("nan")
    refused: str = ""


def height(clip: Skeleton) -> float:
    """Metres from head to foot along the bones of the person seen most, at the bones' median lengths; NaN where there is no way.

    A body without a head is measured from its neck, without that from its shoulders.
    """
    lengths = _bone_lengths(clip)
    median = torch.nanmedian(lengths, 0).values
    neighbours: dict[int, list[tuple[int, float]]] = {}
    for (a, b), length in zip(clip.topology.bones, median.tolist(), strict=True):
        if length == length:
            neighbours.setdefault(a, []).append((b, length))
            neighbours.setdefault(b, []).append((a, length))
    tops = ([j for j, part in enumerate(clip.topology.parts) if part == top and j in neighbours] for top in _TOPS)
    heads = next((found for found in tops if found), [])
    feet = [j for j, part in enumerate(clip.topology.parts) if part in _ENDS and j in neighbours]
    ways = [far[foot] for head in heads for far in [_ways(neighbours, head)] for foot in feet if foot in far]
    return max(ways, default=float("nan"))


def _ways(neighbours: dict[int, list[tuple[int, float]]], start: int) -> dict[int, float]:
    """Shortest way along bones from a joint to every other (Dijkstra)."""
    far, queue = {}, [(0.0, start)]
    while queue:
        way, j = heapq.heappop(queue)
        if j not in far:
            far[j] = way
            for other, length in neighbours.get(j, ()):
                heapq.heappush(queue, (way + length, other))
    return far


def _bone_lengths(clip: Skeleton) -> torch.Tensor:
    """[T bones] of the person seen most, NaN where unseen."""
    person = int((clip.seen > 0).sum((0, 2)).argmax())
    a, b = (list(ends) for ends in zip(*clip.topology.bones, strict=True)) if clip.topology.bones else ([], [])
    lengths = (clip.xyz[:, person, a] - clip.xyz[:, person, b]).norm(dim=-1)
    return lengths.where(lengths.isfinite().sum(0) >= min(_FEWEST, clip.frames), torch.nan)


def rigidity(clip: Skeleton) -> float:
    """The median over bones of quartile range over median length: 0 for rigid bones, NaN where none can be measured."""
    low, middle, high = (torch.nanquantile(_bone_lengths(clip), q, 0) for q in (0.25, 0.5, 0.75))
    spread = ((high - low) / middle)[middle > 1e-6]
    return float(spread.nanmedian()) if len(spread) else float("nan")


def examine(path: Path, root: Path | None = None) -> Iterator[Finding]:
    """What each clip of a file is; a single finding with the reason for a file that is refused."""
    name = str(path.relative_to(root) if root else path.name)
    try:
        file = File(path)
        found = format_of(file)
        clips = list(found.clips(file)) if found.clips else [""]
    except ValueError as refused:
        yield Finding(name, "", refused=str(refused))
        return
    for clip in clips:
        try:
            read = _read(file, found.name, clip)
        except ValueError as refused:
            yield Finding(name, found.name, clip, refused=str(refused))
            continue
        body = (read.topology.name, len(read.topology.joint_names))
        yield Finding(name, found.name, clip, *body, read.people, read.frames, read.fps, height(read), rigidity(read))


def _read(file: File, format: str, clip: str) -> Skeleton:
    sized = _UNTOLD.get(format, {}) if file.suffix != ".json" or format == "OpenPose BODY_25" else {}
    return load(file, format, **({"clip": clip} if clip else {}), **sized)


def clip_of(one: Finding, root: str | Path) -> Skeleton:
    """The clip that a finding in the folder speaks of."""
    return _read(File(Path(root).expanduser() / one.file), one.format, one.clip)


def _is_one_clip(folder: Path) -> bool:
    """Whether OpenPose wrote the folder, one JSON a frame."""
    try:
        return claims_openpose(File(folder))
    except ValueError:
        return False


def survey(folder: str | Path) -> list[Finding]:
    """Every clip in a folder and its folders; a folder of one JSON a frame is one clip."""
    root = Path(folder).expanduser()
    every = [path for path in sorted(root.rglob("*")) if path.is_file()]
    frames = {folder for folder in {path.parent for path in every if path.suffix == ".json"} if _is_one_clip(folder)}
    paths = sorted({path for path in every if path.parent not in frames} | frames)
    return [finding for path in tqdm(paths, desc="reading", disable=len(paths) < 20) for finding in examine(path, root)]


def examples(findings: list[Finding]) -> list[Finding]:
    """One clip of each format and body, the middle one of each, so that nobody picked it."""
    kinds: dict[tuple[str, str], list[Finding]] = {}
    for one in findings:
        if one.format and not one.refused:
            kinds.setdefault((one.format, one.topology), []).append(one)
    return [found[len(found) // 2] for found in kinds.values()]


def table(findings: list[Finding]) -> pd.DataFrame:
    """One row a format: clips, joints, rates, median height with range, rigidity, and how many clips were refused."""
    rows = pd.DataFrame([vars(one) for one in findings])
    read = rows[(rows.format != "") & (rows.refused == "")]

    def spread(values: pd.Series, digits: int = 2) -> str:
        known = values.dropna()
        low, middle, high = (known.min(), known.median(), known.max()) if len(known) else (float("nan"),) * 3
        return f"{middle:.{digits}f} ({low:.{digits}f}-{high:.{digits}f})"

    grouped = read.groupby("format")
    out = pd.DataFrame({
        "clips": grouped.size(), "joints": grouped.joints.agg(lambda found: "/".join(map(str, sorted(set(found))))),
        "fps": grouped.fps.agg(lambda found: "/".join(f"{value:g}" for value in sorted(set(found)))[:24]),
        "metres tall": grouped.tall.agg(spread), "bones vary": grouped.rigid.agg(lambda found: spread(100 * found, 1) + " %"),
    })
    out["refused"] = rows[rows.refused != ""].groupby("format").size().reindex(out.index, fill_value=0)
    return out


def main() -> None:
    """Prints what a folder holds, and what was refused with the reason."""
    asked = argparse.ArgumentParser(description=main.__doc__)
    asked.add_argument("folder")
    findings = survey(asked.parse_args().folder)
    print(table(findings).to_markdown())
    for one in findings:
        if one.refused:
            print(f"refused: {one.file}: {one.refused}")


if __name__ == "__main__":
    main()
