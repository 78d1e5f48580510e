"""`load`: which reader a file is for. A format is a row in `FORMATS`."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from skllm.formats.bvh import read_bvh
from skllm.formats.coco import claims_coco, read_coco
from skllm.formats.files import bad, json_of
from skllm.formats.humanml3d import read_humanml3d
from skllm.formats.ntu import read_ntu
from skllm.formats.nw_ucla import claims_nw_ucla, read_nw_ucla
from skllm.skeleton import Skeleton


@dataclass(frozen=True)
class Format:
    """A format: its name, the suffix of its files, its reader, and for JSON how its content is told from another's."""

    name: str
    suffix: str
    read: Callable[..., Skeleton]
    claims: Callable[[object], bool] | None = None


FORMATS = (
    Format("NTU RGB+D", ".skeleton", read_ntu),
    Format("NW-UCLA", ".json", read_nw_ucla, claims_nw_ucla),
    Format("HumanML3D joints", ".npy", read_humanml3d),
    Format("BVH", ".bvh", read_bvh),
    Format("COCO-17 keypoints", ".json", read_coco, claims_coco),
)


def load(path: str | Path, **options) -> Skeleton:
    """The clip in a file, whose format is told by suffix and content, never guessed between two.

    options: what the format's reader takes, such as `metres_per_unit` (BVH) or `size` and `fps` (COCO).
    Raises FileNotFoundError for a path with no file, and ValueError, naming file, place and remedy, for a file that is
    not whole or not of a known format.
    """
    path = Path(path).expanduser()
    fitting = [known for known in FORMATS if known.suffix == path.suffix.lower()]
    if not fitting:
        known = ", ".join(f"{one.suffix} ({one.name})" for one in FORMATS)
        raise ValueError(f"cannot read {path.name!r}: no reader for {path.suffix or 'a file without suffix'!r}; known: {known}; "
                         "arrays go through Skeleton.from_array")
    if len(fitting) > 1:
        content = json_of(path)
        fitting = [known for known in fitting if known.claims(content)]
        if len(fitting) != 1:
            raise bad(path, "the top", "JSON of no known format", "NW-UCLA has a key 'skeletons', COCO a list of 'keypoints'")
    try:
        return fitting[0].read(path, **options)
    except TypeError as wrong:
        if "keyword argument" not in str(wrong):
            raise
        reader = fitting[0].read.__name__
        raise ValueError(f"{path.name}: {fitting[0].name} takes no option {', '.join(options)}; see {fitting[0].read.__module__}.{reader}") from None
