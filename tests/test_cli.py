"""The command line: the same words as the API, one sentence where something is wrong, JSON where a script would read it."""

import io
import json
import pickle

import numpy as np
import pytest
from PIL import Image

from skllm import cli, model, stored
from skllm.formats import FORMATS
from skllm.samples import sample_files
from tests.formats.makers import gltf_file, openpose_folder, pyskl_file

WAVE = str(sample_files()["wave_kinect_v2.skeleton"])


def run(capsys, *words) -> tuple[int, str, str]:
    status = cli.main([str(word) for word in words])
    out, err = capsys.readouterr()
    return status, out, err


def test_formats_and_benchmarks_are_listed_for_people_and_for_scripts(capsys):
    assert run(capsys, "formats")[1].count("\n") == len(FORMATS)
    rows = json.loads(run(capsys, "formats", "--json")[1])
    assert {row["name"] for row in rows} == {one.name for one in FORMATS} and all(row["holds"] for row in rows)
    told = json.loads(run(capsys, "benchmarks", "--json")[1])
    assert "ntu120_xset_60_60" in next(row for row in told if row["name"] == "ntu120")["protocols"]


@pytest.mark.parametrize(("suffix", "kind"), [(".gif", "GIF"), (".png", "PNG")])
@pytest.mark.parametrize("command", [("show",), ("render", "--renderer", "2d", "--pixels", "56")])
def test_clips_are_drawn_and_painted(command, suffix, kind, tmp_path, capsys):
    out = tmp_path / f"a{suffix}"
    status, told, _ = run(capsys, command[0], WAVE, "-o", out, *command[1:])
    picture = Image.open(io.BytesIO(out.read_bytes()))
    assert status == 0 and str(out) in told and picture.format == kind
    assert np.asarray(picture.convert("RGB")).std() > 5 and (kind == "PNG" or picture.n_frames > 3)


def test_a_page_holds_its_own_picture_and_runs_nothing(tmp_path, capsys):
    content = pickle.loads(pyskl_file(tmp_path).read_bytes())
    content["annotations"][0]["frame_dir"] = "<script>alert(1)</script>"
    (tmp_path / "raise.pkl").write_bytes(pickle.dumps(content))
    assert run(capsys, "show", tmp_path / "raise.pkl", "--clip", "<script>alert(1)</script>", "-o", tmp_path / "a.html", "--json")[0] == 0
    page = (tmp_path / "a.html").read_text()
    assert "data:image/gif;base64" in page and "<script" not in page


def test_a_clip_turned_by_a_quarter_is_seen_from_the_side(tmp_path, capsys):
    for degrees in (0, 90):
        assert run(capsys, "show", WAVE, "-o", tmp_path / f"{degrees}.png", "--turn", degrees)[0] == 0
    front, side = (np.asarray(Image.open(tmp_path / f"{degrees}.png").convert("RGB")) for degrees in (0, 90))
    assert (front != side).any()


def test_a_gif_lasts_as_long_as_its_clip(tmp_path, capsys):
    facts = json.loads(run(capsys, "show", WAVE, "-o", tmp_path / "a.gif", "--json")[1])
    picture = Image.open(tmp_path / "a.gif")
    lasts = 0
    for n in range(picture.n_frames):
        picture.seek(n)
        lasts += picture.info["duration"]
    assert lasts / 1000 == pytest.approx(facts["seconds"], abs=0.02)


def test_options_reach_the_reader(tmp_path, capsys):
    assert "coco17" in run(capsys, "show", pyskl_file(tmp_path), "--clip", "flat")[1]
    assert json.loads(run(capsys, "clips", pyskl_file(tmp_path), "--json")[1]) == ["flat", "deep"]
    facts = json.loads(run(capsys, "show", openpose_folder(tmp_path), "--size", "640x480", "--fps", "12", "--json")[1])
    assert facts["fps"] == 12 and facts["topology"] == "body25"
    whole, half = (json.loads(run(capsys, "show", gltf_file(tmp_path), "--option", f"metres_per_unit={unit}", "--json")[1])
                   for unit in ("1", "5e-1"))
    assert whole["metres_tall"] > 1.5 and half["metres_tall"] == pytest.approx(whole["metres_tall"] / 2, abs=0.01)


@pytest.mark.parametrize(("words", "sentence"), [
    (("show", "nowhere.bvh"), "no file nowhere.bvh"), (("show", WAVE, "-o", "a.mp4"), r"end it in .gif"),
    (("render", WAVE, "-o", "a.png", "--renderer", "best"), "no renderer 'best'"), (("prepare", "imagenet"), "no benchmark 'imagenet'"),
    (("prepare", "ntu60", "--data-root", "/nowhere"), "ROSE Lab"), (("show", WAVE, "--option", "a"), "NAME=VALUE"),
    (("show", WAVE, "--format", "none"), "no format 'none'"), (("show", WAVE, "--clip", "b"), "takes no option clip"),
    (("show", WAVE, "-o", "/nowhere/a.gif"), "name a file in a folder that is there"),
])
def test_what_is_wrong_is_said_in_one_sentence(words, sentence, capsys):
    status, out, err = run(capsys, *words)
    assert status == 2 and out == "" and err.count("\n") == 1 and sentence in err and "Traceback" not in err


def test_the_way_out_is_an_option_of_the_command(tmp_path, capsys):
    assert "give --clip" in run(capsys, "show", pyskl_file(tmp_path))[2]
    assert "give --size" in run(capsys, "show", openpose_folder(tmp_path))[2]


def test_a_size_that_is_none_is_refused(capsys):
    with pytest.raises(SystemExit):
        cli.main(["show", WAVE, "--size", "640"])
    assert '640x480, or "fit"' in capsys.readouterr().err


def test_recognize_and_ask_answer_with_the_model(small_model, monkeypatch, capsys):
    monkeypatch.setattr(model.SkeletonLLM, "from_pretrained", classmethod(lambda cls, name: small_model))
    told = json.loads(run(capsys, "recognize", WAVE, "--labels", "wave", "sit down", "--json")[1])
    assert told["label"] in ("wave", "sit down") and abs(sum(told["probabilities"].values()) - 1) < 1e-5
    assert run(capsys, "recognize", WAVE, "--labels", "wave", "sit down")[1].count("%") == 2
    assert set(json.loads(run(capsys, "ask", WAVE, "Which arm moves?", "--json")[1])) == {"question", "answer"}


def test_prepare_tells_what_it_kept_and_skipped(tmp_path, capsys, monkeypatch):
    from tests.benchmarks.test_store import recordings

    raw = recordings(tmp_path / "raw", clips=3)
    broken = sorted(raw.iterdir())[1]
    broken.write_text(broken.read_text()[:300])
    status, out, _ = run(capsys, "prepare", "ntu60", "--data-root", raw, "--out", tmp_path / "store", "--workers", 1)
    assert status == 0 and "2 clips in" in out and f"skipped {broken.stem}" in out
    told = json.loads(run(capsys, "prepare", "ntu60", "--data-root", raw, "--out", tmp_path / "store", "--workers", 1, "--json")[1])
    assert told["kept"] == 2 and told["reused_shards"] == 1 and list(told["skipped"]) == [broken.stem]


def test_a_renderer_is_loaded_without_its_language_model():
    assert stored.load_renderer("tiny-warm").config.size == stored.load_renderer("tiny-open").config.size < 448
    assert stored.load_renderer("draction", 112).config.size == 112
