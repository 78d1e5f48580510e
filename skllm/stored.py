"""A model's folder: `skllm.json` says what it is, `learned.safetensors` holds what learned. No pickle."""

import json
import os
from importlib.resources import files
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from skllm.motion.claims import CLAIMS
from skllm.reason.lora import Lora
from skllm.reason.matching import Sizes
from skllm.render import DrAction, DrActionConfig, FlatRenderer, Renderer, TrajectoryRenderer, VelocityRenderer
from skllm.render.released import Released

RENDERERS: dict[str, type[Renderer]] = {
    "draction": DrAction, "3d+velocity": VelocityRenderer, "2d": FlatRenderer, "jtm": TrajectoryRenderer, "released": Released,
}
SHIPPED = {name: files("skllm") / "weights" / name.replace("-", "_") for name in ("tiny-open", "tiny-warm")}       # see weights/README.md
_CONFIG, _WEIGHTS, _LAYOUT = "skllm.json", "learned.safetensors", 3


def kind_of(renderer: Renderer) -> str:
    """Its key in `RENDERERS`."""
    return next(kind for kind, known in RENDERERS.items() if type(renderer) is known)


def is_stored(folder: Path) -> bool:
    """Whether a model was saved there to its end."""
    return (folder / _CONFIG).is_file()


def write_stored(folder: Path, told: dict, weights: dict[str, Tensor]) -> Path:
    """Writes both files, the one that says what the folder is last."""
    folder.mkdir(parents=True, exist_ok=True)
    _replace(folder / _WEIGHTS, lambda path: save_file(weights, path))
    _replace(folder / _CONFIG, lambda path: path.write_text(json.dumps({"layout": _LAYOUT, **told}, indent=1)))
    return folder


def read_stored(folder: Path) -> tuple[dict, dict[str, Tensor]]:
    """What a checkpoint says of itself, and its weights. Raises ValueError where it is damaged or of another layout."""
    try:
        told = json.loads((folder / _CONFIG).read_text())
        if told.get("layout") != _LAYOUT:
            raise ValueError(f"layout {told.get('layout')}, this release knows layout {_LAYOUT}")
        stored = load_file(folder / _WEIGHTS)
        _ = RENDERERS[told["renderer"]["kind"]], DrActionConfig(**told["renderer"]["config"]), told["revision"]
        _ = [Lora(**one) for one in told["loras"]]
        if told.get("matcher") is not None and list(Sizes(**told["matcher"]).claims) != list(CLAIMS):
            raise ValueError("its matcher judges other claims than this release knows")
        if not isinstance(told["base"], str) or type(told["frames"]) is not int or told["frames"] < 1:
            raise ValueError(f"base {told['base']!r}, frames {told['frames']!r}")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, SafetensorError) as broken:
        raise ValueError(f"{folder} is not a whole skllm checkpoint ({type(broken).__name__}: {broken}); save it again") from broken
    return told, stored


def load_renderer(name: str | Path, size: int = 448) -> Renderer:
    """The renderer of a checkpoint, or a fresh one of a kind in `RENDERERS`, without any language model behind it.

    size: pixels a side of a fresh one; a checkpoint's paints at its own.
    """
    folder = Path(str(SHIPPED.get(str(name), name)))
    if is_stored(folder):
        told, stored = read_stored(folder)
        made = RENDERERS[told["renderer"]["kind"]](DrActionConfig(**told["renderer"]["config"]))
        weights = {key.removeprefix("renderer."): value for key, value in stored.items() if key.startswith("renderer.")}
        try:
            made.load_state_dict(weights)
        except RuntimeError as wrong:
            raise ValueError(f"{folder} is not a whole skllm checkpoint ({str(wrong).splitlines()[-1].strip()}); save it again") from wrong
        return made
    if name not in RENDERERS or name == "released":
        known = ", ".join([*SHIPPED, *(kind for kind in RENDERERS if kind != "released")])
        raise ValueError(f"no renderer {str(name)!r}; known: {known}, or the folder of a checkpoint")
    return RENDERERS[str(name)](DrActionConfig(size=size))


def _replace(path: Path, write) -> None:
    """Writes beside the file first, so that a kill or a full disk leaves the old one whole."""
    new = path.with_name(path.name + ".new")
    write(new)
    os.replace(new, path)
