"""The notebooks as they are committed: one cell of parameters, executed in order without errors, small, of no one's machine, with their record."""

import json
import re
from pathlib import Path

import pytest

from skllm.study.results import code_digest

ROOT = Path(__file__).parent.parent
# Recorded before records had a digest of the code.
BEFORE = {"00_quickstart", "01_formats_and_rendering", "02_render_warmup", "03_disc_ft", "04_cr_distill", "05_recognition"}
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_whole(path):
    text = path.read_text()
    told = json.loads(text)
    code = [cell for cell in told["cells"] if cell["cell_type"] == "code"]
    parameters = [cell for cell in code if "parameters" in cell["metadata"].get("tags", [])]
    assert len(parameters) == 1 and parameters[0]["metadata"]["nbmake"] == {"mock": {"scale": "smoke"}}
    assert told["cells"][0]["cell_type"] == "markdown" and "assert" in "".join(code[-1]["source"])
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    assert not any(one["output_type"] == "error" for cell in code for one in cell["outputs"])
    assert len(text.encode()) < 1e6
    assert not re.search(r"(/home/|/root/|/tmp/|/Users/|[A-Z]:\\\\\\\\)", text)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebooks_figures_and_record_are_there_and_of_this_code(path):
    told = json.loads((ROOT / "results" / path.stem / "demo-0.json").read_text())
    assert told.get("code", code_digest(path) if path.stem in BEFORE else "") == code_digest(path), f"{path.stem} has changed since it was executed"
    code = "".join("".join(cell["source"]) for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code")
    drawn = re.findall(r'"(\w+)[^"]*", out\.figures', code)
    kept = {one.stem for one in (ROOT / "papers" / "figures").glob("*.png")}
    assert drawn and all(any(name.startswith(one) for name in kept) for one in drawn), drawn
