"""Damaged files of every format: read, or refused by name, in bounded time and memory; and pickles that would run something."""

import io
import os
import pickle
import resource
import shutil
import time
import warnings
import zipfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.io import loadmat, savemat

from skllm.formats import FORMATS, File, files, load
from skllm.formats.pickles import unpickle
from skllm.formats.pyskl import annotation
from skllm.samples import sample_files
from tests.formats.makers import MAKERS, OPTIONS

NAMES = [known.name for known in FORMATS]
_SECONDS, _MORE_MEMORY = 5.0, 3 << 30


@contextmanager
def bounded():
    """At most three more gigabytes of address space, and five seconds, for what happens inside."""
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize() if os.path.exists("/proc/self/statm") else 0
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    if used:
        resource.setrlimit(resource.RLIMIT_AS, (used + _MORE_MEMORY, hard))
    start = time.monotonic()
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    assert time.monotonic() - start < _SECONDS


def mutated(whole: bytes, dice: np.random.Generator) -> bytes:
    """The bytes cut, overwritten, doubled, or with numbers and signs changed in a few places."""
    held = bytearray(whole)
    for _ in range(int(dice.integers(1, 5))):
        at, much = int(dice.integers(0, max(1, len(held)))), int(dice.integers(1, 40))
        match int(dice.integers(0, 7)):
            case 0:
                del held[at:]
            case 1:
                held[at : at + much] = dice.bytes(much)
            case 2:
                del held[at : at + much]
            case 3:
                held[at:at] = held[at : at + much] * int(dice.integers(1, 9))
            case 4:
                held[at : at + 1] = bytes([held[at] ^ (1 << int(dice.integers(0, 8)))]) if held else b""
            case 5:
                held[at : at + 1] = dice.choice([b"-", b"9", b"e9", b"nan", b"\xff\xff\xff\x7f", b"{", b"\n", b"\0" * 8, b"1e309", b"[["])
            case _:
                held[at : at + 8] = int(dice.integers(-(2**62), 2**62)).to_bytes(8, "little", signed=True)
    return bytes(held)


def fault(path: Path, target: Path, options: dict) -> str:
    """What is wrong with how a file was taken; nothing where its clip is finite or a ValueError names it. Other errors go through."""
    try:
        with warnings.catch_warnings(), bounded():
            warnings.simplefilter("ignore")
            clip = load(target, **options)
    except ValueError as refused:
        return "" if path.name in str(refused) or target.name in str(refused) else f"refused without its name: {refused}"
    return "" if clip.xyz[clip.seen > 0].isfinite().all() else "seen and not finite"


def faults(name: str, folder: Path, many: int, seed: int) -> list[str]:
    """What is wrong with how so many damaged files of a format are taken."""
    target = MAKERS[name](folder)
    path = next(target.glob("*.json")) if target.is_dir() else target
    whole, dice = path.read_bytes(), np.random.default_rng(seed)
    options, found = {"format": name, **OPTIONS.get(name, {})}, []
    for n in range(many):
        path.write_bytes(mutated(whole, dice))
        chosen = options if n % 3 else {key: value for key, value in options.items() if key != "format"}       # a third goes by content
        found.append(fault(path, target, chosen))
    return [one for one in found if one]


@pytest.mark.parametrize("name", NAMES)
def test_damaged_files_are_read_or_refused_and_nothing_else(name, tmp_path):
    assert faults(name, tmp_path, 12, seed=0) == []                # 26 formats: 312 files


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_four_hundred_damaged_files_of_each_format(name, tmp_path):
    assert faults(name, tmp_path, 400, seed=1) == []               # 26 formats: 10,400 files


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(sample_files()))
def test_damaged_real_recordings(name, tmp_path):
    for body in sample_files()["run_cmu.amc"].parent.glob("*.asf"):
        shutil.copy(body, tmp_path)
    path, dice = tmp_path / name, np.random.default_rng(2)
    whole = sample_files()[name].read_bytes()
    for _ in range(100):
        path.write_bytes(mutated(whole, dice))
        assert not fault(path, path, {})


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.floats(0, 1), junk=st.binary(min_size=1, max_size=12))
def test_bytes_written_over_anywhere_are_read_or_refused(name, at, junk, tmp_path):
    target = MAKERS[name](tmp_path)
    path = next(target.glob("*.json")) if target.is_dir() else target
    whole = path.read_bytes()
    start = int(at * (len(whole) - 1))
    path.write_bytes(whole[:start] + junk + whole[start + len(junk) :])
    assert not fault(path, target, {"format": name, **OPTIONS.get(name, {})})


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("OpenPose BODY_25",)])
def test_a_file_cut_anywhere_is_refused_by_name(name, tmp_path):
    path = MAKERS[name](tmp_path)
    whole = path.read_bytes()
    for share in (0.0, 0.02, 0.3, 0.6, 0.9):
        path.write_bytes(whole[: int(len(whole) * share)])
        assert not fault(path, path, {"format": name, **OPTIONS.get(name, {})})
    path.write_bytes(b"")
    with pytest.raises(ValueError, match="empty"):
        load(path, format=name, **{key: value for key, value in OPTIONS.get(name, {}).items() if key != "format"})


class Runs:
    """Unpickled by anyone who trusts it, it writes a file."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


class Evaluates:
    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self):
        return eval, (f"open({str(self.path)!r}, 'w')",)


@pytest.mark.parametrize("kind", [Runs, Evaluates])
@pytest.mark.parametrize("protocol", range(6))
def test_a_malicious_pickle_runs_nothing(kind, protocol, tmp_path):
    ran, path = tmp_path / "ran", tmp_path / "trap.pkl"
    for content in (kind(ran), {"annotations": [{"keypoint": kind(ran)}]}, [kind(ran)]):
        path.write_bytes(pickle.dumps(content, protocol))
        with pytest.raises(ValueError, match=r"trap\.pkl.*neither a plain value nor an array"):
            load(path)
        assert not ran.exists()
    pickle.loads(path.read_bytes())
    assert ran.exists()                                  # the trap is a real one


@pytest.mark.parametrize("code", [
    b"cos\nsystem\n(S'true'\ntR.", b"cbuiltins\neval\n(S'1'\ntR.", b"(S'true'\nios\nsystem\n.", b"\x80\x02cnumpy\nload\nq\0.",
    b"\x80\x04\x8c\x05posix\x8c\x06system\x93.", b"cnumpy\nndarray\n(dtb.", b"P0\n.", b"\x82\x01.", b"(lp0\ng0\n.",
    b"cnumpy.core.multiarray\n_reconstruct\n.", b"\x80\x03r\xff\xff\xff\x7f.", b"\x80\x04\x96\xff\xff\xff\xff\xff\xff\xff\x00.", b".",
    b"\x80\x04N\x85\x94b.",
])
def test_opcodes_that_reach_for_more_are_refused(code, tmp_path):
    (tmp_path / "odd.pkl").write_bytes(code)
    with bounded(), pytest.raises(ValueError, match=r"odd\.pkl"):
        load(tmp_path / "odd.pkl", format="PYSKL")


def deep(levels: int) -> bytes:
    """A tuple of the same tuple twice, and so on: small in a pickle, endless for who walks it."""
    return b"\x80\x02)" + b"".join(b"q" + bytes([n]) + b"h" + bytes([n]) + b"\x86" for n in range(levels)) + b"."


@pytest.mark.parametrize("code", [
    b"\x80\x04\x8c\x13numpy._core.numeric\x8c\x0b_frombuffer\x93(J\xff\xff\xff\x7f\x8c\x05numpy\x8c\x05dtype\x93\x8c\x02u1\x89\x88\x87RK\x01\x85\x8c\x01CtR.",
    deep(60), b"\x80\x02c_codecs\nencode\n" + deep(24)[2:-1] + b"\x85R.", b"\x80\x02cnumpy\ndtype\n" + deep(24)[2:-1] + b"\x85R.",
    b"\x80\x02}" + deep(40)[2:-1] + b"K\x01s.",
])
def test_small_pickles_that_would_grow_without_end_are_refused_at_once(code, tmp_path):
    (tmp_path / "bomb.pkl").write_bytes(code)
    with bounded(), pytest.raises(ValueError, match=r"bomb\.pkl"):
        load(tmp_path / "bomb.pkl", format="PYSKL")


def test_twenty_thousand_annotations_are_found_quickly(tmp_path):
    one = {"keypoint": np.zeros((1, 1, 25, 3), np.float16), "label": 0}
    (tmp_path / "many.pkl").write_bytes(pickle.dumps({"annotations": [{**one, "frame_dir": f"v{n}"} for n in range(20_000)]}))
    file = File(tmp_path / "many.pkl")
    annotation(file, "v0")
    with bounded():
        assert all(annotation(file, f"v{n}")["frame_dir"] == f"v{n}" for n in range(20_000))


def test_plain_values_and_arrays_come_out_of_pickles_as_they_went_in():
    given = {"a": np.arange(6.0).reshape(2, 3), "b": [np.float32(3.5), "x", None, True], "c": np.array(["ab", "c"]), "d": (1, {"e": [2]}),
             "f": np.asfortranarray(np.arange(6).reshape(2, 3)), "g": np.array([1, 2], ">i2"), "h": b"\x00\xff"}
    for protocol in range(2, 6):
        got = unpickle(pickle.dumps(given, protocol))
        for key in "acfg":
            assert np.array_equal(got[key], given[key]), (protocol, key)
        assert got["b"] == [3.5, "x", None, True] and got["d"] == (1, {"e": [2]}) and got["h"] == given["h"]


@pytest.mark.parametrize("packed", [False, True])
def test_matlab_files_hold_what_scipy_says(packed, tmp_path):
    given = {"d": np.random.rand(2, 3, 4), "f": np.float32([[1, 2]]), "u": np.uint8([[1, 2, 3]]), "i": np.array([[-1]], np.int32),
             "s": "strum_guitar", "k": {"a": 1}, "one": 7.0, "big": np.arange(3000.0)[:, None]}
    savemat(tmp_path / "m.mat", given, do_compression=packed)
    got, want = File(tmp_path / "m.mat").matrices, loadmat(tmp_path / "m.mat")
    assert set(got) == set(given) - {"k"}
    for key in got:
        assert got[key].shape == want[key].shape and got[key].dtype.kind == want[key].dtype.kind and (got[key] == want[key]).all(), key


def test_archives_that_unpack_to_more_than_may_be_held_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "_LARGEST", 1 << 22)
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as held, held.open("a.npy", "w", force_zip64=True) as out:
        out.write(b"\x93NUMPY\x01\x00" + b"\0" * 100)
        out.write(bytes(1 << 23))
    with bounded(), pytest.raises(ValueError, match=r"bomb\.npz.*unpacks to"):
        load(path)


def test_arrays_of_objects_in_an_archive_are_refused(tmp_path):
    held = io.BytesIO()
    np.savez(held, poses=np.array([{"a": 1}], dtype=object))
    (tmp_path / "trap.npz").write_bytes(held.getvalue())
    with pytest.raises(ValueError, match=r"trap\.npz.*pickled"):
        _ = File(tmp_path / "trap.npz").arrays
