"""Animated glTF rigs in binary files (.glb): the joints of the first skin, moved by one named animation."""

import json
import struct
from bisect import bisect_right

import numpy as np
from scipy.spatial.transform import Rotation, Slerp

from skllm.formats.axes import Y_UP_FACING_Z
from skllm.formats.files import File
from skllm.skeleton import Skeleton, Topology

_TYPES = {5120: "i1", 5121: "u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_WIDTHS = {"SCALAR": 1, "VEC3": 3, "VEC4": 4}
_MOST_PLACES = 4_000_000      # of nodes over frames
_REST = {"translation": np.zeros(3), "rotation": np.array([0, 0, 0, 1.0]), "scale": np.ones(3)}
_DAMAGE = (KeyError, IndexError, TypeError, ValueError, OverflowError, struct.error, AttributeError, MemoryError, RecursionError)


def clips_of_gltf(file: File) -> list[str]:
    """The animations' names."""
    content, _ = _chunks(file)
    found = content.get("animations")
    return [str(one.get("name", n)) if isinstance(one, dict) else str(n) for n, one in enumerate(found if isinstance(found, list) else [])]


def read_gltf(file: File, clip: str | None = None, fps: float | int = 30.0, metres_per_unit: float | int = 1.0) -> Skeleton:
    """One animation of the rig's joints, sampled at `fps`; glTF's unit is the metre, which not every artist keeps."""
    fps, unit = file.positive(fps, "fps", "30"), file.positive(metres_per_unit, "metres_per_unit", "0.01")
    names = clips_of_gltf(file)
    name = file.pick(names, clip)
    content, data = _chunks(file)
    try:
        joints = [int(n) for n in content["skins"][0]["joints"]]
        parents = _parents(content["nodes"])
        moved = _channels(content, data, content["animations"][names.index(name)])
        seconds = max(float(times[-1]) for times, _, _ in moved.values())
        count = int(seconds * fps + 1e-4) + 1
        if not 0 < count * len(parents) <= _MOST_PLACES or not joints:
            raise ValueError(f"{count} frames of {len(joints)} joints")
        xyz = _places(content["nodes"], parents, moved, np.arange(count) / fps)[:, joints]
        topology = _topology(file, content["nodes"], parents, joints)
    except _DAMAGE as broken:
        raise file.bad(f"animation {name!r}", f"not a whole rig ({type(broken).__name__}: {str(broken)[:80]})", "export it again") from None
    return file.to_skeleton(xyz * unit @ Y_UP_FACING_Z, topology, fps, name=f"{file.stem} {name}")


def _chunks(file: File) -> tuple[dict, bytes]:
    """The JSON and the binary part."""
    _ = file.bytes
    try:
        magic, version, _ = struct.unpack_from("<4sII", file.bytes)
        length, kind = struct.unpack_from("<I4s", file.bytes, 12)
        content = json.loads(file.bytes[20 : 20 + length])
        data = file.bytes[20 + length + 8 :]
        if magic != b"glTF" or version != 2 or kind != b"JSON" or not isinstance(content, dict):
            raise ValueError("no glTF 2")
    except _DAMAGE as broken:
        raise file.bad("its chunks", f"not a whole binary glTF ({str(broken)[:80]})", "export it again as .glb") from None
    return content, data


def _accessor(content: dict, data: bytes, n: int) -> np.ndarray:
    """[count, width] numbers, as float64."""
    accessor = content["accessors"][n]
    view, kind, width = content["bufferViews"][accessor["bufferView"]], np.dtype(_TYPES[accessor["componentType"]]), _WIDTHS[accessor["type"]]
    start, stride = view.get("byteOffset", 0) + accessor.get("byteOffset", 0), view.get("byteStride", kind.itemsize * width)
    if min(start, stride, accessor["count"]) < 0 or start + stride * accessor["count"] > len(data) + stride:
        raise ValueError("an accessor beyond the file")
    held = np.ndarray((accessor["count"], width), kind, data, start, (stride, kind.itemsize)).astype(np.float64)
    if accessor.get("normalized"):
        held = np.maximum(held / np.iinfo(kind).max, -1)
    if not len(held) or not np.isfinite(held).all():
        raise ValueError("values that are not finite")
    return held


def _channels(content: dict, data: bytes, animation: dict) -> dict[tuple[int, str], tuple[np.ndarray, np.ndarray, str]]:
    """Key times, values and interpolation for each node's moving property."""
    found = {}
    for channel in animation["channels"]:
        sampler, target = animation["samplers"][channel["sampler"]], channel["target"]
        if target["path"] not in _REST:                              # weights of morph targets move no joint
            continue
        times, values = _accessor(content, data, sampler["input"])[:, 0], _accessor(content, data, sampler["output"])
        how = sampler.get("interpolation", "LINEAR")
        if how == "CUBICSPLINE":                                     # keys are kept, their tangents are not
            values, how = values[1::3], "LINEAR"
        if len(times) != len(values) or (np.diff(times) <= 0).any() or values.shape[1] != len(_REST[target["path"]]):
            raise ValueError(f"channel of node {target['node']}")
        found[int(target["node"]), target["path"]] = times, values, how
    return found


def _parents(nodes: list[dict]) -> list[int]:
    parents = [-1] * len(nodes)
    for n, node in enumerate(nodes):
        for child in node.get("children", ()):
            if parents[child] != -1 or child == n:
                raise ValueError(f"node {child} has two parents")
            parents[child] = n
    return parents


def _places(nodes: list[dict], parents: list[int], moved: dict, at: np.ndarray) -> np.ndarray:
    """[T nodes 3]: where each node is."""
    world: dict[int, np.ndarray] = {}
    for n in _down(parents):
        own = _local(nodes[n], n, moved, at)
        world[n] = own if parents[n] < 0 else world[parents[n]] @ own
    return np.stack([world[n][:, :3, 3] for n in range(len(nodes))], 1)


def _down(parents: list[int]) -> list[int]:
    """Node numbers, parents before children; raises ValueError where there is a ring."""
    children: dict[int, list[int]] = {}
    for n, parent in enumerate(parents):
        children.setdefault(parent, []).append(n)
    order = list(children.get(-1, ()))
    for n in order:
        order.extend(children.get(n, ()))
    if len(order) != len(parents):
        raise ValueError("nodes in a ring")
    return order


def _local(node: dict, n: int, moved: dict, at: np.ndarray) -> np.ndarray:
    """[T 4 4]: the node within its parent."""
    own = np.tile(np.eye(4), (len(at), 1, 1))
    if "matrix" in node and not any((n, path) in moved for path in _REST):
        own[:] = np.array(node["matrix"], dtype=np.float64).reshape(4, 4).T
        return own
    place, turn, size = (_at(node, n, path, moved, at) for path in _REST)
    own[:, :3, :3] = Rotation.from_quat(turn).as_matrix() * size[:, None]
    own[:, :3, 3] = place
    return own


def _at(node: dict, n: int, path: str, moved: dict, at: np.ndarray) -> np.ndarray:
    """One property over time."""
    if (n, path) not in moved:
        rest = np.array(node.get(path, _REST[path]), dtype=np.float64).reshape(_REST[path].shape)
        return np.tile(rest, (len(at), 1))
    times, values, how = moved[n, path]
    if how == "STEP" or len(times) == 1:
        return values[[max(0, bisect_right(times, t) - 1) for t in at]]
    within = at.clip(times[0], times[-1])
    if path == "rotation":
        return Slerp(times, Rotation.from_quat(values))(within).as_quat()
    return np.stack([np.interp(within, times, column) for column in values.T], -1)


def _topology(file: File, nodes: list[dict], parents: list[int], joints: list[int]) -> Topology:
    """Bones join each joint to its nearest ancestor among the joints."""
    bones = []
    for j, node in enumerate(joints):
        up = parents[node]
        while up >= 0 and up not in joints:
            up = parents[up]
        if up >= 0:
            bones.append((joints.index(up), j))
    return Topology.from_bones(f"gltf:{file.stem}", [str(nodes[n].get("name", n)) for n in joints], bones)
