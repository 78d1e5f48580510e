"""Every reader: the right hand goes up where it should, and bad files are refused in one sentence."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skllm.formats import COCO17, FORMATS, HUMANML3D22, NTU25, NW_UCLA20, load
from skllm.samples import sample_files
from skllm.skeleton import Topology
from tests.conftest import coco_json, ntu_text

LOCAL = Path(__file__).parents[2].parent / "shared" / "data" / "samples"


def standing(topology: Topology) -> np.ndarray:
    """[J 3] in our axes: a person who faces us, 2.5 m away, right hand (our left) raised above the head."""
    height = {"head": 1.7, "neck": 1.5, "chest": 1.35, "shoulder": 1.4, "elbow": 1.15, "wrist": 0.9, "hand": 0.85, "waist": 1.0, "hip": 0.95,
              "knee": 0.5, "ankle": 0.08, "foot": 0.02}
    out = np.zeros((len(topology.joint_names), 3), np.float32)
    for j, (part, side) in enumerate(zip(topology.parts, topology.sides, strict=True)):
        across = {"left": 1, "right": -1, "middle": 0}[side]
        out[j] = across * (0.25 if part in ("wrist", "hand", "elbow") else 0.18), height[part], 2.5 - 0.1 * (part == "foot")
        if side == "right" and part in ("elbow", "wrist", "hand"):
            out[j, 1] = {"elbow": 1.6, "wrist": 1.9, "hand": 2.0}[part]
    return out


def ntu_file(folder: Path) -> Path:
    path = folder / "raise.skeleton"
    path.write_text(ntu_text([{"7": standing(NTU25) * (-1, 1, 1)}] * 5))       # the sensor's x grows to its left
    return path


def nw_ucla_file(folder: Path) -> Path:
    path = folder / "raise.json"
    path.write_text(json.dumps({"file_name": "raise", "skeletons": [(standing(NW_UCLA20) * (-1, 1, 1)).tolist()] * 5, "label": 1}))
    return path


def humanml3d_file(folder: Path) -> Path:
    path = folder / "raise.npy"
    np.save(path, np.tile((standing(HUMANML3D22) * (1, 1, -1)).astype(np.float32), (5, 1, 1)))       # faces +z
    return path


def coco_file(folder: Path) -> Path:
    at = standing(COCO17)
    pixels = np.stack([320 + 150 * at[:, 0], 400 - 150 * at[:, 1], np.full(17, 0.9)], -1)
    path = folder / "raise_coco.json"
    path.write_text(coco_json(np.tile(pixels, (5, 1, 1))))
    return path


def bvh_file(folder: Path) -> Path:
    """Faces +z, so its right is at -x; the arm hangs at rest and is turned up by 180 degrees about z."""
    path = folder / "raise.bvh"
    path.write_text("""HIERARCHY
ROOT Hips
{
  OFFSET 0 0 0
  CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
  JOINT Head
  {
    OFFSET 0 70 0
    CHANNELS 3 Zrotation Xrotation Yrotation
    End Site
    {
      OFFSET 0 10 0
    }
  }
  JOINT LeftArm
  {
    OFFSET 20 45 0
    CHANNELS 3 Zrotation Xrotation Yrotation
    JOINT LeftHand
    {
      OFFSET 5 -60 0
      CHANNELS 3 Zrotation Xrotation Yrotation
    }
  }
  JOINT RightArm
  {
    OFFSET -20 45 0
    CHANNELS 3 Zrotation Xrotation Yrotation
    JOINT RightHand
    {
      OFFSET -5 -60 0
      CHANNELS 3 Zrotation Xrotation Yrotation
    }
  }
  JOINT LeftFoot
  {
    OFFSET 10 -95 0
    CHANNELS 3 Zrotation Xrotation Yrotation
  }
  JOINT RightFoot
  {
    OFFSET -10 -95 0
    CHANNELS 3 Zrotation Xrotation Yrotation
  }
}
MOTION
Frames: 2
Frame Time: 0.0333333
""" + "0 95 0 0 0 0  0 0 0  0 0 0  0 0 0  -180 0 0  0 0 0  0 0 0  0 0 0\n" * 2)
    return path


MAKERS = {"NTU RGB+D": ntu_file, "NW-UCLA": nw_ucla_file, "HumanML3D joints": humanml3d_file, "BVH": bvh_file, "COCO-17 keypoints": coco_file}


@pytest.mark.parametrize("name", [known.name for known in FORMATS])
def test_a_raised_right_hand_is_up_and_on_the_left_of_the_picture(name, tmp_path):
    clip = load(MAKERS[name](tmp_path))
    at = {key: clip.xyz[0, 0, clip.topology.find(*key)].mean(0) for key in (("hand", "left"), ("hand", "right"), ("head", "middle"))
          if clip.topology.find(*key)}
    right = at.get(("hand", "right"), clip.xyz[0, 0, clip.topology.find("wrist", "right")].mean(0))
    left = at.get(("hand", "left"), clip.xyz[0, 0, clip.topology.find("wrist", "left")].mean(0))
    assert right[1] > at["head", "middle"][1] > left[1]
    assert right[0] < 0 < left[0]
    assert 0.5 < right[1] - left[1] < 2        # metres


def test_a_person_who_is_nearer_is_nearer_for_us(tmp_path):
    for name in ("NTU RGB+D", "NW-UCLA", "HumanML3D joints"):
        clip = load(MAKERS[name](tmp_path))
        ankle, foot = (clip.xyz[0, 0, clip.topology.find(part, "left")].mean(0) for part in ("ankle", "foot"))
        assert foot[2] < ankle[2] - 0.05, name      # toes point to the viewer


def test_people_are_followed_by_body_id_not_by_line(tmp_path):
    a, b = standing(NTU25), standing(NTU25) + np.array([1, 0, 0])
    path = tmp_path / "two.skeleton"
    path.write_text(ntu_text([{"11": a, "22": b}, {"22": b, "11": a}, {"22": b}, {}, {"11": a, "22": b}]))
    clip = load(path)
    first = clip.xyz[:, 0, 0, 0]       # the one seen in most frames: body 22
    assert first[[0, 1, 2, 4]].tolist() == [-1.0] * 4 and clip.seen[3].max() == 0
    assert clip.seen[:, 1, 0].tolist() == [1, 1, 0, 0, 1] and clip.xyz[2, 1].isnan().all()


def test_inferred_joints_are_less_certain_and_untracked_ones_absent(tmp_path):
    path = tmp_path / "s.skeleton"
    for state, confidence in ((2, 1.0), (1, 0.5)):
        path.write_text(ntu_text([{"1": standing(NTU25)}], state))
        assert load(path).seen.unique().tolist() == [confidence]
    path.write_text(ntu_text([{"1": standing(NTU25)}], 0))
    with pytest.raises(ValueError, match="nobody is seen"):
        load(path)


def test_coco_scores_are_confidence_and_people_keep_their_track(tmp_path):
    points = np.tile(np.concatenate([np.full((17, 2), 100.0), np.full((17, 1), 0.5)], 1), (2, 1, 1))
    content = json.loads(coco_json(points))
    content["annotations"] = [{**content["annotations"][t], "track_id": track} for t in (0, 1) for track in ((1, 2) if t == 0 else (2, 1))]
    content["annotations"][1]["keypoints"] = [300.0, 100.0, 0.5] * 17
    content["annotations"][2]["keypoints"] = [300.0, 100.0, 0.0] + [300.0, 100.0, 0.5] * 16
    path = tmp_path / "c.json"
    path.write_text(json.dumps(content))
    clip = load(path, fps=25)
    assert clip.people == 2 and clip.fps == 25
    assert clip.xyz[0, 1, 1, 0] == clip.xyz[1, 1, 1, 0] != clip.xyz[0, 0, 1, 0]
    assert clip.seen[1, 1, 0] == 0 and clip.seen[0, 0, 0] == 0.5


def test_bvh_units_are_found_or_given(tmp_path):
    path = bvh_file(tmp_path)
    assert 1.5 < np.ptp(load(path).xyz[0, 0, :, 1].numpy()) < 2.2        # centimetres, found out
    tall = np.ptp(load(path, metres_per_unit=0.001).xyz[0, 0, :, 1].numpy())
    assert 0.15 < tall < 0.22


@pytest.mark.parametrize("name", [known.name for known in FORMATS])
def test_a_file_cut_anywhere_is_refused_by_name(name, tmp_path):
    path = MAKERS[name](tmp_path)
    whole = path.read_bytes()
    for share in (0.0, 0.02, 0.3, 0.6, 0.9):
        path.write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(ValueError, match=path.name):
            load(path)


@pytest.mark.parametrize("name", [known.name for known in FORMATS])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.floats(0, 1), junk=st.binary(min_size=1, max_size=12))
def test_a_damaged_file_loads_or_is_refused_and_nothing_else(name, at, junk, tmp_path):
    path = MAKERS[name](tmp_path)
    whole = path.read_bytes()
    start = int(at * (len(whole) - 1))
    path.write_bytes(whole[:start] + junk + whole[start + len(junk) :])
    try:
        clip = load(path)
    except ValueError as refused:
        assert path.name in str(refused)
    else:
        assert clip.xyz[clip.seen > 0].isfinite().all()


@pytest.mark.parametrize(("file", "content"), [
    ("deep.json", "[" * 100_000), ("many.skeleton", "999999999999\n1\n"), ("nan.json", '{"skeletons": [[[NaN, 0, 0]]]}'),
    ("list.json", "[]"), ("null.json", "null"), ("words.json", '{"skeletons": "abc"}'), ("few.json", '{"skeletons": [[[0, 0, 0]]]}'),
    ("digits.skeleton", "\u00b2\n"), ("x.bvh", "HIERARCHY"), ("x.npy", "not numpy"),
    ("huge.json", '{"skeletons": ' + json.dumps([[[1e39, 0, 0]] * 20]) + "}"),
])
def test_hostile_files_are_refused_by_name(file, content, tmp_path):
    (tmp_path / file).write_text(content)
    with pytest.raises(ValueError, match=file):
        load(tmp_path / file)


def test_an_array_of_python_objects_is_never_unpickled(tmp_path):
    path = tmp_path / "trap.npy"
    np.save(path, np.array([print], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match=r"trap\.npy"):
        load(path)


def test_an_array_that_lies_about_its_size_is_refused(tmp_path):
    held = io.BytesIO()
    np.lib.format.write_array_header_1_0(held, {"descr": "<f4", "fortran_order": False, "shape": (10**9, 22, 3)})
    (tmp_path / "big.npy").write_bytes(held.getvalue() + b"\0" * 100)
    with pytest.raises(ValueError, match=r"big\.npy"):
        load(tmp_path / "big.npy")


def test_features_and_unknown_suffixes_name_the_way_out(tmp_path):
    np.save(tmp_path / "f.npy", np.zeros((10, 263), np.float32))
    with pytest.raises(ValueError, match="new_joints"):
        load(tmp_path / "f.npy")
    with pytest.raises(ValueError, match=r"no reader for '\.fbx'.*\.bvh"):
        load(tmp_path / "walk.fbx")
    with pytest.raises(FileNotFoundError, match="check the path"):
        load(tmp_path / "none.bvh")
    with pytest.raises(ValueError, match="folder"):
        (tmp_path / "d.bvh").mkdir()
        load(tmp_path / "d.bvh")


def test_frames_are_in_the_order_of_their_numbers_and_pictures_without_anybody_count(tmp_path):
    content = json.loads(coco_json(np.tile(np.full((17, 3), 1.0), (12, 1, 1)) * np.arange(1, 13)[:, None, None]))
    for t, row in enumerate(content["annotations"]):
        row["image_id"], row["keypoints"][2::3] = f"{t}.jpg", [1.0] * 17
    (tmp_path / "c.json").write_text(json.dumps(content))
    assert (load(tmp_path / "c.json").xyz[:, 0, 0, 0].diff() > 0).all()
    content["images"] = [{"id": f"{t}.jpg", "width": 640, "height": 480} for t in range(15)]
    (tmp_path / "c.json").write_text(json.dumps(content))
    assert load(tmp_path / "c.json").seen[:, 0, 0].tolist() == [1.0] * 12 + [0.0] * 3


@pytest.mark.parametrize("images", [None, 5, [{"id": [1]}], "x"])
def test_odd_lists_of_pictures_are_refused_by_name(images, tmp_path):
    content = {**json.loads(coco_json(np.ones((2, 17, 3)))), "images": images}
    (tmp_path / "odd.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match=r"odd\.json"):
        load(tmp_path / "odd.json")
    assert load(tmp_path / "odd.json", size=(640, 480)).frames == 2


@pytest.mark.parametrize("options", [{"size": "640x480"}, {"size": (0, 0)}, {"size": 640}, {"fps": 0}])
def test_options_that_make_no_sense_are_refused_by_name(options, tmp_path):
    path = coco_file(tmp_path)
    with pytest.raises(ValueError, match=path.name):
        load(path, **options)
    for unit in ("cm", 0, -1.0):
        with pytest.raises(ValueError, match="metres_per_unit"):
            load(bvh_file(tmp_path), metres_per_unit=unit)


def test_an_upper_case_suffix_is_a_suffix_and_a_giant_number_is_refused(tmp_path):
    assert load(bvh_file(tmp_path).rename(tmp_path / "A.BVH")).frames == 2
    (tmp_path / "n.json").write_text("1" * 5000)
    with pytest.raises(ValueError, match=r"n\.json"):
        load(tmp_path / "n.json")


def test_an_option_that_a_format_does_not_take_is_refused(tmp_path):
    with pytest.raises(ValueError, match="colour"):
        load(bvh_file(tmp_path), colour="red")


def test_the_samples_are_real_motion():
    for name, path in sample_files().items():
        clip = load(path)
        speed = clip.measured().velocity.nan_to_num().norm(dim=-1)
        assert clip.frames > 40 and 0.1 < speed.max() < 15, name


@pytest.mark.local_data
@pytest.mark.skipif(not LOCAL.exists(), reason=f"research samples are not at {LOCAL.parent.name}/{LOCAL.name}")
@pytest.mark.parametrize("file", ["ntu_raw/S001C003P008R002A058.skeleton", "humanml3d/000000.npy"])
def test_real_research_files_have_people_of_human_size(file):
    clip = load(LOCAL / file)
    for person in range(clip.people):
        assert 1.0 < np.ptp(clip.xyz[0, person, :, 1].numpy()) < 2.0
    assert torch.isfinite(clip.measured().velocity[clip.seen > 0]).all()
