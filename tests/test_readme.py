import json
import re
from pathlib import Path

import pytest

from skllm.respond.scores import Score

README = (Path(__file__).parent.parent / "README.md").read_text()


@pytest.mark.weights
def test_the_readmes_python_runs(capsys):
    exec(compile(re.search(r"```python\n(.*?)```", README, re.S)[1], "README.md", "exec"), {})
    assert "walk" in capsys.readouterr().out


def test_every_file_and_notebook_that_the_readme_names_exists():
    root = Path(__file__).parent.parent
    named = re.findall(r"`((?:notebooks|tests|skllm|papers)/[\w./]+)`|\]\((\w[\w./]+)\)", README)
    for path in {one or other for one, other in named}:
        assert (root / path).exists() or (root / f"{path}.ipynb").exists(), path


def test_the_readmes_scores_and_times_are_the_records():
    told = json.loads((Path(__file__).parent.parent / "results" / "02_render_warmup" / "demo-0.json").read_text())["numbers"]
    for name in ("before (ranked)", "after (ranked)", "before (strict)", "after (strict)", "unseen labels (ranked)"):
        assert str(Score(**told[name])) in README, name
    tower = json.loads((Path(__file__).parent.parent / "skllm" / "weights" / "tiny_tower.json").read_text())
    assert f"{tower['plane_cm']:.1f} cm" in README and f"{tower['depth_cm']:.1f} cm" in README
    for notebook in ("00_quickstart", "01_formats_and_rendering", "02_render_warmup"):
        seconds = json.loads((Path(__file__).parent.parent / "results" / notebook / "demo-0.json").read_text())["seconds"]
        shown = f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
        assert any(f"`{notebook}`" in line and f"| {shown} |" in line for line in README.splitlines()), (notebook, shown)
