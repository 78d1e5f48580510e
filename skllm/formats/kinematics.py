"""Forward kinematics: rotations along a tree of joints become places."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from skllm.skeleton import Topology


def forward(
    parents: Sequence[int], offsets: Float[np.ndarray, "J 3"], local: Float[np.ndarray, "T J 3 3"], root: Float[np.ndarray, "T 3"],
    far_ends: bool = False,
) -> Float[np.ndarray, "T J 3"]:
    """Where each joint is, parents listed before children.

    offsets: from the parent, in the parent's turned axes; local: each joint's rotation within its parent's axes; root: where
    the first joint is. far_ends: a joint is the far end of its bone, so that its own rotation carries it along (Acclaim).
    """
    places, turned = np.empty((*local.shape[:2], 3)), np.empty(local.shape)
    for j, parent in enumerate(parents):
        if parent < 0:
            places[:, j], turned[:, j] = root, local[:, j]
        else:
            turned[:, j] = turned[:, parent] @ local[:, j]
            places[:, j] = places[:, parent] + turned[:, j if far_ends else parent] @ offsets[j]
    return places


def from_quaternions(wxyz: Float[np.ndarray, "*N 4"]) -> Float[np.ndarray, "*N 3 3"]:
    """Rotation matrices of quaternions w x y z, of any length but zero."""
    flat = wxyz.reshape(-1, 4)[:, [1, 2, 3, 0]]
    return Rotation.from_quat(flat).as_matrix().reshape(*wxyz.shape[:-1], 3, 3)


@dataclass(frozen=True)
class Body:
    """A body of rigid links: names, parents, offsets from the parent in metres, rest rotations (w x y z), and how each joint moves.

    moves: "root", "ball" (a quaternion), "x", "y", "z" (an angle about that axis) or "fixed".
    """

    name: str
    names: tuple[str, ...]
    parents: tuple[int, ...]
    moves: tuple[str, ...]
    offsets: np.ndarray
    rest: np.ndarray

    @classmethod
    def from_table(cls, name: str, table: str) -> "Body":
        """A body from lines `name parent moves x y z [w x y z]`, parents by name and "-" for the root."""
        rows = [line.split() for line in table.strip().splitlines()]
        names = tuple(row[0] for row in rows)
        parents = tuple(-1 if row[1] == "-" else names.index(row[1]) for row in rows)
        numbers = np.array([[float(word) for word in row[3:]] + [1, 0, 0, 0] * (len(row) == 6) for row in rows])
        return cls(name, names, parents, tuple(row[2] for row in rows), numbers[:, :3], numbers[:, 3:])

    def topology(self) -> Topology:
        """The body's joints and bones."""
        return Topology.from_parents(self.name, self.names, self.parents)
