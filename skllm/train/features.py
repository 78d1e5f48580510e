"""What the frozen half of the model makes of a clip, computed once: render and see, as far as the projector."""

import hashlib
import json
import os
import uuid
import warnings
from collections.abc import Iterable, Sequence
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
    """

    def __init__(self, model: SkeletonLLM, folder: str | Path):
        _must_rest(model)
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


class HeldFeatures:
    """What the tower sees of every view of every clip that some examples draw, seen once and held in the memory of the model's device.

    workers: processes that read and bind the clips. Raises ValueError where the renderer is to learn, views are drawn
    without end, or only the foreground is seen.
    """

    def __init__(self, model: SkeletonLLM, examples: Examples, workers: int = 0):
        _must_rest(model)
        if examples.views is None:
            raise ValueError("features are held of a number of views; these examples draw new ones in each epoch: set the stage's views")
        if model.mllm.foreground_only:
            raise ValueError("held features are of equally many tokens, which foreground_only does not give; take a FeatureCache")
        self._held: dict[str, Tensor] = {}
        self._fill(model, examples, workers)

    def of(self, names: Sequence[str]) -> Float[Tensor, "B T R C"]:
        """Features by the names that `collate_named` gives."""
        return torch.stack([self._held[name] for name in names])

    @torch.no_grad()
    def _fill(self, model: SkeletonLLM, examples: Examples, workers: int) -> None:
        renderer, each = model.renderer, max(1, _TOGETHER * 112**2 // model.renderer.config.size**2)
        together = partial(collate_bound, config=renderer.config, named=True) if renderer.binds else partial(collate, named=True)
        loader = DataLoader(examples, each, num_workers=workers, collate_fn=together, prefetch_factor=4 if workers else None)
        with tqdm(total=len(examples) * examples.views, desc="seeing the clips", unit="view", mininterval=2) as bar:
            for view in range(examples.views):
                examples.epoch = view
                for batch in loader:
                    clips = Tracks(**{key: track.to(renderer.device) for key, track in batch["tracks"].items()}) if renderer.binds else batch["clips"]
                    self._held |= dict(zip(batch["names"], model.mllm.features(renderer(clips)), strict=True))
                    bar.update(len(batch["names"]))
        examples.epoch = 0


def _must_rest(model: SkeletonLLM) -> None:
    if any(p.requires_grad for p in model.renderer.parameters()):
        raise ValueError("features are kept for a renderer that is frozen; this one learns: train without a feature cache")


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
