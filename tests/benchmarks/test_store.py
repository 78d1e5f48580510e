"""Prepared stores: what comes out is what went in, and no kill, damage or full disk loses it."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from skllm.benchmarks import BENCHMARKS, NTU60, NTU120, Benchmark, LabelledClip, prepare, read_store
from skllm.benchmarks import preparation as making
from skllm.benchmarks.store import _whole, write_whole
from skllm.formats import NTU25
from skllm.skeleton import Skeleton
from tests.conftest import ntu_text, stick_clip
from tests.formats.makers import amc_file, standing


def recordings(folder: Path, clips: int = 12, frames: int = 3) -> Path:
    folder.mkdir()
    for n in range(clips):
        body = standing(NTU25) + np.array([0.01 * n, 0, 0])
        (folder / f"S001C001P{1 + n % 9:03d}R001A{1 + n:03d}.skeleton").write_text(ntu_text([{"1": body * (1 + 1e-3 * t)} for t in range(frames)]))
    return folder


@pytest.fixture(autouse=True)
def small_shards(monkeypatch):
    monkeypatch.setattr(making, "_EACH", 5)


def same(one: Skeleton, other: Skeleton, within: float) -> None:
    assert one.topology == other.topology and one.fps == other.fps and one.name == other.name
    assert torch.equal(one.seen > 0, other.seen > 0) and (one.seen - other.seen).abs().max() < 1 / 254
    assert (one.xyz - other.xyz).nan_to_num().abs().max() < within


def test_what_is_read_from_a_store_is_what_was_written(tmp_path):
    raw = recordings(tmp_path / "raw")
    made = prepare(NTU60, raw, tmp_path / "store", workers=1)
    assert (made.kept, made.reused, made.skipped) == (12, 0, ())
    before, after = NTU60.clips(raw), NTU60.clips(tmp_path / "store")
    assert [(one.key, one.label, one.subject, one.camera, one.setup) for one in before] == [
        (one.key, one.label, one.subject, one.camera, one.setup) for one in after]
    for one, other in zip(before, after, strict=True):
        same(one.clip, other.clip, 1e-4)


def test_people_joints_and_confidences_of_any_clip_survive(tmp_path):
    clips = [LabelledClip(f"c{n}", stick_clip(4 + n, people=1 + n % 2, seed=n), "wave", n, captions=("a", "b"), part="train") for n in range(7)]
    gone = clips[0].clip
    seen = gone.seen.clone()
    seen[1, 0, 2], seen[2, 0, 3] = 0, 0.5
    holed = Skeleton(torch.where(seen[..., None] > 0, gone.xyz, torch.nan), seen, gone.fps, gone.topology, name="holed")
    clips[0] = LabelledClip("c0", holed, "wave")
    toy = Benchmark("toy", "toy clips", ("wave",), (), lambda root: clips, "", "")
    prepare(toy, "", tmp_path / "store", workers=1)
    for one, other in zip(clips, read_store(tmp_path / "store", "toy"), strict=True):
        same(one.clip, other.clip, 1e-4)
        assert (one.captions, one.part, one.correct) == (other.captions, other.part, other.correct)
    assert other.clip.seen.unique().tolist() == [1.0]
    assert read_store(tmp_path / "store")[0].clip.seen[2, 0, 3] == 0.5


def test_two_workers_make_what_one_makes(tmp_path):
    raw = recordings(tmp_path / "raw")
    for workers in (1, 2):
        prepare(NTU60, raw, tmp_path / f"store{workers}", workers=workers)
    names = sorted(path.name for path in (tmp_path / "store1").iterdir())
    assert names == sorted(path.name for path in (tmp_path / "store2").iterdir())
    assert all((tmp_path / "store1" / name).read_bytes() == (tmp_path / "store2" / name).read_bytes() for name in names)


def test_what_cannot_be_read_is_skipped_and_named(tmp_path):
    raw = recordings(tmp_path / "raw")
    broken = sorted(raw.iterdir())[3]
    broken.write_text(broken.read_text()[:500])
    made = prepare(NTU60, raw, tmp_path / "store", workers=1)
    assert made.kept == 11 and made.skipped[0][0] == broken.stem and "cut short" in made.skipped[0][1]
    assert broken.stem not in {one.key for one in NTU60.clips(tmp_path / "store")}
    assert prepare(NTU60, raw, tmp_path / "store", workers=1).skipped == made.skipped


def test_a_changed_recording_is_read_again_and_nothing_else_is(tmp_path):
    raw = recordings(tmp_path / "raw")
    prepare(NTU60, raw, tmp_path / "store", workers=1)
    assert prepare(NTU60, raw, tmp_path / "store", workers=1).reused == 3
    first = sorted(raw.iterdir())[0]
    first.write_text(ntu_text([{"1": standing(NTU25) + 1}] * 9))
    made = prepare(NTU60, raw, tmp_path / "store", workers=1)
    assert made.reused == 2 and NTU60.clips(tmp_path / "store")[0].clip.frames == 9


@pytest.mark.parametrize("kind", ["xyz.npy", "seen.npy", "json"])
@pytest.mark.parametrize("damage", ["flip", "cut", "gone"])
def test_a_damaged_store_is_refused_and_mended(kind, damage, tmp_path):
    raw = recordings(tmp_path / "raw")
    prepare(NTU60, raw, tmp_path / "store", workers=1)
    _whole.cache_clear()                                  # as another process finds it
    part = tmp_path / "store" / f"00001.{kind}"
    whole = bytearray(part.read_bytes())
    whole[len(whole) // 2] ^= 1
    {"flip": lambda: part.write_bytes(whole), "cut": lambda: part.write_bytes(whole[:-9]), "gone": part.unlink}[damage]()
    with pytest.raises(ValueError, match=rf"00001\.{kind}.*skllm prepare"):
        [one.clip for one in NTU60.clips(tmp_path / "store")]
    assert prepare(NTU60, raw, tmp_path / "store", workers=1).reused == 2
    assert len([one.clip for one in NTU60.clips(tmp_path / "store")]) == 12


def test_another_benchmarks_store_and_another_version_are_refused(tmp_path):
    prepare(NTU60, recordings(tmp_path / "raw"), tmp_path / "store", workers=1)
    with pytest.raises(ValueError, match="holds ntu60, not kard"):
        BENCHMARKS["kard"].clips(tmp_path / "store")
    about = tmp_path / "store" / "store.json"
    about.write_text(json.dumps({**json.loads(about.read_text()), "version": 99}))
    with pytest.raises(ValueError, match="version 99"):
        NTU60.clips(tmp_path / "store")


def test_a_full_disk_leaves_no_half_file_and_says_so(tmp_path, monkeypatch):
    (tmp_path / "f.json").write_text("old")

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left on device; free some space"):
        write_whole(tmp_path / "f.json", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["f.json"] and (tmp_path / "f.json").read_text() == "old"


def test_the_users_own_files_and_other_benchmarks_stores_are_left_alone(tmp_path):
    raw = recordings(tmp_path / "raw", clips=3)
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "00000.json").write_text("mine")
    with pytest.raises(ValueError, match=r"holds 00000\.json and is no store"):
        prepare(NTU60, raw, tmp_path / "own", workers=1)
    assert (tmp_path / "own" / "00000.json").read_text() == "mine"
    prepare(NTU60, raw, tmp_path / "store", workers=1)
    with pytest.raises(ValueError, match="holds ntu60, not ntu120"):
        prepare(NTU120, raw, tmp_path / "store", workers=1)
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="name another one"):
        prepare(NTU60, raw, tmp_path / "file" / "store", workers=1)


def test_a_store_made_anew_is_read_anew_in_the_same_process(tmp_path):
    raw = recordings(tmp_path / "raw", clips=4)
    prepare(NTU60, raw, tmp_path / "store", workers=1)
    old = NTU60.clips(tmp_path / "store")
    first = old[0].clip
    (raw / "S001C001P001R001A000.skeleton").write_text("")
    (raw / "S000C001P001R001A059.skeleton").write_text(ntu_text([{"1": standing(NTU25)}] * 9))
    prepare(NTU60, raw, tmp_path / "store", workers=1)
    new = {one.key: one.clip for one in NTU60.clips(tmp_path / "store")}
    assert new["S000C001P001R001A059"].frames == 9
    same(new[old[0].key], first, 1e-9)


def test_what_is_read_beside_a_recording_counts_too(tmp_path):
    raw = tmp_path / "raw"
    raw.mkdir()
    amc_file(raw).rename(raw / "HDM_mm_kickLFront1Reps_001_120.amc")
    amc_file(raw).rename(raw / "HDM_bd_kickLFront1Reps_001_120.amc")
    (raw / "raise.asf").rename(raw / "HDM_mm.asf")
    (raw / "other.asf").write_text("no body")
    hdm05 = BENCHMARKS["hdm05"]
    assert len(prepare(hdm05, raw, tmp_path / "store", workers=1).skipped) == 1
    amc_file(raw)
    (raw / "raise.asf").rename(raw / "HDM_bd.asf")
    assert prepare(hdm05, raw, tmp_path / "store", workers=1).skipped == ()


def test_a_store_that_shrinks_keeps_no_old_shards(tmp_path):
    raw = recordings(tmp_path / "raw")
    prepare(NTU60, raw, tmp_path / "store", workers=1)
    for path in sorted(raw.iterdir())[3:]:
        path.unlink()
    assert prepare(NTU60, raw, tmp_path / "store", workers=1).kept == 3
    assert {path.name.split(".")[0] for path in (tmp_path / "store").iterdir()} == {"store", "00000"}


def test_an_unfinished_store_says_so(tmp_path, monkeypatch):
    raw = recordings(tmp_path / "raw")
    monkeypatch.setattr(making, "finish", lambda *given: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        prepare(NTU60, raw, tmp_path / "store", workers=1)
    with pytest.raises(ValueError, match="not finished; run `skllm prepare` again"):
        NTU60.clips(tmp_path / "store")


def test_nothing_that_can_be_read_is_an_error_and_so_is_a_list_that_names_nothing(tmp_path):
    raw = recordings(tmp_path / "raw", clips=2)
    (tmp_path / "list.txt").write_text("nonsense.skeleton")
    with pytest.raises(ValueError, match=r"list\.txt names none of the 2 clips"):
        NTU60.clips(raw, tmp_path / "list.txt")
    (tmp_path / "list.txt").write_text("S001C001P001R001A001.skeleton")
    assert len(NTU60.clips(raw, tmp_path / "list.txt")) == 1
    for path in raw.iterdir():
        path.write_text("5\n1\n")
    with pytest.raises(ValueError, match="none of 2 clips could be read"):
        prepare(NTU60, raw, tmp_path / "store", workers=1)
    with pytest.raises(ValueError, match="workers"):
        prepare(NTU60, raw, tmp_path / "store", workers=0)


def test_the_raw_folder_is_never_written_to(tmp_path):
    raw = recordings(tmp_path / "raw")
    with pytest.raises(ValueError, match="another folder"):
        prepare(NTU60, raw, raw)


_PREPARE = """
import sys
from skllm.benchmarks import NTU60, prepare
from skllm.benchmarks import preparation as making
making._EACH = 4
if __name__ == "__main__":
    prepare(NTU60, sys.argv[1], sys.argv[2], workers=2)
"""


def test_twenty_kills_at_random_moments_lose_and_corrupt_nothing(tmp_path):
    raw, store, script = recordings(tmp_path / "raw", clips=48, frames=40), tmp_path / "store", tmp_path / "make.py"
    script.write_text(_PREPARE)
    dice, amid = random.Random(0), 0
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "OMP_NUM_THREADS": "1"}

    def vouched() -> set[str]:
        return {path.name for path in store.glob("0*.json")} if store.exists() else set()

    for kill in range(20):
        finished = vouched()
        if len(finished) == 12:                           # so that there is work to interrupt
            for name in dice.sample(sorted(finished), 9):
                (store / name).unlink()
            finished = vouched()
        run = subprocess.Popen([sys.executable, script, raw, store], env=environment, stderr=subprocess.DEVNULL, start_new_session=kill % 2 == 0)
        while run.poll() is None and vouched() == finished and not list(store.glob(".0*")):
            time.sleep(0.002)                             # until the first shard is being written
        time.sleep(dice.uniform(0, 0.25))
        if kill % 2 == 0 and run.poll() is None:
            os.killpg(run.pid, signal.SIGKILL)            # everything at once, as a batch system does
        else:
            run.kill()                                    # the parent alone
        run.wait()
        assert finished <= vouched()                      # what was finished stays
        amid += len(finished) < len(vouched()) < 12 or bool(list(store.glob(".0*")))
        for name in vouched():
            json.loads((store / name).read_bytes())
    assert amid >= 3                                      # the kills did interrupt the writing
    time.sleep(1)                                         # orphans end with their parent
    subprocess.run([sys.executable, script, raw, store], env=environment, check=True, stderr=subprocess.DEVNULL)
    for one, other in zip(NTU60.clips(raw), NTU60.clips(store), strict=True):
        assert one.key == other.key
        same(one.clip, other.clip, 1e-4)
    assert not [path.name for path in store.iterdir() if path.name.startswith(".")]


def dies(task):
    os._exit(1)


def test_a_worker_that_dies_is_told_in_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(making, "_make", dies)
    with pytest.raises(OSError, match="fewer --workers"):
        prepare(NTU60, recordings(tmp_path / "raw"), tmp_path / "store", workers=2)
