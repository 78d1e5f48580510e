"""The paper's authors' released renderer, painting as theirs does; only the user's own file is read, nothing is shipped.

World position, displacement over four raw frames, a sigmoid within a sigmoid, no memory, a mirrored view, depth colour
stretched to each person and frame, pixel centres at integers, Beer-Lambert compositing, frames drawn with a fixed seed.
"""

import warnings
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from jaxtyping import Bool, Float, Int
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from skllm.render.draction import blue_to_red
from skllm.render.gaussians import TINY, Gaussians
from skllm.render.renderer import DrActionConfig, Renderer, pack
from skllm.skeleton import Skeleton, Topology

_JOINTS, _GAUSSIANS, _STRIDE = 25, 265, 4
_BONES = (       # in the order of the file's Gaussians; joints of NTU RGB+D from 0
    (0, 1), (1, 20), (2, 20), (3, 2), (4, 20), (5, 4), (6, 5), (7, 6), (8, 20), (9, 8), (10, 9), (11, 10), (12, 0), (13, 12), (14, 13),
    (15, 14), (16, 0), (17, 16), (18, 17), (19, 18), (21, 22), (22, 7), (23, 24), (24, 11),
)
_SHAPES = {
    "appearance_head.0.weight": (64, 3), "appearance_head.0.bias": (64,), "appearance_head.2.weight": (4, 64), "appearance_head.2.bias": (4,),
    "canonical_features": (265, 3), "canonical_joints": (25, 3), "canonical_means": (265, 3), "canonical_opacities": (265, 1),
    "canonical_quats": (265, 4), "canonical_scales": (265, 3), "depth_mix_logit": (), "lbs_weights_logits": (265, 25),
}
_NFM_SHAPES = {"nfm.0.weight": (64, 10), "nfm.0.bias": (64,), "nfm.2.weight": (5, 64), "nfm.2.bias": (5,)}
_LAYERS = ("0.weight", "0.bias", "2.weight", "2.bias")
_EXPLODED, _SANE = "appearance_head.0.weight", 1e4
_TIED = 1e-3              # larger weights tie a Gaussian to a joint; the file's smallest real one is about 1/11
_JOINT_RADIUS, _BONE_RADIUS, _LONGEST_ROW = 0.026, 0.016, 24          # of other topologies: metres, metres, Gaussians


@dataclass(frozen=True)
class _People:
    """The people of one clip, mirrored and placed.

    means: where Gaussians are drawn, with the canonical pose's rounding; carried, displacement: mixes of the joints'
    positions and moves, which the modulator sees; radii: metres; seen: the least certain joint's confidence
    """

    features: Float[Tensor, "N 3"]
    radii: Float[Tensor, "N 3"]
    means: Float[Tensor, "P N T 3"]
    carried: Float[Tensor, "P N T 3"]
    displacement: Float[Tensor, "P N T 3"]
    seen: Float[Tensor, "P N T"]


class Released(Renderer):
    """The released DrAction; `DrAction.from_released` fills it from a file.

    NTU RGB+D clips are painted from the file's own canonical pose and weights. For another topology features are stretched
    along the order of its joints and bones, and the person is centred in height and stands at 2.5 m, as theirs does for HumanML3D.
    """

    def __init__(self, config: DrActionConfig | None = None):
        super().__init__(config or DrActionConfig(law="beer-lambert", recurrent=None, geometry=()))
        self.features = nn.Parameter(torch.zeros(_GAUSSIANS, 3))
        self.base = nn.Sequential(nn.Linear(3, 64), nn.ReLU(), nn.Linear(64, 4))
        self.nfm = nn.Sequential(nn.Linear(10, 64), nn.ReLU(), nn.Linear(64, 5)) if self.config.nfm else None
        self.depth_mix = nn.Parameter(torch.tensor(-0.5))
        for name, shape in (("joints", (_JOINTS, 3)), ("means", (_GAUSSIANS, 3)), ("scales", (_GAUSSIANS, 3)), ("logits", (_GAUSSIANS, _JOINTS))):
            self.register_buffer(name, torch.zeros(shape))

    def sample(self, clip: Skeleton, frames: int, generator: torch.Generator | None = None) -> Skeleton:
        """Their frames: one drawn from each segment, or drawn with replacement from a shorter clip; always the same without a generator.

        Their velocity, the displacement over the next four raw frames, travels along in m/s as if four frames had passed.
        """
        later = (torch.arange(clip.frames) + _STRIDE).clamp(max=clip.frames - 1)
        velocity = (clip.xyz[later] - clip.xyz) * (clip.fps / _STRIDE)
        velocity = torch.where((clip.seen > 0)[..., None] & velocity.isnan(), 0, velocity)       # gone by then: theirs is undefined
        at = drawn_frames(clip.frames, frames, generator or torch.Generator())
        turned = None if clip.orientations is None else clip.orientations[at]
        return replace(clip, xyz=clip.xyz[at], seen=clip.seen[at], velocity=velocity[at], orientations=turned)

    def gaussians(self, clips: list[Skeleton]) -> tuple[Gaussians, int]:
        """What is drawn for sampled clips, and on how many pictures."""
        if len({clip.frames for clip in clips}) > 1:
            raise ValueError("clips of one batch need equally many frames; call renderer.sample(clip, frames) first")
        parts = [self._clip(n, clip.measured()) for n, clip in enumerate(clips)]
        packed = (torch.cat([getattr(part, field) for part in parts]) for field in Gaussians.__dataclass_fields__)
        return Gaussians(*packed), len(clips) * clips[0].frames

    def _clip(self, number: int, clip: Skeleton) -> Gaussians:
        people = self._bind(clip)
        colors, opacities = self._paint(people)
        shape = people.seen.shape
        upright = people.means.new_tensor([1.0, 0, 0, 0]).expand(*shape, 4)
        radii = people.radii[None, :, None].expand(*shape, 3)
        tracks = (v.flatten(0, 1) for v in ((people.seen > 0).float(), people.means, radii, upright, opacities, colors))
        return pack(torch.full((shape[0] * shape[1],), number, device=self.device), *tracks)

    def _bind(self, clip: Skeleton) -> _People:
        ever = (clip.seen > 0).any(2).any(0)
        xyz, seen, velocity = (values[:, ever].to(self.device) for values in (clip.xyz, clip.seen, clip.velocity))
        mirror, native = xyz.new_tensor([-1.0, 1, 1]), clip.topology.name == "ntu25"
        xyz, moved = _placed(xyz * mirror, native), velocity * mirror * (_STRIDE / clip.fps)
        there, joints = (seen > 0)[..., None], xyz.shape[2]
        if native:
            weights, features, radii, rest, start = self.logits.softmax(-1), self.features, self.scales, self.joints, self.means
        else:
            weights = bone_rows(clip.topology, xyz[:, 0]).to(xyz)
            features, rest, start = self._stretched(joints, len(weights)), xyz.new_zeros(joints, 3), xyz.new_zeros(len(weights), 3)
            thick = [_JOINT_RADIUS] * joints + [_BONE_RADIUS] * (len(weights) - joints)
            radii = xyz.new_tensor(thick)[:, None].expand(-1, 3)

        def carry(values: Tensor) -> Tensor:
            return torch.einsum("nj,tpjd->pntd", weights, torch.where(there, values, 0))

        sure = torch.where(weights > _TIED, seen[:, :, None], torch.inf).amin(-1).permute(1, 2, 0)
        return _People(features, radii, start[:, None] + carry(xyz - rest), carry(xyz), carry(moved), sure)

    def _stretched(self, joints: int, gaussians: int) -> Float[Tensor, "N 3"]:
        """Features for other counts of joints and bone points: linear along the order in which they stand."""
        parts = ((self.features[:_JOINTS], joints), (self.features[_JOINTS:], gaussians - joints))
        resized = [nn.functional.interpolate(f.T[None], size=size, mode="linear", align_corners=True)[0].T for f, size in parts if size]
        return torch.cat(resized)

    def _paint(self, people: _People) -> tuple[Float[Tensor, "P N T 3"], Float[Tensor, "P N T"]]:
        """Colours and opacities; the opacity's base has been through a sigmoid once already."""
        raw = self.base(people.features)[:, None].expand(*people.seen.shape, 4)
        colors, opacities = raw[..., :3].sigmoid(), raw[..., 3].sigmoid()
        if self.nfm:
            change = self.nfm(torch.cat([people.carried, people.displacement, raw], -1))
            colors = (colors + change[..., :3]).clamp(0, 1)
            opacities = (opacities + change[..., 3]).sigmoid() * change[..., 4].sigmoid()
        mix = self.depth_mix.sigmoid()
        return (1 - mix) * colors + mix * _stretched_ramp(people.means[..., 2], people.seen > 0), opacities


def drawn_frames(frames: int, wanted: int, generator: torch.Generator) -> Int[Tensor, " F"]:
    """Frame numbers as the released code draws them. A generator that was never seeded gives the same ones every time."""
    if wanted == 1:
        return torch.tensor([frames // 2])
    if frames == wanted:
        return torch.arange(frames)
    if frames < wanted:
        return torch.randint(frames, (wanted,), generator=generator).sort().values
    edges = torch.linspace(0, frames, wanted + 1)
    low = edges[:-1].floor().long().clamp(max=frames - 1)
    high = torch.maximum(low, (edges[1:].ceil().long() - 1).clamp(max=frames - 1))
    return torch.cat([torch.randint(a, b + 1, (1,), generator=generator) for a, b in zip(low.tolist(), high.tolist(), strict=True)])


def bone_rows(topology: Topology, xyz: Float[Tensor, "T J 3"]) -> Float[Tensor, "N J"]:
    """Weights for another topology: on each bone 2 to 24 Gaussians, by its length beside the longest in the first frame."""
    first = torch.where(xyz[0].isfinite(), xyz[0], xyz.nanmedian(0).values).cpu()
    lengths = [(first[a] - first[b]).norm().nan_to_num(0.0).item() for a, b in topology.bones]     # a joint never seen is not drawn
    longest = max([*lengths, TINY])
    joints = torch.eye(len(topology.joint_names))
    rows = [joints]
    for (a, b), length in zip(topology.bones, lengths, strict=True):
        count = min(max(round(_LONGEST_ROW * length / longest), 2), _LONGEST_ROW)
        share = ((torch.arange(count) + 1) / (count + 1))[:, None]
        rows.append((1 - share) * joints[a] + share * joints[b])
    return torch.cat(rows)


def _placed(xyz: Float[Tensor, "T P J 3"], native: bool) -> Float[Tensor, "T P J 3"]:
    """Kinect people stay where the sensor saw them, unless at its lens; others are centred in height and put at 2.5 m."""
    y, z = (xyz[..., axis].nanmedian() for axis in (1, 2))
    if native:
        return xyz + xyz.new_tensor([0.0, 0, 1.0 if z.abs() < 0.5 else 0.0])
    return xyz + torch.stack([torch.zeros_like(y), -y, 2.5 - z])


def _stretched_ramp(depth: Float[Tensor, "P N T"], shown: Bool[Tensor, "P N T"]) -> Float[Tensor, "P N T 3"]:
    """Blue to red from a person's nearest to their farthest Gaussian in each frame."""
    near = torch.where(shown, depth, torch.inf).amin(1, keepdim=True)
    far = torch.where(shown, depth, -torch.inf).amax(1, keepdim=True)
    return blue_to_red(torch.where(shown, (depth - near) / (far - near + 1e-6), 0)).clamp(0, 1)


def read_released(path: str | Path, size: int = 448) -> Released:
    """The renderer of one of the authors' safetensors files.

    Raises ValueError where a tensor is missing, extra, of another shape or not finite, or a weight is beyond 1e4. One such
    weight is known, in `appearance_head.0.weight` of the file without a modulator: it loads, with a warning.
    """
    try:
        stored = {name: value.float() for name, value in load_file(path).items()}
    except (OSError, SafetensorError) as broken:
        raise ValueError(f"cannot read {path} as safetensors ({broken}); download the authors' file again") from broken
    nfm = any(name.startswith("nfm.") for name in stored)
    _check(stored, {**_SHAPES, **(_NFM_SHAPES if nfm else {})}, path, nfm)
    renderer = Released(DrActionConfig(size=size, law="beer-lambert", nfm=nfm, recurrent=None, geometry=()))
    ours = {
        "features": "canonical_features", "joints": "canonical_joints", "means": "canonical_means", "scales": "canonical_scales",
        "logits": "lbs_weights_logits", "depth_mix": "depth_mix_logit", **{f"base.{n}": f"appearance_head.{n}" for n in _LAYERS},
        **({f"nfm.{n}": f"nfm.{n}" for n in _LAYERS} if nfm else {}),
    }
    renderer.load_state_dict({mine: stored[theirs] for mine, theirs in ours.items()})
    return renderer


def _check(stored: dict[str, Tensor], shapes: dict[str, tuple[int, ...]], path: str | Path, nfm: bool) -> None:
    if stored.keys() != shapes.keys():
        missing, extra = sorted(shapes.keys() - stored.keys()), sorted(stored.keys() - shapes.keys())
        raise ValueError(f"{path} is not a released DrAction: missing {missing}, extra {extra}; download the authors' file again")
    for name, value in stored.items():
        if value.shape != shapes[name] or not value.isfinite().all():
            raise ValueError(f"{path}: {name} has shape {tuple(value.shape)}, wanted {shapes[name]} and finite; download the file again")
        largest = value.abs().max().item()
        if largest > _SANE and (nfm or name != _EXPLODED):
            raise ValueError(f"{path}: {name} reaches {largest:.2g}, far beyond any trained weight; download the file again")
        if largest > _SANE:
            warnings.warn(f"{path}: {name} holds an exploded weight ({largest:.2g}), as published; colours saturate to 0 or 1", stacklevel=4)
