"""The contract that every format keeps, ours and yours."""

import shutil
import tempfile
from pathlib import Path

import torch

from skllm.formats.files import File
from skllm.formats.registry import Format, format_of, load
from skllm.skeleton import Skeleton

_TALL = (0.05, 20.0)         # metres from the lowest to the highest joint of anything that lives or is built like it
_EVEN = 0.9                  # of the joints on one side have one on the other
_CUTS = (0.0, 0.01, 0.2, 0.5, 0.8, 0.97)


def check_format(known: Format | str, path: str | Path, **options) -> Skeleton:
    """The clip in the sample file, after checking what `load` promises of its format; for tests.

    `load` finds the format by itself and reads the same clip twice; the clip has bones that join its joints and about
    as many left joints as right ones, is of a size in metres that a body can have, and moves at under 100 m/s; and the same file cut
    short or overwritten with noise is read or refused by name, never anything else.
    Raises AssertionError with a sentence on what is broken.
    """
    name = known if isinstance(known, str) else known.name
    format_of(File(path), name)                                    # refuses a name that is no format's
    named = options.pop("format", None)                            # a format that claims nothing by itself is asked for by name
    found = format_of(File(path), named).name
    _need(found == name, f"load takes {Path(path).name} for {found!r}, not {name!r}")
    clip, again = (load(path, format=named, **options) for _ in range(2))
    _need(torch.equal(clip.xyz.nan_to_num(), again.xyz.nan_to_num()) and torch.equal(clip.seen, again.seen), "reading twice gives two clips")
    _check_body(clip)
    _check_motion(clip)
    if Path(path).is_file():
        _check_damage(Path(path), name, options)
    return clip


def _need(holds: bool, otherwise: str) -> None:
    if not holds:
        raise AssertionError(otherwise)


def _check_body(clip: Skeleton) -> None:
    topology = clip.topology
    joined = {end for bone in topology.bones for end in bone}
    _need(bool(joined), f"{topology.name} has no bones")
    left, right = topology.sides.count("left"), topology.sides.count("right")
    uneven = f"{topology.name} has {left} left joints and {right} right ones; give sides to Topology.from_bones"
    _need(min(left, right) >= _EVEN * max(left, right), uneven)
    tall = [(one[:, :, 1].nan_to_num(-torch.inf).amax(1) - one[:, :, 1].nan_to_num(torch.inf).amin(1)) for one in clip.xyz.unbind(1)]
    size = max(float(heights[heights.isfinite()].median()) for heights in tall if heights.isfinite().any())
    wide = float(clip.xyz[..., 0].nan_to_num(-torch.inf).amax() - clip.xyz[..., 0].nan_to_num(torch.inf).amin())
    _need(_TALL[0] < max(size, wide) < 1000, f"bodies are {size:.3g} m tall and {wide:.3g} m wide; is the unit metres?")
    _need(size < _TALL[1], f"bodies are {size:.3g} m tall; is the unit metres?")


def _check_motion(clip: Skeleton) -> None:
    speed = clip.measured().velocity[clip.seen > 0].norm(dim=-1)
    _need(bool(speed.isfinite().all()), "a joint has a velocity that is not finite")
    _need(float(speed.median()) < 100, f"joints move at {float(speed.median()):.3g} m/s; is the frame rate right?")


def _check_damage(path: Path, name: str, options: dict) -> None:
    whole = path.read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        for beside in path.parent.iterdir():                       # what a reader looks for beside its file
            if beside.suffix in (".asf", ".json") and beside != path and beside.stat().st_size < 1 << 20:
                shutil.copy(beside, folder)
        copy = Path(folder) / path.name
        damaged = [whole[: int(len(whole) * share)] for share in _CUTS]
        damaged += [whole[:at] + bytes(range(256)) + whole[at + 256 :] for at in (0, len(whole) // 3, len(whole) // 2)]
        for content in damaged:
            copy.write_bytes(content)
            try:
                load(copy, format=name, **options)
            except ValueError as refused:
                _need(path.name in str(refused), f"a damaged {path.name} is refused without its name: {refused}")
            except Exception as other:
                raise AssertionError(f"a damaged {path.name} raises {type(other).__name__} rather than ValueError: {other}") from other
