"""Small real recordings in several formats; README.md beside this file gives their sources."""

from importlib.resources import files
from pathlib import Path

_CLIPS = (".bvh", ".skeleton", ".json", ".amc", ".txt", ".pkl")


def sample_files() -> dict[str, Path]:
    """Paths of the bundled clips by name: `walk_cmu.bvh`, `wave_kinect_v2.skeleton`, `squat_coco17.json`, `run_cmu.amc` and others."""
    folder = Path(str(files("skllm.samples")))
    return {path.name: path for path in sorted(folder.iterdir()) if path.suffix in _CLIPS}
