"""Teaches the tiny vision tower to see rendered bodies, without the language model.

    python -m skllm.train.tower --steps 2000

Clips are the bundled training subjects' (all exercises' bodies, never their labels) or a mixture's, as other sensors might have seen them,
painted by renderers of random tastes.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from math import radians, tan
from pathlib import Path

import torch
from jaxtyping import Bool, Float
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset, Subset
from tqdm import tqdm
from transformers import InternVLVisionModel, get_cosine_schedule_with_warmup

from skllm.benchmarks import UI_PRMD, LabelledClip, read_ui_prmd
from skllm.benchmarks.mixture import material
from skllm.perturb import mirror
from skllm.reason.pictures import normalised
from skllm.reason.tiny import PICTURE, TOWER, tower_config
from skllm.render import DrAction, DrActionConfig, VelocityRenderer
from skllm.render.camera import Camera, placement
from skllm.render.gaussians import Tracks
from skllm.render.renderer import tracks_of
from skllm.skeleton import Skeleton
from skllm.train.augment import deep, resense
from skllm.train.points import POINTS, body_points, felt

_FRAMES = 6                # of a clip and step; more clips teach more than more frames of one
_WEIGHTS = torch.tensor([1.0, 1.0, 0.5, 0.1, 0.1, 0.05])      # u, v, depth, and the three parts of velocity, which are noisier
_FELT_WEIGHTS = torch.tensor([1.0, 1.0, 1.0, 0.2, 0.2, 0.2, 0.5, 0.5, 0.5])      # velocities are noisier, places along the clip's axes told already


@dataclass(frozen=True)
class Targets:
    """What the tower must say of each picture. values: per point (u, v, depth, velocity x y z): u and v in half picture
    widths from the centre, depth in metres from the person's middle, velocity in m/s; known: False where a point is absent;
    felt: see `points.felt`, NaN where unknown; metres: what half a picture width is at the person's distance."""

    values: Float[Tensor, "F 15 6"]
    known: Bool[Tensor, "F 15"]
    felt: Float[Tensor, "F 16 9"]
    metres: Float[Tensor, " F"]


def targets(clip: Skeleton, camera: Camera, distance: float) -> Targets:
    """Where a sampled clip's body points fall in the pictures that a renderer of this camera paints."""
    offset = placement(clip, camera, distance)
    at = body_points(clip, clip.xyz) + offset
    slope = tan(radians(camera.fov_degrees) / 2)
    flat = torch.stack([at[..., 0], -at[..., 1]], -1) / at[..., 2:] / slope
    middle = (clip.xyz[clip.seen > 0].median(0).values + offset)[2]
    values = torch.cat([flat, at[..., 2:] - middle, body_points(clip, clip.velocity)], -1)
    known = values.isfinite().all(-1)
    return Targets(torch.where(known[..., None], values, 0), known, felt(clip), (slope * middle).expand(len(values)))


class Seer(nn.Module):
    """The tower with two heads on its 16 pixel-shuffled tokens.

    One reads off all of them where each of the 15 body points is, how deep, and how it moves. The other reads off each token one point, and off
    the last the whole body, as the person feels it: a language model reads token by token.
    """

    def __init__(self):
        super().__init__()
        self.tower = InternVLVisionModel(tower_config())
        self.squeeze = nn.Linear(4 * self.tower.config.hidden_size, 48)
        self.read = nn.Sequential(nn.Linear(16 * 48, 512), nn.GELU(), nn.Linear(512, len(POINTS) * 6))
        self.level = nn.LayerNorm(self.squeeze.in_features)
        self.own = nn.Parameter(0.01 * torch.randn(16, self.squeeze.in_features, 9))

    def forward(self, pictures: Float[Tensor, "F 3 H W"]) -> tuple[Float[Tensor, "F 15 6"], Float[Tensor, "F 16 9"]]:
        """Positions, depths and velocities of the body points in each picture, and what each token says of its own."""
        patches = self.tower(pixel_values=normalised(pictures)).last_hidden_state[:, 1:]
        grid = patches.unflatten(1, (4, 2, 4, 2)).permute(0, 1, 3, 2, 4, 5).flatten(3).flatten(1, 2)
        points = self.read(F.gelu(self.squeeze(grid)).flatten(1)).unflatten(-1, (len(POINTS), 6))
        return points, torch.einsum("fkc,kco->fko", self.level(grid), self.own)


def loss(said: tuple[Float[Tensor, "F 15 6"], Float[Tensor, "F 16 9"]], want: Targets) -> Float[Tensor, ""]:
    """Smooth L1 over what is known: within 5 % of half a picture, or of a body size, it is a square."""
    points, own = (part.float() for part in said)
    each = F.smooth_l1_loss(points, want.values, reduction="none", beta=0.05) * _WEIGHTS.to(points.device)
    known = want.felt.isfinite()
    both = F.smooth_l1_loss(own, torch.where(known, want.felt, 0), reduction="none", beta=0.05) * _FELT_WEIGHTS.to(own.device)
    return each[want.known].mean() + both[known].mean()


@dataclass(frozen=True)
class Taste:
    """How one step's pictures are painted: by which renderer, from how near, how thick."""

    config: DrActionConfig
    fixed: bool
    seed: int

    def renderer(self, device: torch.device | str = "cpu") -> nn.Module:
        """The fixed renderer, or DrAction as it starts or from other random weights, each shaken a little."""
        if self.fixed:
            return VelocityRenderer(self.config).to(device)
        renderer, dice = DrAction(self.config, seed=self.seed), torch.Generator().manual_seed(self.seed)
        for parameter in renderer.parameters():
            parameter.data.add_(torch.randn(parameter.shape, generator=dice) * 0.15 * parameter.data.std(correction=0).clamp(min=0.1))
        return renderer.to(device)


class Views(Dataset):
    """What is painted in each step, and its targets; every draw depends on the seed and the step alone."""

    def __init__(self, clips: Sequence[LabelledClip], seed: int, each: int, steps: int):
        self.clips, self.seed, self.each, self.steps = clips, seed, each, steps

    def __len__(self) -> int:
        return self.steps

    def __getitem__(self, step: int) -> tuple[Tracks, Targets, Taste]:
        dice = torch.Generator().manual_seed(self.seed * 1_000_003 + step)
        kind, distance, radius, seed = torch.rand(4, generator=dice).tolist()
        config = DrActionConfig(size=PICTURE, distance=1.5 + distance**2, radius=0.02 + 0.02 * radius)
        taste = Taste(config, kind < 0.25, 0 if kind < 0.6 else int(seed * 2**31))
        chosen = torch.randint(len(self.clips), (self.each,), generator=dice).tolist()
        sampled = [self._view(self.clips[n].clip, dice).sample(_FRAMES, dice) for n in chosen]
        camera = Camera(PICTURE, PICTURE, config.fov_degrees)
        want = [targets(clip, camera, config.distance) for clip in sampled]
        for n, told in zip(chosen, want, strict=True):
            if not deep(self.clips[n].clip).all():               # which way the person of a flat recording faces, nobody knows
                told.felt[:, :-1, :6], told.felt[:, -1, 3:] = torch.nan, torch.nan
        together = Targets(*(torch.cat([getattr(t, name) for t in want]) for name in Targets.__dataclass_fields__))
        return tracks_of(sampled, config), together, taste

    def _view(self, clip: Skeleton, dice: torch.Generator) -> Skeleton:
        seen = resense(clip, dice)
        return mirror(seen) if torch.rand((), generator=dice) < 0.5 else seen


@torch.no_grad()
def painted(tracks: Tracks, want: Targets, taste: Taste, device: torch.device | str = "cpu") -> tuple[Float[Tensor, "F 3 H W"], Targets]:
    """The pictures of one step and their targets, on a device."""
    moved = Tracks(**{name: value.to(device) for name, value in vars(tracks).items()})
    return taste.renderer(device)(moved).flatten(0, 1), Targets(**{name: value.to(device) for name, value in vars(want).items()})


@torch.no_grad()
def errors(seer: Seer, pictures: Float[Tensor, "F 3 H W"], want: Targets) -> dict[str, float]:
    """Mean distance from the true points in the picture plane and in depth, in centimetres at the person's distance, and in body sizes (about
    0.45 m) where each token says its point is along the person's own axes."""
    points, own = (torch.cat(parts) for parts in zip(*(seer(part) for part in pictures.split(96)), strict=True))
    off = points - want.values
    plane = off[..., :2].norm(dim=-1) * want.metres[:, None]
    apart = (own - want.felt)[:, : len(POINTS), :3].norm(dim=-1)
    return {"plane_cm": 100 * plane[want.known].mean().item(), "depth_cm": 100 * off[..., 2].abs()[want.known].mean().item(),
            "own_sizes": apart[apart.isfinite()].mean().item()}


def bundled(testing: bool) -> list[LabelledClip]:
    """The bundled clips of both sensors, of the subjects for testing or of all others."""
    everything = [one for sensor in ("kinect22", "vicon39") for one in read_ui_prmd(sensor)]
    return [one for one in everything if (one.subject in UI_PRMD.test_subjects) == testing]


def examination(seed: int, clips: Sequence[LabelledClip], device: torch.device | str = "cpu") -> tuple[Float[Tensor, "F 3 H W"], Targets]:
    """Pictures of people that the tower never trains on, with their targets."""
    return painted(*Views(clips, seed + 1, 48, 1)[0], device)


def train(
    training: Sequence[LabelledClip], testing: Sequence[LabelledClip], steps: int, clips: int, rate: float, seed: int, work: Path,
    save_every: int = 100, workers: int = 0,
) -> Seer:
    """Trains the tower; writes a checkpoint to `work` every `save_every` steps and goes on from the last one.

    workers: processes that read and bind clips
    """
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(seed)
    seer, check = Seer().to(device), examination(seed, testing, device)
    optimizer = torch.optim.AdamW(seer.parameters(), lr=rate, weight_decay=0.02, fused=True)
    schedule = get_cosine_schedule_with_warmup(optimizer, min(100, steps // 10), steps)
    done = _resume(work, seer, optimizer, schedule)
    views = DataLoader(Subset(Views(training, seed, clips, steps), range(done, steps)), batch_size=None, num_workers=workers)
    bar = tqdm(enumerate(views, done), initial=done, total=steps, desc="the tower learns to see", mininterval=2)
    for step, view in bar:
        pictures, want = painted(*view, device)
        with torch.autocast(device, torch.bfloat16):
            said = seer(pictures)
        cost = loss(said, want)
        optimizer.zero_grad()
        cost.backward()
        nn.utils.clip_grad_norm_(seer.parameters(), 1.0, error_if_nonfinite=True)
        optimizer.step()
        schedule.step()
        if (step + 1) % save_every == 0 or step + 1 == steps:
            _save(work, seer, optimizer, schedule, step + 1)
            bar.write(json.dumps({"step": step + 1, "loss": cost.item(), **errors(seer, *check)}))
    return seer


def _save(work: Path, seer: Seer, optimizer, schedule, step: int) -> None:
    work.mkdir(parents=True, exist_ok=True)
    parts = {"seer": seer, "optimizer": optimizer, "schedule": schedule}
    torch.save({**{name: part.state_dict() for name, part in parts.items()}, "step": step}, work / "new.pt")
    (work / "new.pt").replace(work / "last.pt")       # a kill while writing leaves the previous one


def _resume(work: Path, seer: Seer, optimizer, schedule) -> int:
    if not (work / "last.pt").exists():
        return 0
    state = torch.load(work / "last.pt", weights_only=True, map_location="cpu")
    for part, name in ((seer, "seer"), (optimizer, "optimizer"), (schedule, "schedule")):
        part.load_state_dict(state[name])
    return state["step"]


def main() -> None:
    """The command line: trains (or goes on) and writes the tower's weights in float16."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--clips", type=int, default=16, help="clips a step, 6 pictures each")
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data-root", help="train on the mixture of benchmarks in this folder (the bundled clips of both sensors)")
    parser.add_argument("--workers", type=int, default=0, help="processes that read clips (0)")
    parser.add_argument("--work", type=Path, default=Path("runs/tower"), help="where checkpoints go")
    parser.add_argument("--out", type=Path, default=Path(str(TOWER)))
    told = parser.parse_args()
    training, testing = material(told.data_root) if told.data_root else (bundled(testing=False), bundled(testing=True))
    seer = train(training, testing, told.steps, told.clips, told.rate, told.seed, told.work, workers=told.workers)
    told.out.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: value.half().cpu().contiguous() for name, value in seer.tower.state_dict().items()}, told.out)
    pictures, want = examination(told.seed, testing, next(seer.parameters()).device)
    numbers = {"steps": told.steps, "clips_a_step": told.clips, "rate": told.rate, "seed": told.seed,
               "pictures_of_unseen_people": len(pictures), **errors(seer, pictures, want)}
    told.out.with_suffix(".json").write_text(json.dumps(numbers, indent=1) + "\n")
    print(f"wrote {told.out} ({told.out.stat().st_size / 1e6:.1f} MB): {numbers}")


if __name__ == "__main__":
    main()
