"""What single formats promise beyond the contract: people, frames, sizes, options."""

import json
import pickle
from pathlib import Path

import numpy as np
import pytest

from skllm.formats import NTU25, File, load
from skllm.samples import sample_files
from tests.formats.makers import FRAMES, MAKERS, coco_file, gltf_file, openpose_folder, standing

RESEARCH = Path(__file__).parents[2] / "data"


def test_openpose_people_are_followed_by_nearness(tmp_path):
    folder = openpose_folder(tmp_path)
    for t, path in enumerate(sorted(folder.iterdir())):
        content = json.loads(path.read_text())
        other = json.loads(json.dumps(content["people"][0]))
        other["pose_keypoints_2d"][::3] = [x - 250 for x in other["pose_keypoints_2d"][::3]]
        content["people"] = [content["people"][0], other][:: 1 if t % 2 else -1]
        path.write_text(json.dumps(content))
    clip = load(folder, size=(640, 480))
    assert clip.people == 2 and clip.xyz[:, :, 1, 0].std(0).max() < 0.1
    with pytest.raises(ValueError, match="size="):
        load(folder)


def test_a_clip_is_fitted_into_the_picture_where_its_size_is_not_known(tmp_path):
    clip = load(openpose_folder(tmp_path), size="fit")
    spread = clip.xyz[0, 0, :, :2].max(0).values - clip.xyz[0, 0, :, :2].min(0).values
    assert 2.5 < spread.max() < 3.4 and clip.xyz[..., :2].mean().abs() < 1


def test_hidden_keypoints_of_score_zero_are_absent(tmp_path):
    path = coco_file(tmp_path)
    content = json.loads(path.read_text())
    for row in content["annotations"]:
        row["keypoints"][2] = 0.0
    path.write_text(json.dumps(content))
    assert (load(path).seen[:, 0, 0] == 0).all() and (load(path).seen[:, 0, 1] > 0).all()


def test_missing_numbers_in_a_folder_are_empty_frames_and_two_recordings_are_told_apart(tmp_path):
    folder = openpose_folder(tmp_path)
    sorted(folder.iterdir())[2].unlink()
    clip = load(folder, size=(640, 480))
    assert clip.frames == FRAMES and clip.seen[2].max() == 0 < clip.seen[3].max()
    (folder / "other_000000000001_keypoints.json").write_text('{"people": []}')
    with pytest.raises(ValueError, match="two recordings"):
        load(folder, size=(640, 480))


@pytest.mark.parametrize(("scale", "sentence"), [(170.0, "is the unit metres"), (0.0, "all joints are at one place"), (1e-4, "is the unit metres")])
def test_bodies_of_no_bodys_size_are_refused(scale, sentence, tmp_path):
    np.save(tmp_path / "s.npy", scale * np.random.rand(5, 24, 3))
    with pytest.raises(ValueError, match=rf"s\.npy.*{sentence}"):
        load(tmp_path / "s.npy")


def test_crowds_and_names_that_stand_twice_are_refused(tmp_path):
    row = {"frame_dir": "v", "keypoint": np.tile(standing(NTU25), (65, 3, 1, 1)), "label": 0}
    for rows, sentence in (([row], "65 of them"), ([row, row], "'v' is there twice"), ([None], "no array 'keypoint'")):
        (tmp_path / "p.pkl").write_bytes(pickle.dumps({"annotations": rows}))
        with pytest.raises(ValueError, match=rf"p\.pkl.*{sentence}"):
            load(tmp_path / "p.pkl", format="PYSKL")


def test_pictures_of_several_sizes_are_refused(tmp_path):
    path = coco_file(tmp_path)
    content = json.loads(path.read_text())
    content["images"] = [{"id": t, "width": 640 + t, "height": 480} for t in range(FRAMES)]
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match="5 sizes"):
        load(path)


def test_lines_after_the_last_frame_are_refused(tmp_path):
    path = MAKERS["NTU RGB+D"](tmp_path)
    path.write_text(path.read_text() + "\n  \n")
    assert load(path).frames == FRAMES
    path.write_text(path.read_text() + "1 2 3\n")
    with pytest.raises(ValueError, match="more lines than 5 frames have"):
        load(path)


@pytest.mark.parametrize(("name", "options"), [
    ("SMPL-24 joints", {"up": ["y"]}), ("SMPL-24 joints", {"up": "x"}), ("array", {"format": "array", "topology": "mine", "fps": 30}),
    ("MediaPipe Pose", {"clip": "b"}), ("COCO-17 keypoints", {"fps": "30"}), ("Acclaim ASF/AMC", {"asf": 3}), ("DeepMimic", {"body": 3}),
    ("COCO-17 keypoints", {"size": 3}), ("BVH", {"fps": 3, "metres_per_unit": 0.01}),
])
def test_options_of_the_wrong_kind_are_refused_by_name(name, options, tmp_path):
    path = MAKERS[name](tmp_path)
    with pytest.raises(ValueError, match=path.name):
        load(path, **options)


def test_numbers_of_any_kind_are_numbers_and_clip_names_are_words(tmp_path):
    assert load(coco_file(tmp_path), fps=np.float32(25), size=np.array([640, 480])).fps == 25
    assert load(MAKERS["SBU Kinect"](tmp_path), clip=0).frames == FRAMES
    assert load(coco_file(tmp_path), format="coco-17 Keypoints").frames == FRAMES


@pytest.mark.parametrize("order", [1, -1])
def test_two_people_who_move_together_keep_who_they_are_in_any_order(order, tmp_path):
    folder = openpose_folder(tmp_path)
    for t, path in enumerate(sorted(folder.iterdir())):
        content = json.loads(path.read_text())
        body = content["people"][0]["pose_keypoints_2d"]
        both = [[value + (shift + 60 * t) * (n % 3 == 0) for n, value in enumerate(body)] for shift in (-250, -150)]
        both[0][:3] = [0, 0, 0]                                                     # a hidden point
        content["people"] = [{"pose_keypoints_2d": one} for one in (*both[::order], [0] * 75)]
        path.write_text(json.dumps(content))
    for size in ((640, 480), "fit"):
        clip = load(folder, size=size)
        gap = clip.xyz[:, 1, 1, 0] - clip.xyz[:, 0, 1, 0]
        assert clip.people == 2 and (gap.sign() == gap[0].sign()).all() and (clip.xyz[:, 0, 1, 0].diff() > 0).all()


def test_one_person_with_a_hidden_point_is_one_person_however_the_picture_is_fitted(tmp_path):
    path = coco_file(tmp_path)
    content = json.loads(path.read_text())
    content["annotations"][2]["keypoints"][:3] = [0, 0, 0]
    content["annotations"].append({"image_id": 3, "category_id": 1, "keypoints": [0] * 51, "score": 0})
    path.write_text(json.dumps(content))
    assert load(path).people == load(path, size="fit").people == 1


def test_an_animation_keeps_its_last_frame(tmp_path):
    path = gltf_file(tmp_path)
    assert load(path).frames == 16                                                  # half a second at 30 fps, both ends
    path.write_bytes(path.read_bytes().replace(np.float32([0, 0.5]).tobytes(), np.float32([0, 0.7]).tobytes()))
    assert load(path).frames == 22


def test_a_body_that_would_be_read_wrongly_is_refused(tmp_path):
    path = MAKERS["Acclaim ASF/AMC"](tmp_path)
    body = tmp_path / "raise.asf"
    whole = body.read_text()
    for a, b in (("orientation 0 0 0", "orientation 0 90 0"), ("dof rx ry rz", "dof rx ry rz tx"), ("position 0 0 0", "position 1 0 0")):
        body.write_text(whole.replace(a, b, 1))
        with pytest.raises(ValueError, match=r"raise\.asf, its grammar"):
            load(path)
    body.write_text(whole)
    (tmp_path / "raise_0.asf").write_text("another's")
    (tmp_path / "ra.asf").write_text("another's")
    with pytest.raises(ValueError, match=r"raise_0\.asf"):                         # the longest name wins
        load(path)


def test_the_dog_comes_towards_us(tmp_path):
    path = MAKERS["AI4Animation dog"](tmp_path)
    rows = np.loadtxt(path, delimiter=",").reshape(FRAMES, 27, 3)
    rows[..., 2] += 0.1 * np.arange(FRAMES)[:, None]
    np.savetxt(path, rows.reshape(FRAMES, 81), delimiter=",")
    assert (load(path).xyz[:, 0, 0, 2].diff() < 0).all()


def test_the_robot_follows_its_person_limb_by_limb():
    """Real motion: the robot, three quarters of the person's size, has its hands where the person's are, left and right."""
    robot, person = (load(sample_files()["kick_robot_g1.pkl"], body=body) for body in ("robot", "person"))
    hands = [[clip.topology.joint_names.index(f"{side}_hand") for side in ("left", "right")] for clip in (robot, person)]
    reach = [clip.xyz[:, 0, at] - clip.xyz[:, 0, :1] for clip, at in zip((robot, person), hands, strict=True)]
    straight, crossed = ((reach[0] - 0.75 * other).norm(dim=-1).mean() for other in (reach[1], reach[1].flip(1)))
    assert straight < 0.15 and crossed > 2 * straight


@pytest.mark.local_data
@pytest.mark.skipif(not RESEARCH.exists(), reason="no research recordings in data/")
def test_one_walk_in_two_formats_takes_the_same_steps():
    amc, bvh = load(RESEARCH / "cmu/subjects/02/02_01.amc"), load(RESEARCH / "bvh/02_01.bvh")
    feet = [[clip.topology.joint_names.index(name) for name in names]
            for clip, names in ((amc, ("ltibia", "rtibia")), (bvh, ("LeftFoot", "RightFoot")))]
    steps = [clip.xyz[:, 0, at] - clip.xyz[:, 0, :1] for clip, at in zip((amc, bvh), feet, strict=True)]
    assert (steps[0] - steps[1]).norm(dim=-1).mean() < 0.05


@pytest.mark.local_data
@pytest.mark.skipif(not (RESEARCH / "penn_action_labels").exists(), reason="no Penn Action labels in data/")
def test_penn_actions_people_filmed_from_the_front_have_their_left_on_our_right():
    """The figures in penn_action.py: of every fifth clip, how many show the shoulders as our names say, from the front and from behind."""
    found: dict[str, list[bool]] = {"front": [], "back": []}
    for path in sorted((RESEARCH / "penn_action_labels").glob("*.mat"))[::5]:
        pose = str(File(path).matrices["pose"][0])
        if pose in found:
            clip = load(path)
            left, right = (clip.xyz[:, 0, clip.topology.find("shoulder", side)[0], 0] for side in ("left", "right"))
            found[pose].append(bool(((left - right).nanmedian() > 0) == (pose == "front")))
    assert {pose: (len(held), round(100 * np.mean(held))) for pose, held in found.items()} == {"front": (124, 86), "back": (121, 69)}


def test_a_packed_archive_without_its_keys_is_refused_by_name(tmp_path):
    np.savez(tmp_path / "some.npz", xyz=np.zeros((4, 2, 3)), lengths=np.array([4]), kays=np.array(["a"]))
    with pytest.raises(ValueError, match=r"some\.npz.*it holds kays, lengths, xyz.*needs xyz, lengths and keys"):
        load(tmp_path / "some.npz", format="packed clips")


def test_a_packed_archive_of_acclaims_bones_has_knees_and_elbows(tmp_path):
    names = ("root root_@_lhipjoint lhipjoint_@_lfemur lfemur_@_ltibia thorax_@_rclavicle rclavicle_@_rhumerus rhumerus_@_rradius").split()
    at = np.random.default_rng(0).uniform(0.2, 1.6, (4, len(names), 3))
    np.savez(tmp_path / "some.npz", xyz=at, lengths=np.array([4]), keys=np.array(["a"]))
    about = {"fps": 30, "joint_names": names, "parents": [-1, 0, 1, 2, 0, 4, 5]}
    (tmp_path / "some.json").write_text(json.dumps(about))
    topology = load(tmp_path / "some.npz").topology
    assert topology.parts == ("waist", "hip", "knee", "ankle", "shoulder", "elbow", "wrist")
    assert topology.sides == ("middle", *["left"] * 3, *["right"] * 3)
    (tmp_path / "some.json").write_text(json.dumps(about | {"joint_names": [*names[:-1], "RightElbow"]}))       # these are not Acclaim's
    assert load(tmp_path / "some.npz").topology.parts[-2:] == ("other", "elbow")
