"""Fixed renderers: the same pictures to the same interface, with nothing to learn."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from skllm.render.draction import blue_to_red, depth_ramp
from skllm.render.gaussians import Gaussians, Tracks, bind
from skllm.render.meaning import SLOTS
from skllm.render.renderer import Renderer, pack
from skllm.skeleton import SIDES, Skeleton

_FULL_PACE = 2.0           # body sizes a second at which a joint is fully bright; about 1 m/s for a grown-up
_SIDE_COLORS = {"left": (0.2, 0.6, 1.0), "right": (1.0, 0.5, 0.1), "middle": (0.9, 0.9, 0.9)}
_POINTS = 10               # of a trajectory between two sampled frames


class VelocityRenderer(Renderer):
    """`3D+Velocity`, the baseline: depth is hue (near blue, far red), speed is brightness, from dim at rest to full."""

    def look(self, tracks: Tracks) -> tuple[Float[Tensor, "R T 3"], Float[Tensor, "R T"]]:
        """Colours and opacities in [0, 1] of every track at every frame."""
        brightness = 0.35 + 0.65 * (tracks.pace.norm(dim=-1) / _FULL_PACE).clamp(max=1)
        return depth_ramp(tracks.centred[..., 2]) * brightness[..., None], torch.full_like(tracks.seen, 0.8)


class FlatRenderer(Renderer):
    """`2D`: the skeleton as pose estimators draw it, without depth or motion; the left side blue, the right orange."""

    def look(self, tracks: Tracks) -> tuple[Float[Tensor, "R T 3"], Float[Tensor, "R T"]]:
        """Colours and opacities in [0, 1] of every track at every frame."""
        colors = (sides_of(tracks) @ tracks.seen.new_tensor(list(_SIDE_COLORS.values())))[:, None]
        return colors.expand(-1, tracks.seen.shape[1], -1), torch.full_like(tracks.seen, 0.9)

    def shape(self, tracks: Tracks) -> tuple[Float[Tensor, "R T 3"], Float[Tensor, "R T 3"], Float[Tensor, "R T 4"]]:
        """Everybody is pressed onto the plane through the clip's middle, so that nearness does not enlarge."""
        means, scales, quaternions = super().shape(tracks)
        return flattened(means, tracks), scales, quaternions


class TrajectoryRenderer(Renderer):
    """`JTM`, joint trajectory maps (Wang et al. 2016): each picture holds the paths of all joints up to its frame.

    Hue runs along time, forwards through the colours for the left side and backwards for the right, grey for the middle;
    speed sets saturation and brightness. That paper's one map a clip is the last picture; the earlier ones let it grow.
    """

    def gaussians(self, clips: list[Skeleton]) -> tuple[Gaussians, int]:
        """Points on the straight paths between sampled frames, drawn again in every later picture, the newest in front."""
        tracks = bind(clips, self.place(clips), per_bone=0)
        frames = tracks.seen.shape[1]
        point = torch.arange((frames - 1) * _POINTS + 1, device=self.device)
        when = point / _POINTS
        means, seen = _between(flattened(tracks.positions, tracks), point), _both_seen(tracks.seen, point)
        age = (frames - when) * 1e-4                                    # metres behind the plane
        opacities = 0.9 * _freshness(means, self.config.radius)
        means = means + age[:, None] * means.new_tensor([0.0, 0, 1])
        colors = _path_colors(sides_of(tracks), _between(tracks.pace, point).norm(dim=-1), when / max(frames - 1, 1))
        drawn = torch.arange(frames, device=self.device) >= when.ceil()[:, None]
        at_once = (seen[..., None] * drawn).flatten(0, 1)               # every point is a track of its own

        def still(values: Tensor) -> Tensor:
            return values.flatten(0, 1)[:, None].expand(-1, frames, -1)

        clip = tracks.clip.repeat_interleave(len(when))
        round_ = torch.full_like(still(means), self.config.radius)
        upright = means.new_tensor([1.0, 0, 0, 0]).expand(*at_once.shape, 4)
        g = pack(clip, at_once, still(means), round_, upright, still(opacities[..., None])[..., 0], still(colors))
        return g, len(clips) * frames


def _between(values: Float[Tensor, "R T D"], point: Int[Tensor, " X"]) -> Float[Tensor, "R X D"]:
    """Values on the straight lines between frames, at `_POINTS` points a frame."""
    before, share = point // _POINTS, (point % _POINTS / _POINTS)[:, None]
    after = (before + 1).clamp(max=values.shape[1] - 1)
    return (1 - share) * values[:, before] + share * values[:, after]


def _both_seen(seen: Float[Tensor, "R T"], point: Int[Tensor, " X"]) -> Float[Tensor, "R X"]:
    """The lesser confidence of the frames to either side, so that no line leads to where a joint is absent."""
    before = point // _POINTS
    after = (before + (point % _POINTS > 0)).clamp(max=seen.shape[1] - 1)
    return torch.minimum(seen[:, before], seen[:, after])


def _freshness(means: Float[Tensor, "R X 3"], radius: float) -> Float[Tensor, "R X"]:
    """How much of half a radius each point went since the last, at most 1, so that who stands still stays one dot."""
    steps = (means[:, 1:, :2] - means[:, :-1, :2]).norm(dim=-1) / (0.5 * radius)
    return torch.cat([torch.ones_like(means[:, :1, 0]), steps.clamp(max=1)], 1)


def _path_colors(sides: Float[Tensor, "R 3"], pace: Float[Tensor, "R X"], time: Float[Tensor, " X"]) -> Float[Tensor, "R X 3"]:
    hues = torch.stack([blue_to_red(time), blue_to_red(1 - time), torch.full_like(blue_to_red(time), 0.6)])
    vivid = (0.35 + 0.65 * (pace / _FULL_PACE).clamp(max=1))[..., None]
    return vivid * (vivid * torch.einsum("rs,sxc->rxc", sides, hues) + (1 - vivid) * 0.6)


def flattened(means: Float[Tensor, "R T 3"], tracks: Tracks) -> Float[Tensor, "R T 3"]:
    """The means, every clip on the plane of its average depth."""
    shown = (tracks.seen > 0).to(means)
    clips = int(tracks.clip.max()) + 1
    total, count = (means.new_zeros(clips).index_add(0, tracks.clip, v.sum(1)) for v in (means[..., 2] * shown, shown))
    plane = (total / count)[tracks.clip, None].expand(-1, means.shape[1])
    return torch.stack([means[..., 0], means[..., 1], plane], -1)


def sides_of(tracks: Tracks) -> Float[Tensor, "R 3"]:
    """How far each track is left, right and middle."""
    belongs = tracks.meaning.new_tensor([[float(side == s) for s in SIDES] for _, side in SLOTS])
    return tracks.meaning[:, : len(SLOTS)] @ belongs
