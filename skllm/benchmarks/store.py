"""A prepared benchmark: clips of any topologies in memory-mapped shards, small, checksummed, written so that a kill loses nothing.

A shard is `<n>.xyz.npy` (16-bit steps about each clip's middle: under 0.1 mm for a clip that spans 5 m), `<n>.seen.npy`
(confidence in 254ths) and `<n>.json`, which is written last and holds their SHA-256. `store.json` lists the shards' own
SHA-256 and is written when all are there. Orientations are not kept.
"""

import hashlib
import io
import json
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch

from skllm.benchmarks.records import LabelledClip
from skllm.skeleton import Skeleton, Topology

_VERSION = 1
_STEPS, _SURE = 32766, 254
_FIELDS = ("key", "label", "subject", "correct", "camera", "setup", "part", "captions")


def is_store(folder: Path) -> bool:
    """Whether the folder is a finished store."""
    return (folder / "store.json").is_file()


def read_store(folder: str | Path, benchmark: str | None = None) -> tuple[LabelledClip, ...]:
    """The labelled clips of a store, each read from its memory map when asked for.

    Raises ValueError where a part is missing or is not what was written, or the store is another benchmark's.
    """
    folder = Path(folder).expanduser().resolve()
    about = _json(folder, "store.json")
    if about.get("version") != _VERSION:
        raise ValueError(f"store {folder.name} has version {about.get('version')}, this skllm reads {_VERSION}; prepare it again")
    if benchmark is not None and about["benchmark"] != benchmark:
        raise ValueError(f"store {folder.name} holds {about['benchmark']}, not {benchmark}; pass the other folder")
    clips = []
    for name, digest in about["shards"].items():
        records = _json(folder, f"{name}.json", digest)["clips"]
        clips += [LabelledClip(**_labelled(one), source=Stored(str(folder), name, n)) for n, one in enumerate(records)]
    return tuple(clips)


def _labelled(record: dict) -> dict:
    return {**{field: record[field] for field in _FIELDS}, "captions": tuple(record["captions"])}


@dataclass(frozen=True)
class Stored:
    """A clip in a store: its folder, shard, and number there."""

    folder: str
    shard: str
    number: int

    def read(self) -> Skeleton:
        """The clip, from the memory map."""
        return _shard(self.folder, self.shard).clip(self.number)


@dataclass(frozen=True)
class Shard:
    """An opened shard: records, topologies, and the two maps. xyz: [joints 3] int16; seen: [joints] uint8."""

    records: list[dict]
    topologies: list[Topology]
    xyz: np.ndarray
    seen: np.ndarray

    def clip(self, n: int) -> Skeleton:
        """One clip in metres, float32."""
        record = self.records[n]
        T, P, J = record["shape"]
        held = slice(record["start"], record["start"] + T * P * J)
        sure = self.seen[held].reshape(T, P, J)
        xyz = self.xyz[held].reshape(T, P, J, 3) * np.float32(record["step"]) + np.array(record["middle"], np.float32)
        xyz[sure == 0] = np.nan
        return Skeleton(torch.from_numpy(xyz), torch.from_numpy(sure.astype(np.float32) / np.float32(_SURE)), record["fps"],
                        self.topologies[record["topology"]], name=record["name"])


@lru_cache(maxsize=4096)
def _shard(folder: str, name: str) -> Shard:
    """A shard whose two files were checked against their SHA-256 when first opened in this process."""
    about = _json(Path(folder), f"{name}.json")
    maps = {}
    for kind, digest in about["sha256"].items():
        path = Path(folder) / f"{name}.{kind}.npy"
        if not path.exists() or _digest(path.read_bytes()) != digest:
            raise damaged(Path(folder), path.name)
        maps[kind] = np.load(path, mmap_mode="r", allow_pickle=False)
    return Shard(about["clips"], [_topology(one) for one in about["topologies"]], np.asarray(maps["xyz"]), np.asarray(maps["seen"]))


def _topology(about: dict) -> Topology:
    return Topology(about["name"], tuple(about["joint_names"]), tuple(map(tuple, about["bones"])), tuple(about["parts"]), tuple(about["sides"]))


def damaged(folder: Path, name: str) -> ValueError:
    """The error for a part of a store that is missing or changed."""
    return ValueError(f"store {folder.name}: {name} is missing or not what was written; run `skllm prepare` again, which mends it")


def write_shard(folder: Path, name: str, fingerprint: str, clips: list[tuple[LabelledClip, Skeleton]], skipped: list[tuple[str, str]]) -> None:
    """Writes one shard whole or not at all: its arrays first, then the JSON that vouches for them."""
    topologies: list[Topology] = []
    records, places, sights, start = [], [], [], 0
    for one, clip in clips:
        if clip.topology not in topologies:
            topologies.append(clip.topology)
        record, whole, sure = _packed(one, clip)
        records.append({**record, "start": start, "topology": topologies.index(clip.topology)})
        places.append(whole.reshape(-1, 3))
        sights.append(sure.ravel())
        start += sure.size
    empty = [np.zeros((0, 3), np.int16)], [np.zeros(0, np.uint8)]
    sha256 = {kind: write_array(folder / f"{name}.{kind}.npy", np.concatenate(parts or none))
              for kind, parts, none in (("xyz", places, empty[0]), ("seen", sights, empty[1]))}
    about = {"fingerprint": fingerprint, "sha256": sha256, "clips": records, "skipped": skipped, "topologies": [vars(one) for one in topologies]}
    write_whole(folder / f"{name}.json", json.dumps({"own": _own(about), **about}).encode())


def _own(about: dict) -> str:
    """A shard's SHA-256 of what its JSON says."""
    return _digest(json.dumps({key: value for key, value in about.items() if key != "own"}).encode())


def _packed(one: LabelledClip, clip: Skeleton) -> tuple[dict, np.ndarray, np.ndarray]:
    xyz, seen = clip.xyz.numpy().astype(np.float64), clip.seen.numpy()
    there = xyz[seen > 0]
    low, high = there.min(0), there.max(0)
    middle, step = (low + high) / 2, max(float((high - low).max()) / 2, 1e-6) / _STEPS
    whole = np.where(seen[..., None] > 0, np.round((np.nan_to_num(xyz) - middle) / step), 0).astype(np.int16)
    sure = np.where(seen > 0, np.maximum(np.round(seen * _SURE), 1), 0).astype(np.uint8)
    record = {field: getattr(one, field) for field in _FIELDS}
    return {**record, "name": clip.name, "fps": clip.fps, "shape": list(seen.shape), "middle": middle.tolist(), "step": step}, whole, sure


def write_array(path: Path, array: np.ndarray) -> str:
    """Writes a `.npy` whole or not at all, and returns its SHA-256."""
    held = io.BytesIO()
    np.save(held, array, allow_pickle=False)
    write_whole(path, held.getvalue())
    return _digest(held.getvalue())


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file so that under its name there is never a part of it: beside it first, flushed to the disk, then renamed."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as full:
        beside.unlink(missing_ok=True)
        raise OSError(f"cannot write {path}: {full.strerror}; free some space or name another folder, then run it again to go on") from full


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def digest_of(path: Path) -> str:
    """A file's SHA-256."""
    return _digest(path.read_bytes())


def _json(folder: Path, name: str, digest: str | None = None) -> dict:
    try:
        content = (folder / name).read_bytes()
        if digest is None or _digest(content) == digest:
            return json.loads(content)
    except (OSError, ValueError):
        pass
    raise damaged(folder, name)


def finish(folder: Path, benchmark: str, names: list[str]) -> None:
    """Writes `store.json`, after which the folder is a store."""
    shards = {name: digest_of(folder / f"{name}.json") for name in names}
    write_whole(folder / "store.json", json.dumps({"version": _VERSION, "benchmark": benchmark, "shards": shards}, indent=1).encode())


def whole_shard(folder: Path, name: str, fingerprint: str) -> list[tuple[str, str]] | None:
    """What a finished shard skipped; None where it is missing, of other sources, or not what was written."""
    try:
        about = json.loads((folder / f"{name}.json").read_bytes())
        good = about["fingerprint"] == fingerprint and about["own"] == _own(about) and all(
            digest_of(folder / f"{name}.{kind}.npy") == digest for kind, digest in about["sha256"].items()
        )
        return [tuple(one) for one in about["skipped"]] if good else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
