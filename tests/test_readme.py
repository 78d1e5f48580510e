import re
from pathlib import Path

import pytest

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
