"""What the frozen half of the model makes of a clip, computed once: render and see, as far as the projector."""

import hashlib
import json
import os
import uuid
import warnings
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import torch
from jaxtyping import Float
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.utils.data import DataLoader
from tqdm import tqdm

from skllm.model import SkeletonLLM
from skllm.render.cache import digest, look_of
from skllm.render.gaussians import Tracks
from skllm.skeleton import Skeleton
from skllm.train.examples import Examples, collate, collate_bound

_TOGETHER = 64           # clips that are seen at once when all are seen beforehand

_LAYOUT = "1"


class FeatureCache:
    """`cache(clips)` is `model.mllm.features(model.renderer(clips))` without slopes, read from `folder` where it was made before.

    A file is found by the sampled clip, the renderer and the vision tower with their weights (the tower's as they were when the cache was
    made): what has changed is made anew.
    A damaged file is made again; a full disk costs only the keeping. Raises ValueError where the renderer is to learn.
    held: kept in the memory of the model's device instead, as long as the cache lives
    """

    def __init__(self, model: SkeletonLLM, folder: str | Path, held: bool = False):
        if any(p.requires_grad for p in model.renderer.parameters()):
            raise ValueError("features are kept for a renderer that is frozen; this one learns: train without a feature cache")
        self.renderer, self.mllm, self.folder = model.renderer, model.mllm, Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._eye, self._held = _digest_of_tower(model), {} if held else None

    @torch.no_grad()
    def __call__(self, clips: list[Skeleton]) -> Float[Tensor, "B T R C"] | list[list[Float[Tensor, "_ C"]]]:
        """Features of sampled clips; all that are not kept yet are made in one call."""
        look = self._look()
        names = [digest(look, clip) for clip in clips]
        found = [self._find(name) for name in names]
        missing = [n for n, pictures in enumerate(found) if pictures is None]
        if missing:
            for n, made in zip(missing, self.mllm.features(self.renderer([clips[n] for n in missing])), strict=True):
                found[n] = made
                self._keep(names[n], made)
        found = [clip if isinstance(clip, Tensor) else [picture.to(self.mllm.model.device) for picture in clip] for clip in found]
        if self.mllm.foreground_only:
            return found
        return torch.stack([clip if isinstance(clip, Tensor) else torch.stack(clip) for clip in found])

    @torch.no_grad()
    def fill(self, examples: Examples, workers: int = 0) -> None:
        """Sees all views of all clips that the examples draw, at once; processes read and bind them where the renderer lets them."""
        together = partial(_named, look=self._look(), config=self.renderer.config) if self.renderer.binds else collate
        told = {"batch_size": _TOGETHER, "num_workers": workers, "collate_fn": together, "prefetch_factor": 4 if workers else None}
        bar = tqdm(total=len(examples) * (examples.views or 1), desc="seeing the clips", unit="view", mininterval=2)
        for examples.epoch in range(examples.views or 1):
            for batch in DataLoader(examples, generator=torch.Generator(), **told):
                if self.renderer.binds:
                    tracks = Tracks(**{name: value.to(self.renderer.device) for name, value in batch["tracks"].items()})
                    for name, made in zip(batch["names"], self.mllm.features(self.renderer(tracks)), strict=True):
                        self._keep(name, made)
                else:
                    self(batch["clips"])
                bar.update(len(batch["keys"]))
        examples.epoch = 0

    def _look(self) -> bytes:
        return look_of(self.renderer) + self._eye + repr((_LAYOUT, self.mllm.foreground_only, str(self.mllm.model.dtype))).encode()

    def _find(self, name: str) -> Tensor | list[Tensor] | None:
        return _read(self.folder / f"{name}.safetensors") if self._held is None else self._held.get(name)

    def _keep(self, name: str, made: Tensor | list[Tensor]) -> None:
        if self._held is None:
            _keep(list(made), self.folder / f"{name}.safetensors")
        else:
            self._held[name] = made

    def bytes_of(self, clip: Skeleton) -> int:
        """How much one sampled clip takes on disk."""
        return sum(picture.nbytes for picture in self([clip])[0])


def _named(examples: list[dict], look: bytes, config) -> dict:
    """A batch of examples with the names of their features, and tracks in place of clips."""
    return {**collate_bound(examples, config), "names": [digest(look, one["clips"]) for one in examples]}


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
