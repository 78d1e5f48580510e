"""Records: one JSON file a run, from which every table is built. Nobody types a number into a table."""

import hashlib
import importlib.metadata
import json
import os
import platform
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass, is_dataclass
from datetime import UTC, datetime
from importlib.resources import files
from math import isfinite
from pathlib import Path

import pandas as pd
import torch

from skllm.respond.scores import Score

SCALES = ("smoke", "demo", "paper")
_PACKAGES = ("skllm", "torch", "transformers", "numpy", "numba", "peft", "accelerate")


def project_folder() -> Path:
    """The nearest folder upwards that holds notebooks/ and skllm/, else the current one: where figures and results belong."""
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / "notebooks").is_dir() and (folder / "skllm").is_dir()), here)


def write_record(
    notebook: str, scale: str, seed: int, numbers: Mapping, settings: Mapping, seconds: float, folder: str = "results",
) -> Path:
    """Writes `<folder>/<notebook>/<scale>-<seed>.json` and returns its path.

    numbers: plain numbers and strings, or records such as `Score` with their n and interval; settings: what was run.
    """
    if scale not in SCALES:
        raise ValueError(f"no scale {scale!r}; known: {', '.join(SCALES)}")
    broken = [name for name, value in numbers.items() if isinstance(value, float) and not isfinite(value)]
    if broken:
        raise ValueError(f"a record holds finite numbers; got {', '.join(f'{name} = {numbers[name]}' for name in broken)}: find out why")
    path = project_folder() / folder / notebook / f"{scale}-{seed}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    told = {
        "notebook": notebook, "scale": scale, "seed": seed, "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(seconds, 1), "numbers": {name: _plain(value) for name, value in numbers.items()},
        "settings": {name: _plain(value) for name, value in settings.items()}, "made_with": environment(),
        **({"code": code_digest(source)} if (source := project_folder() / "notebooks" / f"{notebook}.ipynb").is_file() else {}),
    }
    new = path.with_suffix(".new")
    new.write_text(json.dumps(told, indent=1, allow_nan=False))
    os.replace(new, path)
    return path


def environment() -> dict:
    """Versions, hardware, the state of the source, and the digest of the bundled data."""
    return {
        "versions": {name: importlib.metadata.version(name) for name in _PACKAGES}, "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}", "cores": os.cpu_count(),
        "accelerator": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "source": _git(), "bundled_data": _data_digest(),
    }


def code_digest(notebook: Path) -> str:
    """A digest of a notebook's code, without outputs and without what papermill puts in: a record of other code is out of date."""
    cells = [cell for cell in json.loads(notebook.read_text())["cells"] if cell["cell_type"] == "code"]
    own = [cell for cell in cells if "injected-parameters" not in cell["metadata"].get("tags", [])]
    return hashlib.sha256("\0".join("".join(cell["source"]) for cell in own).encode()).hexdigest()[:16]


def read_record(path: Path) -> dict:
    """A record from its file."""
    return json.loads(path.read_text())


def at_paper(scale: str, **needed: str) -> None:
    """Raises ValueError where a notebook runs at `paper` scale and lacks what only its user has, or would ask an embedded model."""
    lacking = [name for name, value in needed.items() if not value or (name in ("base", "model_name") and value.startswith("tiny"))]
    if scale == "paper" and lacking:
        raise ValueError(f"paper scale needs {', '.join(lacking)}: your folder of the data, and a checkpoint or a Hugging Face id; "
                         "give them by -p NAME VALUE, or to `skllm reproduce` by --set NAME=VALUE")


def table(notebook: str, folder: str = "results") -> pd.DataFrame:
    """All records of one notebook, one row a number: scale, seed, name, value, interval and n where it has them."""
    rows = []
    for path in sorted((project_folder() / folder / notebook).glob("*.json")):
        told = read_record(path)
        for name, value in told["numbers"].items():
            fields = value if isinstance(value, dict) else {"value": value}
            shown = {key: fields.get(key) for key in ("value", "low", "high", "n")}
            rows.append({"scale": told["scale"], "seed": told["seed"], "name": name, **shown})
    return pd.DataFrame(rows)


def scores(notebook: str, scale: str, seed: int = 0, folder: str = "results") -> dict[str, Score]:
    """The shares in one record, by name; none where there is no record."""
    told = table(notebook, folder)
    told = told[(told["scale"] == scale) & (told["seed"] == seed)].dropna(subset="n") if len(told) else told
    if not len(told):
        return {}
    rows = told[["value", "n", "low", "high"]].itertuples(index=False, name=None)
    return {name: Score(value, int(n), low, high) for name, (value, n, low, high) in zip(told["name"], rows, strict=True)}


def _plain(value):
    if is_dataclass(value):
        return asdict(value)
    return sorted(value) if isinstance(value, frozenset) else value


def _git() -> str | None:
    """The commit, with '+' where the tree differs from it; None outside a checkout."""
    def ask(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=project_folder(), capture_output=True, text=True, check=True).stdout.strip()

    try:
        return ask("rev-parse", "HEAD") + ("+" if ask("status", "--porcelain", "--", "skllm", "notebooks/*.ipynb") else "")
    except (OSError, subprocess.CalledProcessError):
        return None


def _data_digest() -> str:
    digest = hashlib.sha256()
    for path in sorted(Path(str(files("skllm.benchmarks") / "data")).glob("*.npz")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


@dataclass(frozen=True)
class Outputs:
    """Where a notebook's figures, records and training runs go, under the project's folder."""

    figures: str
    results: str
    runs: Path


def outputs(scale: str, seed: int = 0) -> Outputs:
    """The places for one scale: what is shown are the figures of seed 0, other seeds draw under runs/; a smoke run writes under runs/smoke only."""
    if scale not in SCALES:
        raise ValueError(f"no scale {scale!r}; known: {', '.join(SCALES)}")
    if type(seed) is not int or seed < 0:
        raise ValueError(f"a seed is a whole number, 0 or more; got {seed!r}")
    runs = project_folder() / "runs"
    if scale == "smoke":
        return Outputs("runs/smoke/figures", "runs/smoke/results", runs / "smoke")
    return Outputs("papers/figures" if seed == 0 else f"runs/figures-{seed}", "results", runs)
