"""What every renderer has in common: a configuration, a camera, and the road from clips to pictures."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from skllm.render.blending import BLENDS
from skllm.render.camera import Camera, placement
from skllm.render.gaps import bridged
from skllm.render.gaussians import Gaussians, Tracks, bind
from skllm.render.layouts import LAYOUTS
from skllm.render.splatting import BACKENDS, LAWS, splat
from skllm.skeleton import Skeleton

RECURRENT = {"gru": nn.GRU, "lstm": nn.LSTM, "rnn": nn.RNN}
INPUTS = ("position", "velocity", "depth")
GEOMETRY = ("position", "scale", "rotation")


@dataclass(frozen=True)
class DrActionConfig:
    """What a renderer paints and what of it learns. All but `backend` change the picture.

    size: pixels a side; per_bone: Gaussians inside each bone; radius: metres, one standard deviation
    law: a key of `LAWS`; fov_degrees, distance (metres): the camera and how near the person stands
    nfm: the Neural Feature Modulator; inputs: which of position in the picture plane, velocity and depth it sees;
    recurrent: "gru", "lstm", "rnn" or None for no memory over frames
    features, hidden: widths of a part's feature vector (the paper's 3) and of the two heads
    geometry: which of position, scale and rotation learn beside colour and opacity; the paper says all, its code has none
    blend: which joints carry a Gaussian, one of `BLENDS`
    layout: the joints that are painted, a key of `LAYOUTS`: those that were recorded, or thirteen that nearly every format has
    familiar: bodies that are painted as recorded whatever the layout, such as those a model was trained on: the joint names of each, in any order
    bridge: seconds; a joint that is out of sight for no longer is painted between where it was seen before and after (`bridged`); 0 for never
    """

    size: int = 448
    per_bone: int = 10
    radius: float = 0.02
    law: str = "3dgs"
    fov_degrees: float = 60.0
    distance: float = 1.8
    nfm: bool = True
    inputs: Sequence[str] = INPUTS
    recurrent: str | None = "gru"
    features: int = 3
    hidden: int = 64
    geometry: Sequence[str] = GEOMETRY
    blend: str = "topology"
    backend: str = "auto"
    layout: str = "recorded"
    familiar: Sequence[Sequence[str]] = ()
    bridge: float = 0.0

    def __post_init__(self) -> None:
        for what, known in (("inputs", INPUTS), ("geometry", GEOMETRY)):
            object.__setattr__(self, what, tuple(getattr(self, what)))         # JSON gives lists
            if not set(getattr(self, what)) <= set(known):
                raise ValueError(f"{what} is any of {', '.join(known)}; got {getattr(self, what)}")
        if not _are_bodies(self.familiar):
            raise ValueError(f"familiar is a list of bodies, each a list of different joint names such as NTU25.joint_names; got {self.familiar!r}")
        object.__setattr__(self, "familiar", tuple(sorted({tuple(sorted(body)) for body in self.familiar})))
        for what, known in (("law", LAWS), ("backend", BACKENDS), ("blend", BLENDS), ("layout", LAYOUTS), ("recurrent", [None, *RECURRENT])):
            if getattr(self, what) not in known:
                raise ValueError(f"no {what} {getattr(self, what)!r}; known: {', '.join(map(str, known))}")
        for what, least in (("size", 1), ("per_bone", 0), ("features", 1), ("hidden", 1)):
            if type(getattr(self, what)) is not int or getattr(self, what) < least:
                raise ValueError(f"{what} is a whole number, at least {least}; got {getattr(self, what)!r}")
        if not (0 < self.radius < float("inf") and 0 < self.distance < float("inf")):
            raise ValueError(f"radius and distance are positive metres; got {self.radius} and {self.distance}")
        if not 0 <= self.bridge < float("inf"):
            raise ValueError(f"bridge is in seconds, 0 or more; got {self.bridge}")


def _are_bodies(familiar) -> bool:
    """Whether this holds lists of joint names, none empty and no name twice: what else can't be a topology's."""
    if not isinstance(familiar, list | tuple) or not all(isinstance(body, list | tuple) and body for body in familiar):
        return False
    return all(isinstance(joint, str) for body in familiar for joint in body) and all(len(set(body)) == len(body) for body in familiar)


class Renderer(nn.Module):
    """Skeletons become pictures. A renderer writes `look`, and may write `shape` or all of `gaussians`."""

    def __init__(self, config: DrActionConfig | None = None):
        super().__init__()
        self.config = config or DrActionConfig()
        self.camera = Camera(self.config.size, self.config.size, self.config.fov_degrees)
        self.blend: nn.Module | None = None
        self.register_buffer("_here", torch.zeros(0), persistent=False)        # tells the device where nothing learns

    @property
    def binds(self) -> bool:
        """Whether `tracks_of` makes what it paints from; not where a renderer has a way of its own, or a blend that learns."""
        return type(self).gaussians is Renderer.gaussians and self.blend is None

    @property
    def device(self) -> torch.device:
        """Where the renderer paints from: where `.to` put it."""
        return self._here.device

    def sample(self, clip: Skeleton, frames: int, generator: torch.Generator | None = None) -> Skeleton:
        """The frames of a clip that become pictures: segment centres, or with a generator a random one of each segment.

        First the body is put on the configuration's `layout` unless it is `familiar`, and joints that are lost for no longer than its
        `bridge` are bridged.
        """
        familiar = tuple(sorted(clip.topology.joint_names)) in self.config.familiar
        shown = clip if familiar else LAYOUTS[self.config.layout](clip)
        return bridged(shown, self.config.bridge).sample(frames, generator)

    def look(self, tracks: Tracks) -> tuple[Float[Tensor, "R T 3"], Float[Tensor, "R T"]]:
        """Colours and opacities in [0, 1] of every track at every frame."""
        raise NotImplementedError(f"{type(self).__name__} must define look")

    def shape(self, tracks: Tracks) -> tuple[Float[Tensor, "R T 3"], Float[Tensor, "R T 3"], Float[Tensor, "R T 4"]]:
        """Means and scales in metres and quaternions of every track at every frame: round, and where the joints put them."""
        round_ = torch.full_like(tracks.positions, self.config.radius)
        upright = tracks.positions.new_tensor([1.0, 0, 0, 0]).expand(*tracks.seen.shape, 4)
        return tracks.positions, round_, upright

    def place(self, clips: list[Skeleton]) -> Float[Tensor, "B 3"]:
        """Metres to add to each clip, so that it stands before the camera and fits the picture."""
        return places(clips, self.config).to(self.device)

    def gaussians(self, clips: list[Skeleton] | Tracks) -> tuple[Gaussians, int]:
        """What is drawn for sampled clips, and on how many pictures."""
        tracks = clips if isinstance(clips, Tracks) else bind(clips, self.place(clips), self.config.per_bone, self.blend)
        return self.dressed(tracks), (int(tracks.clip.max()) + 1) * tracks.seen.shape[1]

    def dressed(self, tracks: Tracks) -> Gaussians:
        """Tracks with their look and shape, as one list."""
        colors, opacities = self.look(tracks)
        return pack(tracks.clip, tracks.seen, *self.shape(tracks), opacities, colors)

    def forward(self, clips: list[Skeleton] | Tracks) -> Float[Tensor, "B T 3 H W"]:
        """Pictures of a batch of sampled clips (`renderer.sample(clip, 12)`): RGB in [0, 1] on black, always float32.

        Clips may differ in topology and number of people but not in frames; their `tracks_of` do as well as they themselves.
        """
        if isinstance(clips, list) and not clips:
            raise ValueError("there are no clips to render; give at least one")
        with torch.autocast(self.device.type, enabled=False):
            g, pictures = self.gaussians(clips)
            frames = clips.seen.shape[1] if isinstance(clips, Tracks) else clips[0].frames
            return splat(g, pictures, self.camera, self.config.law, self.config.backend).unflatten(0, (-1, frames))


def places(clips: list[Skeleton], config: DrActionConfig) -> Float[Tensor, "B 3"]:
    """Where a renderer of this configuration puts clips; see `placement`."""
    camera = Camera(config.size, config.size, config.fov_degrees)
    return torch.stack([placement(clip, camera, config.distance) for clip in clips])


def tracks_of(clips: list[Skeleton], config: DrActionConfig) -> Tracks:
    """What a renderer of this configuration follows over the frames of sampled clips, unless its blend learns.

    It needs no renderer, so that the processes that read clips can do it.
    """
    return bind(clips, places(clips, config), config.per_bone)


def pack(
    clip: Tensor, seen: Float[Tensor, "R T"], means: Float[Tensor, "R T 3"], scales: Float[Tensor, "R T 3"],
    quaternions: Float[Tensor, "R T 4"], opacities: Float[Tensor, "R T"], colors: Float[Tensor, "R T 3"],
) -> Gaussians:
    """Tracks over frames become one list, a picture for each clip and frame; what is not seen is left out."""
    frames = seen.shape[1]
    picture, shown = clip[:, None] * frames + torch.arange(frames, device=seen.device), seen > 0
    return Gaussians(picture[shown], means[shown], scales[shown], quaternions[shown], (opacities * seen)[shown], colors[shown])
