"""A model whose weights are spread over processes by FSDP2, as a program: `torchrun -m tests.train.sharded OUT`."""

import sys
from pathlib import Path

import torch
from accelerate import PartialState
from safetensors.torch import save_file
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor

from skllm.model import SkeletonLLM
from skllm.reason.lora import Lora
from skllm.render import DrAction, DrActionConfig
from skllm.train.stages import four_stages
from skllm.train.trainer import _norms, make_ready
from tests.conftest import fake_internvl3, stick_clip


def main(out: Path) -> None:
    torch.set_num_threads(1)
    state = PartialState()
    model = SkeletonLLM(DrAction(DrActionConfig(size=56, per_bone=3, radius=0.08)), fake_internvl3(), frames=3)
    model.mllm.model.to(torch.bfloat16)
    model.mllm.projector.float()
    make_ready(model, four_stages(1e-2, 1e-3, 1e-3, Lora(rank=2, alpha=4, dropout=0.0), clips=1)[2])
    if state.num_processes > 1:
        for layer in (*model.mllm.language.layers, *model.mllm.family.tower.encoder.layer):
            fully_shard(layer)
        fully_shard(model)
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-2)
    clips = [stick_clip(9, seed=n).sample(3) for n in range(2)]
    mine = slice(state.process_index, state.process_index + 1) if state.num_processes > 1 else slice(0, 2)
    for _ in range(2):
        loss = model(clips[mine], ["What?", "What is it?"][mine], ["sit", "stand"][mine])["loss"]
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    assert state.num_processes == 1 or isinstance(next(model.mllm.language.layers[0].parameters()), DTensor)
    learned = model.learned()
    assert all(length > 0 for length in _norms({name: p for name, p in model.named_parameters() if p.requires_grad}).values())
    with torch.no_grad():
        for parameter in model.renderer.parameters():
            parameter.zero_()
    model.load_learned(learned)                     # what was saved whole goes back part by part
    assert all(torch.equal(value, learned[name]) for name, value in model.learned().items())
    if state.is_main_process:
        save_file(learned, out)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
