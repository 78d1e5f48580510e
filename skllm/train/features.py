"""What the frozen half of the model makes of a clip, computed once: render and see, as far as the projector."""

import hashlib
import json
import os
import uuid
import warnings
from collections.abc import Iterable
from pathlib import Path

import torch
from jaxtyping import Float
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from skllm.model import SkeletonLLM
from skllm.render.cache import digest, look_of
from skllm.skeleton import Skeleton

_LAYOUT = "1"


class FeatureCache:
    """`cache(clips)` is `model.mllm.features(model.renderer(clips))` without slopes, read from `folder` where it was made before.

    A file is found by the sampled clip, the renderer and the vision tower with their weights (the tower's as they were when the cache was
    made): what has changed is made anew.
    A damaged file is made again; a full disk costs only the keeping. Raises ValueError where the renderer is to learn.
    """

    def __init__(self, model: SkeletonLLM, folder: str | Path):
        if any(p.requires_grad for p in model.renderer.parameters()):
            raise ValueError("features are kept for a renderer that is frozen; this one learns: train without a feature cache")
        self.renderer, self.mllm, self.folder = model.renderer, model.mllm, Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._eye = _digest_of_tower(model)

    @torch.no_grad()
    def __call__(self, clips: list[Skeleton]) -> Float[Tensor, "B T R C"] | list[list[Float[Tensor, "_ C"]]]:
        """Features of sampled clips; all that are not kept yet are made in one call."""
        look = look_of(self.renderer) + self._eye + repr((_LAYOUT, self.mllm.foreground_only, str(self.mllm.model.dtype))).encode()
        paths = [self.folder / f"{digest(look, clip)}.safetensors" for clip in clips]
        found = [_read(path) for path in paths]
        missing = [n for n, pictures in enumerate(found) if pictures is None]
        if missing:
            for n, made in zip(missing, self.mllm.features(self.renderer([clips[n] for n in missing])), strict=True):
                found[n] = list(made)
                _keep(found[n], paths[n])
        found = [[picture.to(self.mllm.model.device) for picture in clip] for clip in found]
        return found if self.mllm.foreground_only else torch.stack([torch.stack(clip) for clip in found])

    def bytes_of(self, clip: Skeleton) -> int:
        """How much one sampled clip takes on disk."""
        return sum(picture.nbytes for picture in self([clip])[0])


def _digest_of_tower(model: SkeletonLLM) -> bytes:
    """The tower's configuration and weights without the projector's, which some families keep inside it."""
    config = model.mllm.model.config.to_dict()
    kept = {name: value for name, value in config.items() if name.startswith("vision") or name == "downsample_ratio"}
    seen, learning = hashlib.sha256(json.dumps(kept, sort_keys=True, default=str).encode()), {id(p) for p in model.mllm.projector.parameters()}
    for name, value in sorted(model.mllm.family.tower.named_parameters()):
        if id(value) not in learning:
            seen.update(name.encode() + value.detach().cpu().contiguous().view(torch.uint8).numpy().tobytes())
    return seen.digest()


def _read(path: Path) -> list[Tensor] | None:
    try:
        stored = load_file(path)
        return list(stored["rows"].split(stored["lengths"].tolist()))
    except FileNotFoundError:
        return None
    except (OSError, SafetensorError, KeyError, RuntimeError) as broken:
        warnings.warn(f"{path.name} among the kept features is damaged ({broken}); it is made again", stacklevel=2)
        return None


def _keep(pictures: Iterable[Tensor], path: Path) -> None:
    """Writes beside the file and then renames, so that a kill leaves no half file."""
    pictures = [picture.cpu() for picture in pictures]
    new = path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}.new")
    try:
        save_file({"rows": torch.cat(pictures).contiguous(), "lengths": torch.tensor([len(picture) for picture in pictures])}, new)
        os.replace(new, path)
    except (OSError, SafetensorError) as full:
        new.unlink(missing_ok=True)
        warnings.warn(f"{path.parent} could not keep what a clip looks like ({full}); it is made anew each time", stacklevel=2)
