"""Reproduction: notebooks run in order, go on where they stopped, tell what failed, and the table comes from records."""

import json
from importlib.resources import files

import pandas as pd
import pytest

from skllm import cli
from skllm.respond.scores import Score
from skllm.study import reproduce
from skllm.study.results import code_digest, write_record

CODE = "scale = 'demo'\nwrong = 0\n"


def notebook(folder, name: str, *cells: str) -> None:
    """A notebook with a cell of parameters and others."""
    made = [{"cell_type": "code", "id": f"c{n}", "execution_count": None, "metadata": {}, "outputs": [], "source": code} for n, code in
            enumerate((CODE, *cells))]
    made[0]["metadata"] = {"tags": ["parameters"]}
    kernel = {"name": "python3", "language": "python", "display_name": "Python 3"}
    (folder / f"{name}.ipynb").write_text(json.dumps({"cells": made, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}))


@pytest.fixture
def project(tmp_path, monkeypatch):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "skllm").mkdir()
    monkeypatch.chdir(tmp_path)
    notebook(tmp_path / "notebooks", "01_a", "print(scale)")
    notebook(tmp_path / "notebooks", "02_b", "1 / int(wrong)")
    return tmp_path


def test_notebooks_run_in_order_go_on_and_tell_what_failed(project, capsys):
    told = dict(reproduce.reproduce("smoke"))
    assert list(told) == ["01_a", "02_b"] and told["01_a"] == "executed" and told["02_b"].startswith("failed: ZeroDivisionError")
    assert dict(reproduce.reproduce("smoke"))["01_a"] == "executed before"
    mended = dict(reproduce.reproduce("smoke", only=["02"], given={"wrong": 1}))
    assert mended == {"02_b": "executed"}
    assert dict(reproduce.reproduce("smoke", only=["02"], given={"wrong": 2})) == {"02_b": "executed"}
    assert dict(reproduce.reproduce("smoke", only=["02"], given={"wrong": 2})) == {"02_b": "executed before"}
    notebook(project / "notebooks", "01_a", "print(scale, 2)")
    assert dict(reproduce.reproduce("smoke", only=["01"])) == {"01_a": "executed"}
    assert dict(reproduce.reproduce("smoke", only=["01"], again=True)) == {"01_a": "executed"}
    assert cli.main(["reproduce", "--scale", "smoke", "--only", "02", "--again"]) == 2 and "02_b failed" in capsys.readouterr().err
    assert cli.main(["reproduce", "--only", "09"]) == 2 and "known: 01_a, 02_b" in capsys.readouterr().err
    for wrong in ({"unknown": 2}, {"scale": "demo"}):
        with pytest.raises(ValueError, match="no notebook among these takes"):
            reproduce.reproduce("smoke", given=wrong)
    assert cli.main(["reproduce", "--scale", "smoke", "--only", "02", "--set", "wrong=3"]) == 0
    assert cli.main(["reproduce", "--set", "x"]) == 2 and "NAME=VALUE" in capsys.readouterr().err


def test_the_table_is_written_from_records_and_the_rest_of_the_file_stays(project):
    (project / "REPRODUCIBILITY.md").write_text("# Mine\n\nbefore\n")
    notebook(project / "notebooks", "13_robustness")
    write_record("13_robustness", "demo", 0, {"noise, cm 5": Score(0.5, 10, 0.2, 0.8)}, {}, 1.0)
    reproduce.write_rows("demo")
    first = (project / "REPRODUCIBILITY.md").read_text()
    assert first.startswith("# Mine\n\nbefore\n") and "| `13_robustness` | executed |" in first and "no notebook yet" in first
    assert "50.0% (20.0% to 80.0%, n = 10) (noise, cm 5)" in first and "61.71%" in first
    (project / "REPRODUCIBILITY.md").write_text(first + "after\n")
    reproduce.write_rows("demo")
    assert (project / "REPRODUCIBILITY.md").read_text() == first + "after\n"
    notebook(project / "notebooks", "13_robustness", "2")
    notebook(project / "notebooks", "17_external_mllms")
    reproduce.write_rows("demo")
    third = (project / "REPRODUCIBILITY.md").read_text()
    assert "`13_robustness` | executed, of older code |" in third and "`17_external_mllms` | not run |" in third
    (project / "REPRODUCIBILITY.md").write_text(first.replace("<!-- end", "<!-- the end"))
    for again in (lambda: reproduce.write_rows("demo"), lambda: reproduce.reproduce("demo", only=["13"])):
        with pytest.raises(ValueError, match="put that back"):
            again()
    assert not (project / "runs" / "reproduce" / "demo").exists()               # it is noticed before the first notebook


def test_one_scales_table_leaves_anothers_and_a_failure_writes_none(project):
    reproduce.write_rows("demo")
    first = (project / "REPRODUCIBILITY.md").read_text()
    assert dict(reproduce.reproduce("paper", only=["02"]))["02_b"].startswith("failed") and (project / "REPRODUCIBILITY.md").read_text() == first
    reproduce.reproduce("paper", only=["01"])
    assert (project / "REPRODUCIBILITY.md").read_text().startswith(first.rstrip()) and "paper scale" in (project / "REPRODUCIBILITY.md").read_text()


def test_every_row_of_the_paper_has_its_numbers():
    told = reproduce.rows("demo")
    assert len(told) == len(told["the paper's"].unique()) and isinstance(told, pd.DataFrame)
    assert told["missing"].str.len().gt(0).all() and told["expected"].str.len().gt(0).sum() >= 15
    done = told[told["status"].str.startswith("executed")]
    asked = pd.read_csv(str(files("skllm.study") / "paper_rows.csv"), keep_default_na=False)["obtained"]
    assert all(done["obtained"][n] for n in done.index if asked[n])             # no row asks a record for what it does not hold


def test_outputs_and_injected_parameters_do_not_change_a_digest_and_code_does(project):
    path = project / "notebooks" / "01_a.ipynb"
    before = code_digest(path)
    told = json.loads(path.read_text())
    told["cells"][1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "demo"}]
    told["cells"].insert(1, {"cell_type": "code", "metadata": {"tags": ["injected-parameters"]}, "source": "scale = 'smoke'", "outputs": []})
    path.write_text(json.dumps(told))
    assert code_digest(path) == before
    notebook(project / "notebooks", "01_a", "print(3)")
    assert code_digest(path) != before
