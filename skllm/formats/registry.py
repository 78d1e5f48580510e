"""`load`: which reader a file is for. A format is a row in `FORMATS`; `register` adds one."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from skllm.formats.arrays import clips_of_arrays, read_array
from skllm.formats.asf_amc import bodies_near, read_amc
from skllm.formats.bvh import read_bvh
from skllm.formats.c3d import read_c3d
from skllm.formats.coco import claims_coco, read_coco
from skllm.formats.deepmimic import claims_deepmimic, read_deepmimic
from skllm.formats.dog import claims_dog, read_dog
from skllm.formats.files import File
from skllm.formats.g1 import claims_g1, clips_of_g1, read_g1
from skllm.formats.gltf import clips_of_gltf, read_gltf
from skllm.formats.humanml3d import claims_features, claims_humanml3d, read_features, read_humanml3d
from skllm.formats.kard import claims_kard_screen, claims_kard_world, read_kard_screen, read_kard_world
from skllm.formats.kinect_v1 import claims_msr_action3d, claims_nw_ucla, claims_utd_mhad, read_msr_action3d, read_nw_ucla, read_utd_mhad
from skllm.formats.kinect_v2 import claims_kinect_csv, claims_pku_mmd, read_kinect_csv, read_pku_mmd
from skllm.formats.mediapipe import claims_mediapipe, read_mediapipe
from skllm.formats.ntu import read_ntu
from skllm.formats.openpose import claims_openpose, read_openpose
from skllm.formats.packed import claims_packed, clips_of_packed, descriptions_beside, read_packed_archive
from skllm.formats.penn_action import claims_penn_action, read_penn_action
from skllm.formats.pyskl import claims_pyskl, clips_of_pyskl, read_pyskl
from skllm.formats.sbu import claims_sbu, clips_of_sbu, read_sbu
from skllm.formats.smpl import claims_smpl, clips_of_smpl, read_smpl
from skllm.skeleton import Skeleton


@dataclass(frozen=True)
class Format:
    """A format: its name, its files' suffixes, and its reader.

    suffixes: in lower case, "/" for a folder. read: from an open `File` and the format's own options to a Skeleton.
    claims: whether the content is this format's, where several share a suffix; None leaves a file to every other one that
    claims it. clips: names of the clips in a file that holds several, one of which is then named by the option `clip`.
    holds: joints and frame rate, for people. beside: paths of what is read beside a file, which may or may not be there.
    """

    name: str
    suffixes: tuple[str, ...]
    read: Callable[..., Skeleton]
    claims: Callable[[File], bool] | None = None
    clips: Callable[[File], Sequence[str]] | None = None
    holds: str = ""
    beside: Callable[[Path], Sequence[Path]] | None = None


_ARRAYS = (".npy", ".npz")
FORMATS: list[Format] = [
    Format("NTU RGB+D", (".skeleton",), read_ntu, holds="25 joints (Kinect v2), people by body id, 30 fps"),
    Format("Kinect v2 CSV", (".csv",), read_kinect_csv, claims_kinect_csv, holds="25 joints with confidence, rate by its clock"),
    Format("PKU-MMD", (".txt",), read_pku_mmd, claims_pku_mmd, holds="25 joints (Kinect v2), two people, 30 fps"),
    Format("NW-UCLA", (".json",), read_nw_ucla, claims_nw_ucla, holds="20 joints (Kinect v1), 30 fps"),
    Format("UTD-MHAD", (".mat",), read_utd_mhad, claims_utd_mhad, holds="20 joints (Kinect v1), 30 fps"),
    Format("MSR Action3D", (".txt",), read_msr_action3d, claims_msr_action3d, holds="20 joints (Kinect v1) with confidence, 15 fps"),
    Format("KARD", (".txt",), read_kard_world, claims_kard_world, holds="15 joints, 30 fps; *_realworld.txt"),
    Format("KARD screen", (".txt",), read_kard_screen, claims_kard_screen, holds="15 joints in 2D, 30 fps; *_screen.txt"),
    Format("HumanML3D joints", _ARRAYS, read_humanml3d, claims_humanml3d, clips_of_arrays, "22 joints [T 22 3], 20 fps"),
    Format("HumanML3D features", _ARRAYS, read_features, claims_features, clips_of_arrays, "[T 263], from which 22 joints are recovered, 20 fps"),
    Format("SMPL-24 joints", _ARRAYS, read_smpl, claims_smpl, clips_of_smpl, "24 joints [T 24 3]; options fps, up"),
    Format("MediaPipe Pose", _ARRAYS, read_mediapipe, claims_mediapipe, clips_of_arrays, "33 landmarks [T 33 3 or 4]; options size, fps"),
    Format("COCO-17 keypoints", (".json", *_ARRAYS), read_coco, claims_coco, clips_of_arrays, "17 joints in 2D with scores; options size, fps"),
    Format("OpenPose BODY_25", ("/", ".json"), read_openpose, claims_openpose, holds="25 joints in 2D, a JSON a frame; options size, fps"),
    Format("PYSKL", (".pkl", ".pickle"), read_pyskl, claims_pyskl, clips_of_pyskl, "17 joints in 2D with scores, or 25 in 3D; many clips"),
    Format("Penn Action", (".mat",), read_penn_action, claims_penn_action, holds="13 joints in 2D with visibility, 30 fps"),
    Format("SBU Kinect", (".json",), read_sbu, claims_sbu, clips_of_sbu, "15 joints in 2D, two people; many clips"),
    Format("BVH", (".bvh",), read_bvh, holds="any joints; unit guessed from the rest pose, or metres_per_unit"),
    Format("Acclaim ASF/AMC", (".amc",), read_amc, holds="any bones (CMU, HDM05), 120 fps; its .asf beside it, or asf", beside=bodies_near),
    Format("C3D", (".c3d",), read_c3d, holds="any markers, own rate; needs skllm[c3d]; option up"),
    Format("DeepMimic", (".txt",), read_deepmimic, claims_deepmimic, holds="humanoid 15 or dog 23 joints; others with body"),
    Format("Unitree G1", (".pkl",), read_g1, claims_g1, clips_of_g1, "26 links of a robot; body='person' for SMPL-24"),
    Format("glTF", (".glb",), read_gltf, clips=clips_of_gltf, holds="any rig, many animations; options fps, metres_per_unit"),
    Format("AI4Animation dog", (".txt",), read_dog, claims_dog, holds="27 joints of a dog, 60 fps"),
    Format("packed clips", (".npz",), read_packed_archive, claims_packed, clips_of_packed, "any joints, many clips; a JSON beside it",
           descriptions_beside),
    Format("array", _ARRAYS, read_array, lambda file: False, clips_of_arrays, "any [T J 3] or [T P J 3]; format='array' with topology and fps"),
]


def register(new: Format) -> Format:
    """Adds a format, which `load` and the command line then know; raises ValueError where its name is taken."""
    if any(known.name == new.name for known in FORMATS):
        raise ValueError(f"there is a format {new.name!r} already; choose another name")
    wrong = [suffix for suffix in new.suffixes if suffix != "/" and not (suffix.startswith(".") and suffix == suffix.lower())]
    if wrong or not new.suffixes:
        raise ValueError(f"suffixes of {new.name!r} are {new.suffixes}; give at least one, such as ('.csv',), in lower case")
    FORMATS.append(new)
    return new


def load(path: str | Path | File, format: str | None = None, **options) -> Skeleton:
    """The clip in a file or folder, whose format is told by suffix and content, never guessed between two.

    format: a name in `FORMATS`, which settles it. options: what the format's reader takes, such as `clip` (a name, where the
    file holds several), `metres_per_unit` (BVH), `size` and `fps` (two-dimensional formats).
    Raises FileNotFoundError for a path with nothing there, and ValueError, naming file, place and remedy, for a file that
    is not whole or not of a known format.
    """
    file = path if isinstance(path, File) else File(path)
    found = format_of(file, format)
    options = {name: value.item() if isinstance(value, np.generic) else value for name, value in options.items()}
    if options.get("clip") is not None:
        options["clip"] = str(options["clip"])
    _check_options(file, found, options)
    try:
        return found.read(file, **options)
    except ValueError as wrong:
        if file.name in str(wrong):
            raise
        raise file.bad(f"as {found.name}", str(wrong), "is it whole, and of this format?") from None
    except (TypeError, AttributeError) as wrong:
        if not options:
            raise
        what = f"an option of the wrong kind ({str(wrong).splitlines()[0]})"
        raise file.bad(f"as {found.name}", what, "give it as the format's reader describes it") from wrong


def _check_options(file: File, found: Format, options: dict) -> None:
    taken = [name for name in inspect.signature(found.read).parameters][1:]
    unknown = [name for name in options if name not in taken]
    if unknown:
        raise file.bad(f"as {found.name}", f"it takes no option {', '.join(unknown)}", f"it takes {', '.join(taken) or 'none'}")


def clips_in(path: str | Path | File, format: str | None = None) -> list[str]:
    """The names of the clips in a file; its own name where it holds one."""
    file = path if isinstance(path, File) else File(path)
    clips = format_of(file, format).clips
    return list(clips(file)) if clips else [file.stem]


def format_of(file: File, name: str | None = None) -> Format:
    """The one format whose file this is, or the one of that name. Raises ValueError where it is none's, or two's."""
    if name is not None:
        named = [known for known in FORMATS if known.name.casefold() == str(name).casefold()]
        if not named:
            raise ValueError(f"no format {name!r}; known: {', '.join(known.name for known in FORMATS)}")
        return named[0]
    fitting = [known for known in FORMATS if file.suffix in known.suffixes]
    if not fitting:
        known = ", ".join(sorted({suffix for one in FORMATS for suffix in one.suffixes} - {"/"}))
        raise ValueError(f"cannot read {file.name!r}: no reader for {file.suffix or 'a file without suffix'!r}; known: {known}; "
                         "arrays go through Skeleton.from_array")
    claiming = [one for one in fitting if one.claims is not None and one.claims(file)]
    if not claiming and (open_to_all := [one for one in fitting if one.claims is None]):
        claiming = open_to_all
    if len(fitting) == 1:
        return fitting[0]
    if len(claiming) != 1:
        names = ", ".join(one.name for one in claiming or fitting)
        what = f"both {names} would read it" if claiming else f"its content is none of {names}"
        raise file.bad("its format", what, "say which with load(path, format=...), or use Skeleton.from_array")
    return claiming[0]
