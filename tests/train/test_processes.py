"""Several processes do what one does: the same training, and each clip's answer once."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from accelerate.commands.config.config_args import load_config_from_file
from safetensors.torch import load_file

from skllm.study.evaluation import merged
from skllm.train.stages import RECIPES
from skllm.train.trainer import _share
from tests.conftest import fake_internvl3

ROOT = Path(__file__).parents[2]


def run(out: Path, processes: int, program: str = "processes") -> Path:
    launch = ["-m", "torch.distributed.run", "--standalone", f"--nproc_per_node={processes}"] if processes > 1 else []
    told = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, *launch, "-m", f"tests.train.{program}", str(out)], cwd=ROOT, env=told, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return out


@pytest.mark.slow
def test_two_processes_train_and_answer_as_one_does(tmp_path):
    """Four stages of four clips a step: on one process, and two clips each on two. Sums run in another order, so not bit for bit."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    one, two = run(tmp_path / "one", 1), run(tmp_path / "two", 2)
    alone, shared = (json.loads((folder / "told-0.json").read_text()) for folder in (one, two))
    for stage in ("render_warmup", "disc_ft", "cr_distill", "refine"):
        assert shared[stage] == pytest.approx(alone[stage], rel=1e-4), stage
    weights, parts = load_file(one / "weights-0.safetensors"), [load_file(two / f"weights-{rank}.safetensors") for rank in (0, 1)]
    for name, value in weights.items():
        assert torch.equal(parts[0][name], parts[1][name]), name            # both processes hold the same model
        torch.testing.assert_close(parts[0][name], value, rtol=1e-3, atol=2e-4)
    told = [json.loads((two / f"told-{rank}.json").read_text()) for rank in (0, 1)]
    assert told[0]["said"] == told[1]["said"] and len(told[0]["said"]) == 7 and told[0]["labels"] == alone["labels"]
    assert told[0]["said"] == alone["said"] and told[0]["judged"] == alone["judged"]


def test_the_command_shares_a_step_among_the_processes_that_torchrun_starts(tmp_path):
    made = fake_internvl3()
    made.model.save_pretrained(tmp_path / "base")
    made.tokenizer.save_pretrained(tmp_path / "base")
    asked = ["--stages", "3", "--steps", "1", "--train-each", "1", "--test-each", "1", "--base", str(tmp_path / "base"), "--out", str(tmp_path)]
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2", "-m", "skllm", "train", *asked]
    told = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(launch, cwd=ROOT, env=told, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.count("records in") == 1          # one process asks the teacher, writes and tells
    assert json.loads((tmp_path / "results" / "cr_distill" / "demo-0.json").read_text())["settings"]["processes"] == 2


@pytest.mark.slow
def test_weights_spread_over_two_processes_learn_and_are_saved_whole(tmp_path):
    """FSDP2 over a bfloat16 base whose renderer, projector and LoRA are float32: two steps of stage 3, then `learned`."""
    one, two = (load_file(run(tmp_path / f"{n}.safetensors", n, "sharded")) for n in (1, 2))
    assert one.keys() == two.keys()
    for name, value in one.items():
        torch.testing.assert_close(two[name], value, rtol=0.05, atol=0.01)


@pytest.mark.parametrize("name", ["fsdp", "deepspeed"])
def test_launch_files_are_what_accelerate_reads_and_name_layers_that_exist(name):
    told = load_config_from_file(str(ROOT / "skllm" / "train" / "launch" / f"{name}_internvl3_8b.yaml"))
    assert told.distributed_type.value == name.upper() and told.mixed_precision == "no"
    wrapped = told.fsdp_config.get("fsdp_transformer_layer_cls_to_wrap", "").split(",") if told.fsdp_config else []
    there = {type(module).__name__ for module in fake_internvl3().modules()}
    assert name == "deepspeed" or (len(wrapped) == 2 and set(wrapped) <= there)


def test_answers_of_all_processes_are_put_in_order():
    assert merged([(0, "a"), (2, "c"), (1, "b"), (3, "d")], 4) == ["a", "b", "c", "d"]


@pytest.mark.parametrize("answers", [[(0, "a")], [(0, "a"), (0, "a"), (1, "b")], [(0, "a"), (2, "c")]])
def test_a_lost_or_doubled_answer_is_noticed(answers):
    with pytest.raises(RuntimeError, match="2 clips were shared out"):
        merged(answers, 2)


def test_a_step_that_processes_cannot_share_is_refused():
    stage = RECIPES["demo"][0]
    assert _share(stage, 2) == 2
    with pytest.raises(ValueError, match="has 4 clips, which 3 processes"):
        _share(stage, 3)
