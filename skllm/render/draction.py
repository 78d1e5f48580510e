"""DrAction: the learnable renderer. Bind -> look -> project -> paint.

It differs from the paper's released code where that code could not learn (see REPRODUCIBILITY.md): appearance belongs to
body parts rather than joint numbers, motion is measured in body sizes, and the GRU runs over frames.
"""

from dataclasses import asdict, dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from skllm.render.camera import Camera, placement
from skllm.render.gaussians import Gaussians, Tracks, bind
from skllm.render.splatting import BACKENDS, LAWS, splat
from skllm.skeleton import PARTS, SIDES, Skeleton

RECURRENT = {"gru": nn.GRU, "lstm": nn.LSTM, "rnn": nn.RNN}


@dataclass(frozen=True)
class DrActionConfig:
    """What DrAction looks like. All but `backend` change the picture.

    size: pixels a side; per_bone: Gaussians inside each bone; radius: metres, one standard deviation
    law: a key of `LAWS`; fov_degrees, distance (metres): the camera and how near the person stands
    nfm: the Neural Feature Modulator; recurrent: "gru", "lstm", "rnn" or None for no memory over frames
    features, hidden: widths of a part's feature vector (the paper's 3) and of the two heads
    """

    size: int = 448
    per_bone: int = 10
    radius: float = 0.02
    law: str = "3dgs"
    fov_degrees: float = 60.0
    distance: float = 1.8
    nfm: bool = True
    recurrent: str | None = "gru"
    features: int = 3
    hidden: int = 64
    backend: str = "auto"

    def __post_init__(self) -> None:
        if self.law not in LAWS:
            raise ValueError(f"no compositing law {self.law!r}; known: {', '.join(LAWS)}")
        if self.recurrent is not None and self.recurrent not in RECURRENT:
            raise ValueError(f"recurrent is one of {', '.join(RECURRENT)} or None; got {self.recurrent!r}")
        if self.backend not in BACKENDS:
            raise ValueError(f"no backend {self.backend!r}; known: {', '.join(BACKENDS)}")
        if not self.radius > 0 or self.per_bone < 0 or self.distance <= 0:
            raise ValueError(f"radius and distance are positive metres and per_bone is at least 0; got {asdict(self)}")


class Renderer(nn.Module):
    """Skeletons become pictures; what a Gaussian looks like is `look`, which each renderer writes."""

    def __init__(self, config: DrActionConfig):
        super().__init__()
        self.config = config
        self.camera = Camera(config.size, config.size, config.fov_degrees)

    def look(self, tracks: Tracks) -> tuple[Float[Tensor, "R T 3"], Float[Tensor, "R T"]]:
        """Colours and opacities in [0, 1] of every track at every frame."""
        raise NotImplementedError(f"{type(self).__name__} must define look")

    def gaussians(self, clips: list[Skeleton]) -> tuple[Gaussians, int]:
        """What is drawn for sampled clips, and on how many pictures."""
        where = torch.stack([placement(clip, self.camera, self.config.distance) for clip in clips])
        tracks = bind(clips, where, self.config.per_bone)
        device = next((p.device for p in self.parameters()), torch.device("cpu"))
        tracks = Tracks(**{name: getattr(tracks, name).to(device) for name in Tracks.__dataclass_fields__})
        colors, opacities = self.look(tracks)
        frames = tracks.seen.shape[1]
        picture = tracks.clip[:, None] * frames + torch.arange(frames, device=device)
        shown = tracks.seen > 0
        count = int(shown.sum())
        return Gaussians(
            picture=picture[shown], means=tracks.positions[shown], opacities=(opacities * tracks.seen)[shown], colors=colors[shown],
            scales=torch.full((count, 3), self.config.radius, device=device),
            quaternions=torch.tensor([1.0, 0, 0, 0], device=device).expand(count, 4),
        ), len(clips) * frames

    def forward(self, clips: list[Skeleton]) -> Float[Tensor, "B T 3 H W"]:
        """Pictures of a batch of sampled clips (`clip.sample(12)`): RGB in [0, 1] on black, always float32.

        Clips may differ in topology and number of people but not in frames.
        """
        if not clips:
            raise ValueError("there are no clips to render; give at least one")
        device_type = next((p.device.type for p in self.parameters()), "cpu")
        with torch.autocast(device_type, enabled=False):
            g, pictures = self.gaussians(clips)
            return splat(g, pictures, self.camera, self.config.law, self.config.backend).unflatten(0, (len(clips), -1))


class DrAction(Renderer):
    """The paper's renderer: base appearance of each body part, modulated by motion over time, mixed with depth colour."""

    def __init__(self, config: DrActionConfig | None = None, seed: int = 0):
        super().__init__(config or DrActionConfig())
        c = self.config
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.features = nn.Parameter(torch.randn(len(PARTS) * len(SIDES), c.features))
            self.base = _head(c.features, c.hidden, 4, spread=1.0)
            self.nfm = Modulator(c) if c.nfm else None
        self.depth_mix = nn.Parameter(torch.tensor(-0.5))
        with torch.no_grad():
            self.base[-1].bias[3] += 1.5       # bones start well visible, so that there is light to carry a slope

    def look(self, tracks: Tracks) -> tuple[Float[Tensor, "R T 3"], Float[Tensor, "R T"]]:
        """Colours (1 - mix) learned + mix depth ramp, and opacities sigma(alpha + change) sigma(gate) (paper, DrAction).

        The learned colour is sigma(rgb + change): the paper's clamp of sigma(rgb) + change has no slope once saturated.
        """
        base = self.base(tracks.meaning @ self.features)[:, None].expand(-1, tracks.seen.shape[1], -1)
        change, gate = self.nfm(tracks, base) if self.nfm else (torch.zeros_like(base), torch.ones_like(base[..., 0]))
        raw = base + change
        mix = self.depth_mix.sigmoid()
        colors = (1 - mix) * raw[..., :3].sigmoid() + mix * depth_ramp(tracks.depth)
        return colors, raw[..., 3].sigmoid() * gate


class Modulator(nn.Module):
    """NFM, the Neural Feature Modulator: position, velocity and base appearance over time -> change of appearance, gate."""

    def __init__(self, config: DrActionConfig):
        super().__init__()
        inputs = 3 + 3 + 4
        self.memory = RECURRENT[config.recurrent](inputs, inputs, batch_first=True) if config.recurrent else None
        self.head = _head(inputs, config.hidden, 5, spread=0.1)
        with torch.no_grad():
            self.head[-1].bias[4] = 2.0       # the gate starts open

    def forward(self, tracks: Tracks, base: Float[Tensor, "R T 4"]) -> tuple[Float[Tensor, "R T 4"], Float[Tensor, "R T"]]:
        """Changes of the raw colour and opacity, and the saliency gate in (0, 1)."""
        inputs = torch.cat([tracks.centred, tracks.pace, base], -1)
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


def depth_ramp(depth: Float[Tensor, "*batch"]) -> Float[Tensor, "*batch 3"]:
    """Near blue, middle green, far red, over two body sizes to either side of the person's middle.

    Fixed in body sizes over the clip, where the paper stretches each frame to its own range and so flickers.
    """
    d = (0.5 + depth / 4).clamp(0, 1)
    return torch.stack([d, 1 - 2 * (d - 0.5).abs(), 1 - d], -1)
