"""SMPL's 24 joints as positions [T 24 3]; its rotations are refused with the way out."""


from skllm.formats.arrays import array_of, clips_of_arrays, first_array
from skllm.formats.axes import Y_UP_FACING_Z, Z_UP_FACING_MINUS_Y
from skllm.formats.files import File
from skllm.formats.topologies import SMPL24
from skllm.skeleton import Skeleton

_FPS = 30.0
_UP = {"y": Y_UP_FACING_Z, "z": Z_UP_FACING_MINUS_Y}


def claims_smpl(file: File) -> bool:
    """Whether the array is [T 24 3], or the archive holds SMPL's rotations (which are refused with the way out)."""
    return first_array(file).shape[1:] == (24, 3) or (file.suffix == ".npz" and "poses" in file.arrays)


def clips_of_smpl(file: File) -> list[str]:
    """The names of the arrays; one for an archive of SMPL's rotations."""
    return [file.stem] if file.suffix == ".npz" and "poses" in file.arrays else clips_of_arrays(file)


def read_smpl(file: File, clip: str | None = None, fps: float | int = _FPS, up: str = "y") -> Skeleton:
    """SMPL's 24 joint positions in metres. up: "y", facing +z, or "z", facing -y as AMASS has it; the file does not say."""
    if file.suffix == ".npz" and "poses" in file.arrays:
        raise file.bad("its arrays", "SMPL's rotations, not joints; the body model that turns them into joints is not free to ship",
                       "save the joints of your SMPL model as .npy [T 24 3]")
    xyz, name = array_of(file, clip)
    if xyz.ndim != 3 or xyz.shape[1:] != (24, 3):
        raise file.bad("the array", f"shape {xyz.shape}, SMPL has (T, 24, 3)", "for another layout use Skeleton.from_array")
    if not isinstance(up, str) or up not in _UP:
        raise file.bad("up", f"{up!r} is no axis", 'call load(path, up="y") or up="z"')
    return file.to_skeleton(file.finite(xyz) @ _UP[up], SMPL24, file.positive(fps, "fps", "30"), name=name)
