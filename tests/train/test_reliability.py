"""Nothing is lost on a kill, a full disk or a number that is none; a run that goes on is the run that was never cut off."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from transformers import TrainerCallback, TrainerState

from skllm.benchmarks.records import Excerpt, LabelledClip
from skllm.model import SkeletonLLM
from skllm.reason.lora import Lora
from skllm.render import DrAction, DrActionConfig
from skllm.samples import sample_files
from skllm.train import trainer
from skllm.train.checkpoints import must_hold, whole_checkpoints
from skllm.train.stages import four_stages
from skllm.train.trainer import stage_trainer
from tests.conftest import fake_mllm, stick_clip

LABELS = ["sit", "stand", "wave"]
CLIPS = [LabelledClip(f"c{n}", stick_clip(15 + n, seed=n), LABELS[n % 3], n) for n in range(6)]
RATIONALES = {one.key: f"The right hand goes up.\nLabel: {one.label}" for one in CLIPS}
STAGES = four_stages(1e-2, 1e-3, 1e-3, Lora(rank=2, alpha=4), clips=2)


class Killed(BaseException):
    """Ends a run where it stands, as a kill does: no one cleans up."""


class Kill(TrainerCallback):
    def __init__(self, step: int):
        self.step = step

    def on_step_end(self, args, state, control, **kwargs):
        if state.global_step == self.step:
            raise Killed


def model() -> SkeletonLLM:
    return SkeletonLLM(DrAction(DrActionConfig(size=28, per_bone=3, radius=0.08)), fake_mllm(), frames=4)


def made(folder: Path, stage=STAGES[2], seed=0, steps=8, **options):
    torch.manual_seed(seed)
    return stage_trainer(model(), stage, CLIPS, LABELS, folder, seed, steps=steps, save_steps=2, log_steps=1, rationales=RATIONALES, **options)


def story(done) -> tuple[list[float], dict[str, torch.Tensor]]:
    """Loss of every step and the weights at the end."""
    losses = {entry["step"]: entry["loss"] for entry in done.state.log_history if "loss" in entry}
    return [losses[step] for step in sorted(losses)], done.model.learned()


def same(one, other) -> None:
    assert one[0] == other[0]
    assert one[1].keys() == other[1].keys() and all(torch.equal(value, other[1][name]) for name, value in one[1].items())


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Losses and weights of the third stage, uninterrupted; its LoRA has dropout, so the dice matter."""
    run = made(tmp_path_factory.mktemp("whole"))
    run.train()
    return story(run)


def test_the_same_seed_gives_the_same_numbers_and_another_seed_others(whole, tmp_path):
    for seed in (0, 1):
        run = made(tmp_path / str(seed), seed=seed)
        torch.rand(7)                       # what was drawn before does not matter
        run.train()
        if seed == 0:
            same(story(run), whole)
        else:
            assert story(run)[0] != whole[0]


@pytest.mark.parametrize("step", [1, 3, 4, 7])
def test_a_run_that_is_cut_off_at_any_step_and_goes_on_is_the_whole_run(step, whole, tmp_path):
    cut = made(tmp_path)
    cut.add_callback(Kill(step))
    with pytest.raises(Killed):
        cut.train()
    again = made(tmp_path)
    again.train(resume_from_checkpoint=True)
    same(story(again), whole)


def test_reading_files_in_workers_changes_nothing(tmp_path):
    names = ("walk_cmu.bvh", "wave_kinect_v2.skeleton", "squat_coco17.json", "kick_deepmimic.txt")
    clips = [LabelledClip(name, Excerpt(sample_files()[name]), LABELS[n % 3]) for n, name in enumerate(names)]
    runs = [stage_trainer(model(), STAGES[0], clips, LABELS, tmp_path / str(workers), steps=4, log_steps=1, workers=workers) for workers in (0, 2)]
    for run in runs:
        run.train()
    same(story(runs[0]), story(runs[1]))
    assert stage_trainer(model(), STAGES[0], clips, LABELS, tmp_path / "2").args.dataloader_num_workers == 2


@pytest.mark.parametrize("other", ["seed", "stage", "clips", "labels"])
def test_a_resume_of_another_run_is_refused(other, tmp_path):
    made(tmp_path, steps=2).train()
    stage, seed = STAGES[0 if other == "stage" else 2], int(other == "seed")
    clips, labels = CLIPS[: 4 if other == "clips" else None], LABELS + ["run"] * (other == "labels")
    again = stage_trainer(model(), stage, clips, labels, tmp_path, seed, steps=2, rationales=RATIONALES)
    with pytest.raises(ValueError, match=f"holds a run with another .*{other}"):
        again.train(resume_from_checkpoint=True)
    again.train()                     # anew it may
    assert list(tmp_path.glob("earlier-checkpoint-2"))


def test_starting_anew_twice_before_a_checkpoint_keeps_the_first_runs(tmp_path):
    made(tmp_path, steps=2).train()
    for _ in range(2):
        cut = made(tmp_path)
        cut.add_callback(Kill(1))
        with pytest.raises(Killed):
            cut.train()
    assert list(tmp_path.glob("earlier-checkpoint-2"))


def test_weights_that_are_not_finite_are_not_kept(tmp_path):
    run = made(tmp_path, steps=2)

    class Break(TrainerCallback):
        def on_step_end(self, args, state, control, **kwargs):
            if state.global_step == 2:
                with torch.no_grad():
                    run.model.renderer.depth_mix.fill_(float("nan"))

    run.add_callback(Break())
    with pytest.raises(FloatingPointError, match=r"after step 2 of cr_distill: not finite any more are the weights of renderer \(depth_mix\)"):
        run.train()
    assert not whole_checkpoints(tmp_path)


def test_clips_that_do_not_fill_a_step_are_left_out_unless_they_are_all(tmp_path):
    for count, steps in ((5, 2), (1, 1)):
        run = stage_trainer(model(), STAGES[0], CLIPS[:count], LABELS, tmp_path / str(count), log_steps=1)
        run.train()
        assert run.state.global_step == steps


def half_written(path: Path, *_) -> None:
    Path(path).write_bytes(b"half")
    raise Killed


def _dies_in_weights(monkeypatch):
    monkeypatch.setattr(trainer, "save_file", lambda _, path: half_written(path))


def _dies_in_optimizer(monkeypatch):
    monkeypatch.setattr(torch, "save", lambda _, path, *more: half_written(path))


def _dies_in_state(monkeypatch):
    monkeypatch.setattr(TrainerState, "save_to_json", lambda _, path: half_written(path))


def _dies_in_seal(monkeypatch):
    monkeypatch.setattr(trainer, "seal", lambda checkpoint: half_written(checkpoint / "whole.json.new"))


@pytest.mark.parametrize("dies", [_dies_in_weights, _dies_in_optimizer, _dies_in_state, _dies_in_seal])
def test_a_kill_while_a_checkpoint_is_written_leaves_the_one_before(dies, whole, tmp_path, monkeypatch):
    cut = made(tmp_path, steps=8)

    class Arm(TrainerCallback):
        def on_step_end(self, args, state, control, **kwargs):
            if state.global_step == 4:
                dies(monkeypatch)

    cut.add_callback(Arm())
    with pytest.raises(Killed):
        cut.train()
    monkeypatch.undo()
    assert [path.name for path in whole_checkpoints(tmp_path)] == ["checkpoint-2"] and (tmp_path / "checkpoint-4").exists()
    again = made(tmp_path)
    again.train(resume_from_checkpoint=True)
    same(story(again), whole)


def test_a_kill_of_the_process_leaves_a_checkpoint_to_go_on_from(whole, tmp_path):
    """The real thing: SIGKILL while the optimizer's state of the second checkpoint is half on disk."""
    script = f"""
import os, signal, torch
from pathlib import Path
from tests.train.test_reliability import made
keep, count = torch.save, [0]
def save(what, path, *more):
    count[0] += str(path).endswith("optimizer.pt")
    if count[0] == 2:
        Path(path).write_bytes(b"half")
        os.kill(os.getpid(), signal.SIGKILL)
    keep(what, path, *more)
torch.save = save
made(Path({str(tmp_path)!r})).train()
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=Path(__file__).parents[2], env={**os.environ, "PYTHONPATH": "."}, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr[-2000:]
    assert [path.name for path in whole_checkpoints(tmp_path)] == ["checkpoint-2"]
    again = made(tmp_path)
    again.train(resume_from_checkpoint=True)
    assert story(again)[0] == pytest.approx(whole[0], rel=1e-5)          # another process: threads may differ


def test_a_cut_file_in_a_checkpoint_is_noticed(tmp_path):
    made(tmp_path, steps=4).train()
    weights = tmp_path / "checkpoint-4" / "learned.safetensors"
    weights.write_bytes(weights.read_bytes()[:-9])
    assert [path.name for path in whole_checkpoints(tmp_path)] == ["checkpoint-2"]


def test_a_loss_that_is_none_names_step_clips_and_parts(tmp_path):
    run = made(tmp_path, steps=2)
    with torch.no_grad():
        run.model.part("lora")[next(iter(run.model.part("lora")))][0, 0] = float("inf")
    where = r"step 1 of cr_distill, clips c\d, c\d: "
    with pytest.raises(FloatingPointError, match=where + r"not finite any more are the weights of lora \(.*layers\.0.*\); lower the rates"):
        run.train()
    run = made(tmp_path, steps=2)
    right = run.model.mllm.loss
    run.model.mllm.loss = lambda *told: right(*told) * float("nan")
    with pytest.raises(FloatingPointError, match=where + r"the loss is nan, not finite are the slopes of renderer \(.*projector \(.*lora \("):
        run.train()


def test_a_full_disk_and_a_forbidden_folder_are_found_before_training(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9 - 1000, 1000))
    with pytest.raises(OSError, match=r"needs .* MB for checkpoints, its disk has 0.0 MB left; make room"):
        made(tmp_path / "full")
    monkeypatch.undo()
    monkeypatch.setattr(trainer.FeatureCache, "bytes_of", lambda *_: 10**15)
    run = made(tmp_path / "small", stage=STAGES[3])
    monkeypatch.undo()
    assert run.model.kept_features is None and "has no room for" in capsys.readouterr().out
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError, match="cannot write to"):
        must_hold(tmp_path / "file" / "run", 0)


def test_a_disk_that_fills_up_while_training_leaves_the_checkpoint_before(tmp_path, monkeypatch):
    run = made(tmp_path)
    keep = torch.save

    def full(what, path, *more):
        if "checkpoint-4" in str(path):
            raise OSError(28, "No space left on device")
        keep(what, path, *more)

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(OSError, match="No space left"):
        run.train()
    assert [path.name for path in whole_checkpoints(tmp_path)] == ["checkpoint-2"]


def test_an_earlier_stages_lora_is_merged_before_the_next_begins(tmp_path):
    one = model()
    third = stage_trainer(one, STAGES[2], CLIPS, LABELS, tmp_path / "3", steps=2, rationales=RATIONALES)
    third.train()
    assert not one.mllm.adapters[0].merged
    fourth = stage_trainer(one, STAGES[3], CLIPS, LABELS, tmp_path / "4", steps=2)
    assert one.mllm.adapters[0].merged and not one.mllm.adapters[1].merged
    before = {name: value.clone() for name, value in one.renderer.state_dict().items()}
    fourth.train()
    assert all(torch.equal(value, before[name]) for name, value in one.renderer.state_dict().items())
    first = stage_trainer(one, STAGES[0], CLIPS, LABELS, tmp_path / "1", steps=1)
    assert all(adapter.merged for adapter in one.mllm.adapters) and one.kept_features is None
    first.train()


def test_a_stage_in_a_row_is_the_stage_run_alone_from_its_checkpoint(tmp_path, monkeypatch):
    from skllm.reason import mllm

    monkeypatch.setattr(mllm.MLLM, "from_pretrained", classmethod(lambda cls, *told: fake_mllm()))
    one, ends = model(), {}
    for number in (2, 3):
        torch.manual_seed(0)
        run = stage_trainer(one, STAGES[number], CLIPS, LABELS, tmp_path / f"{number}", steps=3, log_steps=1, rationales=RATIONALES)
        run.train()
        one.eval()
        ends[number] = story(run)
        one.save_pretrained(tmp_path / f"model-{number}")
    torch.manual_seed(0)
    alone = stage_trainer(SkeletonLLM.from_pretrained(tmp_path / "model-2"), STAGES[3], CLIPS, LABELS, tmp_path / "alone", steps=3, log_steps=1)
    alone.train()
    assert story(alone)[0] == pytest.approx(ends[3][0], rel=1e-5)
    for name, value in story(alone)[1].items():
        torch.testing.assert_close(value, ends[3][1][name], rtol=1e-4, atol=1e-6)
