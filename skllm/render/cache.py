"""Pictures on disk: what a renderer with these weights painted of this clip, painted once."""

import hashlib
import os
import uuid
import warnings
from dataclasses import asdict
from pathlib import Path

import torch
from jaxtyping import Float
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from skllm.render.renderer import Renderer
from skllm.skeleton import Skeleton

_LAYOUT = "1"            # of the files, and of what the renderers paint: raise it when pictures change for the same weights


class PictureCache:
    """`cache(clips)` is `renderer(clips)` without gradients, read from `folder` where it was painted before.

    A file is found by the sampled clip, the renderer's class, configuration and weights: what has changed is painted anew.
    Pictures are kept exactly, cut to what is painted. A damaged file is painted again; a full disk costs only the keeping.
    """

    def __init__(self, renderer: Renderer, folder: str | Path):
        self.renderer, self.folder = renderer, Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)

    @torch.no_grad()
    def __call__(self, clips: list[Skeleton]) -> Float[Tensor, "B T 3 H W"]:
        """Pictures of sampled clips; all that are not kept yet are painted in one call."""
        look = look_of(self.renderer)
        paths = [self.folder / f"{digest(look, clip)}.safetensors" for clip in clips]
        found = [self._read(path) for path in paths]
        missing = [n for n, pictures in enumerate(found) if pictures is None]
        if missing:
            for n, pictures in zip(missing, self.renderer([clips[n] for n in missing]), strict=True):
                found[n] = pictures
                self._keep(pictures, paths[n])
        return torch.stack([pictures.to(self.renderer.device) for pictures in found])

    def _read(self, path: Path) -> Float[Tensor, "T 3 H W"] | None:
        try:
            with safe_open(path, framework="pt") as file:
                cut, corner = file.get_tensor("pictures"), file.get_tensor("corner").tolist()
        except FileNotFoundError:
            return None
        except (OSError, SafetensorError) as broken:
            warnings.warn(f"{path.name} in the picture cache is damaged ({broken}); it is painted again", stacklevel=2)
            return None
        size = self.renderer.config.size
        whole = cut.new_zeros(*cut.shape[:2], size, size)
        whole[..., corner[0] : corner[0] + cut.shape[2], corner[1] : corner[1] + cut.shape[3]] = cut
        return whole

    def _keep(self, pictures: Float[Tensor, "T 3 H W"], path: Path) -> None:
        """Writes beside the file and then renames, so that a kill leaves no half file."""
        pictures = pictures.cpu()
        rows, columns = ((pictures > 0).flatten(0, 1).any(0).any(axis).nonzero()[:, 0] for axis in (1, 0))
        top, left = (int(at[0]) if len(at) else 0 for at in (rows, columns))
        bottom, right = (int(at[-1]) + 1 if len(at) else 1 for at in (rows, columns))
        new = path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}.new")
        try:
            save_file({"pictures": pictures[..., top:bottom, left:right].clone(), "corner": torch.tensor([top, left])}, new)
            os.replace(new, path)
        except (OSError, SafetensorError) as full:
            new.unlink(missing_ok=True)
            warnings.warn(f"the picture cache in {self.folder} could not keep a clip ({full}); pictures are painted all the same", stacklevel=2)


def look_of(renderer: Renderer) -> bytes:
    """A digest of what decides a renderer's pictures besides the clip: class, configuration, weights."""
    config = {name: value for name, value in asdict(renderer.config).items() if name != "backend"}
    seen = hashlib.sha256(repr((_LAYOUT, type(renderer).__name__, sorted(config.items()))).encode())
    for name, value in sorted(renderer.state_dict().items()):
        seen.update(name.encode() + value.detach().cpu().contiguous().numpy().tobytes())
    return seen.digest()


def digest(look: bytes, clip: Skeleton) -> str:
    """What tells a sampled clip under this look from every other."""
    seen = hashlib.sha256(look)
    topology = clip.topology
    seen.update(repr((topology.name, topology.joint_names, topology.bones, topology.parts, topology.sides, clip.fps)).encode())
    for values in (clip.xyz, clip.seen, clip.velocity):
        seen.update(repr(None if values is None else tuple(values.shape)).encode())
        if values is not None:
            seen.update(values.contiguous().numpy().tobytes())
    return seen.hexdigest()
