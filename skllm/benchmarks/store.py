"""A prepared benchmark: clips of any topologies in memory-mapped shards, small, checksummed, written so that a kill loses nothing.

A shard is `<n>.xyz.npy` (16-bit steps about each clip's middle: under 0.1 mm for a clip that spans 5 m), `<n>.seen.npy`
(confidence in 254ths) and `<n>.json`, which is written last and holds their SHA-256. `store.json` lists the shards' own
SHA-256 and is written when all are there. Orientations are not kept.
"""

import hashlib
import io
import json
import os
import platform
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
import torch

from skllm.benchmarks.records import LabelledClip
from skllm.skeleton import Skeleton, Topology

_VERSION = 1
_STEPS, _SURE = 32766, 254
_OPEN = 128              # shards whose two files are kept mapped
_FIELDS = ("key", "label", "subject", "correct", "camera", "setup", "part", "captions")


def is_store(folder: Path) -> bool:
    """Whether the folder is a finished store."""
    return (folder / "store.json").is_file()


def read_store(folder: str | Path, benchmark: str | None = None) -> tuple[LabelledClip, ...]:
    """The labelled clips of a store, each read from its memory map when asked for.

    Raises ValueError where a part is missing or is not what was written, or the store is another benchmark's.
    """
    folder = Path(folder).expanduser().resolve()
    shards = _checked(folder, benchmark)["shards"]
    if shards is None:
        raise ValueError(f"store {folder.name} is not finished; run `skllm prepare` again, which goes on where it stopped")
    return tuple(
        LabelledClip(**_labelled(one), source=Stored(str(folder), name, digest, n))
        for name, digest in shards.items() for n, one in enumerate(_whole(str(folder), name, digest).records)
    )


def _checked(folder: Path, benchmark: str | None) -> dict:
    """What `store.json` says, if it is this version's and this benchmark's."""
    about = _json(folder, "store.json")
    if not isinstance(about, dict) or not {"version", "benchmark", "shards"} <= set(about):
        raise damaged(folder, "store.json")
    if about["version"] != _VERSION:
        raise ValueError(f"store {folder.name} has version {about['version']}, this skllm reads {_VERSION}; prepare it again")
    if benchmark is not None and about["benchmark"] != benchmark:
        raise ValueError(f"store {folder.name} holds {about['benchmark']}, not {benchmark}; name another folder")
    return about


def make_room(folder: Path, benchmark: str) -> None:
    """Makes the folder. Raises ValueError where it holds another's files, OSError where it cannot be made."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        held = [path.name for path in folder.iterdir() if not path.name.startswith(".")]
    except OSError as wrong:
        raise OSError(f"cannot make the folder {folder}: {wrong.strerror}; name another one") from wrong
    if held and "store.json" not in held:
        raise ValueError(f"the folder {folder} holds {held[0]} and is no store; name an empty or a new one")
    if held and _digestible(folder):
        _checked(folder, benchmark)


def begin(folder: Path, benchmark: str) -> None:
    """Says in `store.json` that the store is in the making."""
    write_whole(folder / "store.json", json.dumps({"version": _VERSION, "benchmark": benchmark, "shards": None}).encode())


def _digestible(folder: Path) -> bool:
    """Whether `store.json` can be read at all; what cannot is written anew."""
    try:
        return isinstance(json.loads((folder / "store.json").read_bytes()), dict)
    except (OSError, ValueError):
        return False


def _labelled(record: dict) -> dict:
    return {**{field: record[field] for field in _FIELDS}, "captions": tuple(record["captions"])}


@dataclass(frozen=True)
class Stored:
    """A clip in a store: its folder, shard, the SHA-256 of what the shard's JSON said then, and its number there."""

    folder: str
    shard: str
    digest: str
    number: int

    def read(self) -> Skeleton:
        """The clip in metres, float32. Raises ValueError where the store was changed or damaged since it was opened."""
        about = _whole(self.folder, self.shard, self.digest)
        return about.clip(self.number, *_maps(self.folder, self.shard, about.sha256))


@dataclass(frozen=True)
class Shard:
    """What a shard's JSON says: its clips' records, their topologies, and the SHA-256 of its arrays."""

    records: list[dict]
    topologies: list[Topology]
    sha256: tuple[tuple[str, str], ...]

    def clip(self, n: int, xyz_steps: np.ndarray, sure_steps: np.ndarray) -> Skeleton:
        """One clip from the shard's maps: steps [joints 3] int16 and confidences [joints] uint8."""
        record = self.records[n]
        T, P, J = record["shape"]
        held = slice(record["start"], record["start"] + T * P * J)
        sure = sure_steps[held].reshape(T, P, J)
        xyz = xyz_steps[held].reshape(T, P, J, 3) * np.float32(record["step"]) + np.array(record["middle"], np.float32)
        xyz[sure == 0] = np.nan
        return Skeleton(torch.from_numpy(xyz), torch.from_numpy(sure.astype(np.float32) / np.float32(_SURE)), record["fps"],
                        self.topologies[record["topology"]], name=record["name"])


@cache
def _whole(folder: str, name: str, digest: str) -> Shard:
    """What a shard says, after its JSON and its arrays were checked against their SHA-256, once in this process."""
    about = _json(Path(folder), f"{name}.json", digest)
    for kind, wanted in about["sha256"].items():
        path = Path(folder) / f"{name}.{kind}.npy"
        if not path.exists() or digest_of(path) != wanted:
            raise damaged(Path(folder), path.name)
    return Shard(about["clips"], [_topology(one) for one in about["topologies"]], tuple(about["sha256"].items()))


@lru_cache(maxsize=_OPEN)
def _maps(folder: str, name: str, sha256: tuple[tuple[str, str], ...]) -> list[np.ndarray]:
    """A shard's arrays, mapped; only so many are open at a time, since each takes a file descriptor."""
    return [np.asarray(np.load(Path(folder) / f"{name}.{kind}.npy", mmap_mode="r", allow_pickle=False)) for kind, _ in sha256]


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
    beside = path.with_name(f".{path.name}.{platform.node()}.{os.getpid()}")
    try:
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        _flush_folder(path.parent)
    except OSError as full:
        beside.unlink(missing_ok=True)
        raise OSError(f"cannot write {path}: {full.strerror}; free some space or name another folder, then run it again to go on") from full


def _flush_folder(folder: Path) -> None:
    """The new name is on the disk too, where the system lets a folder be flushed."""
    if os.name == "posix":
        held = os.open(folder, os.O_RDONLY)
        os.fsync(held)
        os.close(held)


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
    """Writes `store.json`, after which the folder is a store, and takes away shards that it no longer has."""
    shards = {name: digest_of(folder / f"{name}.json") for name in names}
    write_whole(folder / "store.json", json.dumps({"version": _VERSION, "benchmark": benchmark, "shards": shards}, indent=1).encode())
    for path in folder.glob("[0-9]*.*"):
        if path.name.split(".")[0] not in shards:
            path.unlink()


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
