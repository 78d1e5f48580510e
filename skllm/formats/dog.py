"""Motion capture of a real dog (AI4Animation): 27 points a line, x y z in metres, y up."""

from skllm.formats.axes import Y_UP_FACING_Z
from skllm.formats.files import File
from skllm.formats.topologies import DOG27
from skllm.skeleton import Skeleton


def claims_dog(file: File) -> bool:
    """Whether the first line is 27 times x, y, z."""
    return file.is_table(81, 1)


def read_dog(file: File, fps: float | int = 60.0) -> Skeleton:
    """One clip, the dog mostly coming towards the viewer. fps: the recordings' rate, which the files do not say."""
    if file.rows.shape[1] != 81:
        raise file.bad("its rows", f"{file.rows.shape[1]} columns, the dog has 27 times x, y, z", "is this the right file?")
    return file.to_skeleton(file.rows.reshape(-1, 27, 3) @ Y_UP_FACING_Z, DOG27, file.positive(fps, "fps", "60"))
