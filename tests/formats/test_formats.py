"""Every reader: the right hand goes up where it should, and bad files are refused in one sentence."""

import io
import json

import numpy as np
import pytest

from skllm.formats import COCO17, FORMATS, HUMANML3D22, NTU25, Format, check_format, clips_in, load, register
from skllm.samples import sample_files
from skllm.skeleton import Skeleton
from tests.conftest import coco_json, ntu_text
from tests.formats.makers import FRAMES, MAKERS, OPTIONS, bvh_file, coco_file, gltf_file, pyskl_file, standing

NAMES = [known.name for known in FORMATS]
FLAT = {"KARD screen", "COCO-17 keypoints", "OpenPose BODY_25", "PYSKL", "Penn Action", "SBU Kinect"}


def made(name: str, folder) -> Skeleton:
    return load(MAKERS[name](folder), **OPTIONS.get(name, {}))


def middle_of(clip: Skeleton, part: str, side: str):
    found = clip.topology.find(part, side)
    return clip.xyz[0, 0, found].mean(0) if found else None


def test_every_format_has_a_maker():
    assert set(MAKERS) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_format_keeps_the_contract(name, tmp_path):
    check_format(name, MAKERS[name](tmp_path), **OPTIONS.get(name, {}))


@pytest.mark.parametrize("name", [name for name in NAMES if name != "AI4Animation dog"])
def test_a_raised_right_hand_is_up_and_on_the_left_of_the_picture(name, tmp_path):
    clip = made(name, tmp_path)
    right, left = (next(at for part in ("hand", "wrist") if (at := middle_of(clip, part, side)) is not None) for side in ("right", "left"))
    top = next(at for part in ("head", "neck", "shoulder", "chest") for side in ("middle", "left") if (at := middle_of(clip, part, side)) is not None)
    assert right[1] > top[1] > left[1]
    assert right[0] < left[0]
    assert 0.5 < right[1] - left[1] < 2        # metres


@pytest.mark.parametrize("name", sorted(FLAT))
def test_two_dimensional_clips_stand_on_a_plane_three_metres_away(name, tmp_path):
    clip = made(name, tmp_path)
    assert clip.xyz[clip.seen > 0][:, 2].unique().tolist() == [3.0]


def test_a_person_who_is_nearer_is_nearer_for_us(tmp_path):
    for name in ("NTU RGB+D", "Kinect v2 CSV", "PKU-MMD", "NW-UCLA", "UTD-MHAD", "MSR Action3D", "HumanML3D joints", "HumanML3D features",
                 "SMPL-24 joints", "MediaPipe Pose", "C3D"):
        clip = made(name, tmp_path)
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
    points = np.tile(np.concatenate([np.full((17, 1), 100.0), 100.0 + np.arange(17)[:, None], np.full((17, 1), 0.5)], 1), (2, 1, 1))
    content = json.loads(coco_json(points))
    content["annotations"] = [{**content["annotations"][t], "track_id": track} for t in (0, 1) for track in ((1, 2) if t == 0 else (2, 1))]
    content["annotations"][1]["keypoints"] = [value for n in range(17) for value in (300.0, 100.0 + n, 0.5)]
    content["annotations"][2]["keypoints"] = [value for n in range(17) for value in (300.0, 100.0 + n, 0.5 * (n > 0))]
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


def test_unknown_layouts_and_suffixes_name_the_way_out(tmp_path):
    np.save(tmp_path / "f.npy", np.zeros((10, 19, 3), np.float32))
    with pytest.raises(ValueError, match=r"load\(path, format=...\)"):
        load(tmp_path / "f.npy")
    np.savez(tmp_path / "amass.npz", poses=np.zeros((5, 72)), trans=np.zeros((5, 3)))
    with pytest.raises(ValueError, match="rotations, not joints"):
        load(tmp_path / "amass.npz", clip="poses")
    (tmp_path / "walk.fbx").write_text("Kaydara")
    with pytest.raises(ValueError, match=r"no reader for '\.fbx'.*\.bvh"):
        load(tmp_path / "walk.fbx")
    with pytest.raises(FileNotFoundError, match="check the path"):
        load(tmp_path / "none.bvh")
    with pytest.raises(ValueError, match=r"d\.bvh"):
        (tmp_path / "d.bvh").mkdir()
        load(tmp_path / "d.bvh")


def test_frames_are_in_the_order_of_their_numbers_and_pictures_without_anybody_count(tmp_path):
    content = json.loads(coco_json(np.tile(np.arange(51.0).reshape(17, 3), (12, 1, 1)) + 10 * np.arange(1, 13)[:, None, None]))
    for t, row in enumerate(content["annotations"]):
        row["image_id"], row["keypoints"][2::3] = f"{t}.jpg", [1.0] * 17
    (tmp_path / "c.json").write_text(json.dumps(content))
    assert (load(tmp_path / "c.json").xyz[:, 0, 0, 0].diff() > 0).all()
    content["images"] = [{"id": f"{t}.jpg", "width": 640, "height": 480} for t in range(15)]
    (tmp_path / "c.json").write_text(json.dumps(content))
    assert load(tmp_path / "c.json").seen[:, 0, 0].tolist() == [1.0] * 12 + [0.0] * 3


@pytest.mark.parametrize("images", [None, 5, [{"id": [1]}], "x"])
def test_odd_lists_of_pictures_are_refused_by_name(images, tmp_path):
    content = {**json.loads(coco_json(np.tile(1.0 + np.arange(51).reshape(17, 3), (2, 1, 1)))), "images": images}
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
    with pytest.raises(ValueError, match="no option colour; it takes metres_per_unit"):
        load(bvh_file(tmp_path), colour="red")


def test_the_samples_are_real_motion():
    for name, path in sample_files().items():
        clip = load(path)
        speed = clip.measured().velocity.nan_to_num().norm(dim=-1)
        assert clip.frames > 30 and 0.1 < speed.max() < 15, name


def test_a_file_of_several_clips_asks_which_and_reads_each(tmp_path):
    path = pyskl_file(tmp_path)
    assert clips_in(path) == ["flat", "deep"]
    with pytest.raises(ValueError, match=r"2 clips: flat, deep"):
        load(path)
    with pytest.raises(ValueError, match=r"no clip 'none'"):
        load(path, clip="none")
    assert load(path, clip="deep").topology is NTU25 and load(path, clip="flat").topology is COCO17
    assert clips_in(gltf_file(tmp_path)) == ["Raise"]


def test_packed_clips_of_twenty_two_joints_are_not_taken_for_humanml3d(tmp_path):
    path = MAKERS["packed clips"](tmp_path)
    xyz = np.tile(np.arange(0, 5500, 250, dtype=np.int16)[:, None], (4, 1, 3))
    np.savez(path, xyz=xyz, lengths=np.array([4]), keys=np.array(["one"]))
    about = {"fps": 30, "joint_names": [f"j{n}" for n in range(22)], "parents": list(range(-1, 21))}
    (tmp_path / "raise.json").write_text(json.dumps(about))
    assert load(path).topology.name == "raise"


def test_two_formats_that_both_claim_a_file_are_not_guessed_between(tmp_path):
    mine = Format("mine", (".txt",), lambda file: None, claims=lambda file: True)
    register(mine)
    try:
        with pytest.raises(ValueError, match=r"both MSR Action3D, mine would read it.*format="):
            load(MAKERS["MSR Action3D"](tmp_path))
        assert load(MAKERS["MSR Action3D"](tmp_path), format="MSR Action3D").frames == FRAMES
    finally:
        FORMATS.remove(mine)
    with pytest.raises(ValueError, match="no format 'mine'"):
        load(tmp_path / "raise.txt", format="mine")


def test_a_format_of_ones_own_is_five_lines_and_keeps_the_contract(tmp_path):
    def read_mine(file):
        return file.to_skeleton(file.rows.reshape(-1, 25, 3), NTU25, 30)

    mine = register(Format("mine", (".mine",), read_mine))
    try:
        np.savetxt(tmp_path / "a.mine", np.tile(standing(NTU25), (4, 1, 1)).reshape(4, 75))
        assert check_format(mine, tmp_path / "a.mine").frames == 4
        with pytest.raises(ValueError, match="already"):
            register(mine)
    finally:
        FORMATS.remove(mine)
    with pytest.raises(ValueError, match="suffixes"):
        register(Format("other", ("MINE",), read_mine))


@pytest.mark.parametrize(("reader", "sentence"), [
    (lambda file: file.to_skeleton(15 * np.tile(standing(NTU25), (3, 1, 1)), NTU25, 30), "metres"),
    (lambda file: file.to_skeleton(np.tile(standing(NTU25), (3, 1, 1)) + np.random.rand(), NTU25, 30), "twice"),
    (lambda file: {bytes(999): file.to_skeleton(np.tile(standing(NTU25), (3, 1, 1)), NTU25, 30)}[file.bytes], "KeyError"),
])
def test_the_contract_finds_what_is_broken(reader, sentence, tmp_path):
    broken = register(Format("broken", (".broken",), reader))
    try:
        (tmp_path / "a.broken").write_bytes(bytes(999))
        with pytest.raises(AssertionError, match=sentence):
            check_format(broken, tmp_path / "a.broken")
    finally:
        FORMATS.remove(broken)


def test_features_give_back_the_joints_they_were_made_of(tmp_path):
    """A person who walks and turns; features as HumanML3D's notebook defines them, written here on their own."""
    T, dice = 40, np.random.default_rng(0)
    heading = np.cumsum(0.05 * dice.standard_normal(T + 1))                      # of the body, about the vertical
    heading -= heading[0]
    pose = standing(HUMANML3D22) * (1, 1, -1)
    pose = pose - pose[0] * (1, 0, 1)
    walk = np.stack([np.sin(np.arange(T + 1) / 9), np.zeros(T + 1), np.arange(T + 1) * 0.03], -1)
    walk -= walk[0]

    def turned(points, by):
        c, s = np.cos(by), np.sin(by)
        return np.stack([c * points[..., 0] + s * points[..., 2], points[..., 1], -s * points[..., 0] + c * points[..., 2]], -1)

    joints = turned(np.tile(pose, (T + 1, 1, 1)), heading[:, None]) + walk[:, None]
    features = np.zeros((T, 263))
    features[:, 0] = -np.diff(heading) / 2                                        # the file's quaternion turns the world to face +z
    features[:, [1, 2]] = turned(np.diff(walk, axis=0), -heading[1:])[:, [0, 2]]
    features[:, 3] = joints[:T, 0, 1]
    features[:, 4:67] = turned(joints[:T, 1:] - joints[:T, :1] * (1, 0, 1), -heading[:T, None]).reshape(T, 63)
    np.save(tmp_path / "walk.npy", features.astype(np.float32))
    clip = load(tmp_path / "walk.npy")
    assert np.abs(clip.xyz[:, 0].numpy() * (1, 1, -1) - joints[:T]).max() < 1e-5
