"""`skllm train` from end to end: an InternVL3 of true structure and random weights on the bundled clips."""

import json
import shutil
from pathlib import Path

import pytest
from safetensors.torch import load_file

from skllm.cli import main
from skllm.reason.lora import Lora
from skllm.train import stages
from tests.conftest import fake_internvl3

NAMES = ("render_warmup", "disc_ft", "cr_distill", "refine")


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setitem(stages.RECIPES, "demo", stages.four_stages(1e-3, 1e-3, 1e-3, Lora(rank=2, alpha=4), clips=2))


@pytest.fixture(scope="module")
def base(tmp_path_factory) -> Path:
    folder, made = tmp_path_factory.mktemp("base"), fake_internvl3()
    made.model.save_pretrained(folder)
    made.tokenizer.save_pretrained(folder)
    return folder


def train(out: Path, *more: str) -> int:
    return main(["train", "--out", str(out), "--steps", "2", "--train-each", "1", "--test-each", "1", *more])


def test_four_stages_in_a_row_leave_models_and_records_and_are_not_done_twice(base, tmp_path, capsys):
    assert train(tmp_path, "--base", str(base), "--json") == 0
    assert list(json.loads(capsys.readouterr().out)) == list(NAMES)
    for n, name in enumerate(NAMES):
        record = json.loads((tmp_path / "results" / name / "demo-0.json").read_text())
        assert record["numbers"]["unseen people (strict)"]["n"] == 7 and record["numbers"]["unseen labels (ranked)"]["n"] == 3
        assert record["numbers"]["seconds a step, language model"] > 0 and record["settings"]["name"] == name
        assert ("moved lora" in record["numbers"]) == (n >= 2) and (record["numbers"]["moved renderer"] > 0) == (n < 3)
        kept = json.loads((tmp_path / f"{name}-0" / "model" / "skllm.json").read_text())
        assert len(kept["loras"]) == max(0, n - 1)
    times = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("learned.safetensors")}
    assert train(tmp_path, "--base", str(base), "--resume") == 0
    assert times == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("learned.safetensors")}
    assert train(tmp_path, "--stages", "3-4", "--seed", "0", "--bf16") == 0         # from the second stage's model
    assert json.loads((tmp_path / "results" / "refine" / "demo-0.json").read_text())["settings"]["bf16"] is True
    assert len(json.loads((tmp_path / "refine-0" / "model" / "skllm.json").read_text())["loras"]) == 2
    after = load_file(tmp_path / "refine-0" / "model" / "learned.safetensors")
    before = load_file(tmp_path / "cr_distill-0" / "model" / "learned.safetensors")
    assert all((after[name] == value).all() for name, value in before.items() if name.startswith(("renderer.", "lora.0.")))


def test_what_cannot_be_trained_is_said_in_a_sentence(base, tmp_path, capsys, monkeypatch):
    for words, says in (
        (["--stages", "2"], "stage 2 starts from an earlier stage's model"), (["--benchmark", "ntu60"], "no NTU RGB+D 60"),
        (["--benchmark", "nothing"], "no benchmark 'nothing'"), (["--report-to", "abacus"], "needs the package abacus"),
        (["--recipe", "tiny"], "--data-root names the folder"), (["--recipe", "tiny", "--data-root", str(tmp_path)], "takes no --train-each"),
        (["--renderer", "2d", "--base", str(base)], "--renderer 2d is of --recipe tiny"),
        (["--teacher", "oracle", "--base", str(base), "--stages", "3"], "no teacher 'oracle'"),
    ):
        assert train(tmp_path, *words) == 2
        assert says in capsys.readouterr().err
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert train(tmp_path, "--compile", "--base", str(base)) == 2 and "finds no g++" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        train(tmp_path, "--stages", "1,1")
