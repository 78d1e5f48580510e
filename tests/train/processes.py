"""One training and one evaluation as a program, to be run by one process or by several: `python -m tests.train.processes OUT`."""

import json
import sys
from pathlib import Path

import torch
from accelerate import PartialState
from safetensors.torch import save_file

from skllm.benchmarks.records import LabelledClip
from skllm.model import SkeletonLLM
from skllm.reason.lora import Lora
from skllm.render import DrAction, DrActionConfig
from skllm.study.evaluation import evaluate, judged
from skllm.train.stages import four_stages
from skllm.train.trainer import stage_trainer
from tests.conftest import fake_mllm, stick_clip

LABELS = ["sit", "stand", "wave"]
CLIPS = [LabelledClip(f"c{n}", stick_clip(15 + n, seed=n), LABELS[n % 3], n) for n in range(7)]        # the last three fill no step
RATIONALES = {one.key: f"The right hand goes up, again and again {'and again ' * n}\nLabel: {one.label}" for n, one in enumerate(CLIPS)}


def main(out: Path) -> None:
    torch.set_num_threads(1)
    model = SkeletonLLM(DrAction(DrActionConfig(size=28, per_bone=3, radius=0.08)), fake_mllm(), frames=4)
    told = {}
    for stage in four_stages(1e-2, 1e-3, 1e-3, Lora(rank=2, alpha=4, dropout=0.0), clips=4):
        run = stage_trainer(model, stage, CLIPS, LABELS, out / stage.name, steps=4, log_steps=1, save_steps=2, rationales=RATIONALES)
        run.train()
        told[stage.name] = [entry["loss"] for entry in run.state.log_history if "loss" in entry]
    model.eval()
    answers = evaluate(model, CLIPS, LABELS)
    told |= {"said": [answer.said for answer in answers.answers], "labels": [answer.label for answer in answers.answers],
             "judged": judged(model, CLIPS[:5], LABELS).value}
    rank = PartialState().process_index
    save_file(model.learned(), out / f"weights-{rank}.safetensors")
    (out / f"told-{rank}.json").write_text(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
