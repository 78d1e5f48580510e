"""DrAction: the learnable renderer. Bind -> look and shape -> project -> paint.

It differs from the paper's released code where that code could not learn (see REPRODUCIBILITY.md): appearance belongs to
body parts rather than joint numbers, motion is measured in body sizes, and the GRU runs over frames.
"""

from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn

from skllm.render.blending import blend_of
from skllm.render.gaussians import Tracks
from skllm.render.meaning import SLOTS
from skllm.render.renderer import RECURRENT, DrActionConfig, Renderer

_WIDTHS = {"position": 2, "velocity": 3, "depth": 1}


class DrAction(Renderer):
    """The paper's renderer: base appearance of each body part, modulated by motion over time, mixed with depth colour."""

    def __init__(self, config: DrActionConfig | None = None, seed: int = 0):
        super().__init__(config)
        c, slots = self.config, 2 * len(SLOTS)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.features = nn.Parameter(torch.cat([torch.randn(len(SLOTS), c.features), torch.zeros(len(SLOTS), c.features)]))
            self.base = _head(c.features, c.hidden, 4, spread=1.0)
            self.nfm = Modulator(c) if c.nfm else None
            start = {"position": torch.zeros(slots, 3), "scale": 0.02 * torch.randn(slots, 3), "rotation": torch.zeros(slots, 3)}
        self.depth_mix = nn.Parameter(torch.tensor(-0.5))
        self.geometry = nn.ParameterDict({what: nn.Parameter(start[what]) for what in c.geometry})      # a ball has no slope by its turn
        self.blend = blend_of(c.blend)
        with torch.no_grad():
            self.base[-1].bias[3] += 1.5       # bones start well visible, so that there is light to carry a slope

    @staticmethod
    def from_released(path: str | Path, size: int = 448) -> Renderer:
        """The authors' released renderer, from their safetensors file, painting as theirs does; see `released.Released`.

        size: pixels a side; theirs is 448, another is for models that see smaller pictures.
        """
        from skllm.render.released import read_released

        return read_released(path, size)

    def look(self, tracks: Tracks) -> tuple[Float[Tensor, "R T 3"], Float[Tensor, "R T"]]:
        """Colours (1 - mix) learned + mix depth ramp, and opacities sigma(alpha + change) sigma(gate) (paper, DrAction).

        The learned colour is sigma(rgb + change): the paper's clamp of sigma(rgb) + change has no slope once saturated.
        """
        base = self.base(tracks.meaning @ self.features)[:, None].expand(-1, tracks.seen.shape[1], -1)
        change, gate = self.nfm(tracks, base) if self.nfm else (torch.zeros_like(base), torch.ones_like(base[..., 0]))
        raw = base + change
        mix = self.depth_mix.sigmoid()
        colors = (1 - mix) * raw[..., :3].sigmoid() + mix * depth_ramp(tracks.centred[..., 2])
        return colors, raw[..., 3].sigmoid() * gate

    def shape(self, tracks: Tracks) -> tuple[Float[Tensor, "R T 3"], Float[Tensor, "R T 3"], Float[Tensor, "R T 4"]]:
        """Means, scales and quaternions, each moved by what the Gaussian's part has learned.

        Shifts are in radii along the world's axes; scales are radius x exp(learned), across and across the bone and along
        it; rotations turn those axes, starting from the shortest turn of z into the bone.
        """
        means, scales, quaternions = super().shape(tracks)
        learned = {what: (tracks.meaning @ values)[:, None] for what, values in self.geometry.items()}
        if "position" in learned:
            means = means + self.config.radius * learned["position"]
        if "scale" in learned:
            scales = scales * learned["scale"].exp()
        if "scale" in learned or "rotation" in learned:
            quaternions = turn_to(tracks.along)
        if "rotation" in learned:
            turn = torch.cat([torch.ones_like(learned["rotation"][..., :1]), learned["rotation"]], -1)
            quaternions = quaternion_product(quaternions, turn.expand_as(quaternions))
        return means, scales, quaternions


class Modulator(nn.Module):
    """NFM, the Neural Feature Modulator: position, velocity, depth and base appearance over time -> change of appearance, gate.

    Positions and depth are from the person's middle in body sizes, velocity in body sizes a second. The memory runs over
    frames, one sequence a Gaussian and person.
    """

    def __init__(self, config: DrActionConfig):
        super().__init__()
        self.inputs = config.inputs
        width = sum(_WIDTHS[what] for what in self.inputs) + 4
        self.memory = RECURRENT[config.recurrent](width, width, batch_first=True) if config.recurrent else None
        self.head = _head(width, config.hidden, 5, spread=0.1)
        with torch.no_grad():
            self.head[-1].bias[4] = 2.0       # the gate starts open

    def forward(self, tracks: Tracks, base: Float[Tensor, "R T 4"]) -> tuple[Float[Tensor, "R T 4"], Float[Tensor, "R T"]]:
        """Changes of the raw colour and opacity, and the saliency gate in (0, 1)."""
        known = {"position": tracks.centred[..., :2], "velocity": tracks.pace, "depth": tracks.centred[..., 2:]}
        inputs = torch.cat([*(known[what] for what in self.inputs), base], -1)
        remembered = self.memory(inputs)[0] if self.memory else inputs
        out = self.head(remembered)
        return out[..., :4], out[..., 4].sigmoid()


def _head(inputs: int, hidden: int, outputs: int, spread: float) -> nn.Sequential:
    head = nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, outputs))
    with torch.no_grad():
        head[0].weight.normal_(0, 1)
        head[0].bias.normal_(0, 0.1)
        head[2].weight.normal_(0, spread / hidden**0.5)
        head[2].bias.zero_()
    return head


def turn_to(direction: Float[Tensor, "*batch 3"]) -> Float[Tensor, "*batch 4"]:
    """The quaternion w x y z of the shortest turn from z to a direction of length one; for -z half a turn about x."""
    x, y, z = direction.unbind(-1)
    back = z < -1 + 1e-6
    parts = (torch.where(back, 0, 1 + z), torch.where(back, 1, -y), torch.where(back, 0, x), torch.zeros_like(z))
    return torch.nn.functional.normalize(torch.stack(parts, -1), dim=-1)


def quaternion_product(a: Float[Tensor, "*batch 4"], b: Float[Tensor, "*batch 4"]) -> Float[Tensor, "*batch 4"]:
    """The turn that makes b first and then a; w x y z."""
    aw, ax, ay, az = a.unbind(-1)
    bw, bx, by, bz = b.unbind(-1)
    return torch.stack([
        aw * bw - ax * bx - ay * by - az * bz, aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx, aw * bz + ax * by - ay * bx + az * bw,
    ], -1)


def depth_ramp(depth: Float[Tensor, "*batch"]) -> Float[Tensor, "*batch 3"]:
    """Near blue, middle green, far red, over two body sizes to either side of the person's middle.

    Fixed in body sizes over the clip, where the paper stretches each frame to its own range and so flickers.
    """
    return blue_to_red((0.5 + depth / 4).clamp(0, 1))


def blue_to_red(share: Float[Tensor, "*batch"]) -> Float[Tensor, "*batch 3"]:
    """Blue at 0, green at 0.5, red at 1."""
    return torch.stack([share, 1 - 2 * (share - 0.5).abs(), 1 - share], -1)
