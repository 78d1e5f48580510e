import numpy as np
import pytest
import torch

from skllm.benchmarks import UI_PRMD, read_ui_prmd, split
from skllm.benchmarks.packed import PackedClip, read_packed, write_packed
from skllm.benchmarks.ui_prmd import KINECT22, VICON39

SENSORS = ("kinect22", "vicon39")


@pytest.mark.parametrize("sensor", SENSORS)
def test_all_exercises_subjects_and_both_ways_of_doing_them_are_there(sensor):
    clips = read_ui_prmd(sensor)
    assert len(clips) == len({one.key for one in clips}) == {"kinect22": 1000, "vicon39": 989}[sensor]
    assert {one.label for one in clips} == set(UI_PRMD.labels) and len(UI_PRMD.labels) == 10
    assert {one.subject for one in clips} == set(range(1, 11)) and {one.correct for one in clips} == {True, False}


@pytest.mark.parametrize("sensor", SENSORS)
def test_test_subjects_never_train_and_unseen_labels_neither(sensor):
    train, test, unseen = (split(read_ui_prmd(sensor), UI_PRMD, part) for part in ("train", "test", "unseen"))
    assert min(map(len, (train, test, unseen))) > 50
    assert not {one.subject for one in train} & {one.subject for one in test + unseen}
    assert {one.label for one in train} == {one.label for one in test} == set(UI_PRMD.seen)
    assert {one.label for one in unseen} == set(UI_PRMD.unseen)


def test_an_unknown_part_or_sensor_is_refused():
    with pytest.raises(ValueError, match="unseen"):
        split([], UI_PRMD, "validation")
    with pytest.raises(ValueError, match="kinect22"):
        read_ui_prmd("lidar")


def test_both_sensors_saw_the_same_people_do_the_same():
    kinect, vicon = ({one.key.split("/")[1]: one.clip for one in read_ui_prmd(sensor)} for sensor in SENSORS)
    both = sorted(set(kinect) & set(vicon))
    for key in both[::97]:
        a, b = kinect[key], vicon[key]
        for clip in (a, b):
            left, right = (clip.xyz[0, 0, clip.topology.find("shoulder", side), 0].nanmean() for side in ("left", "right"))
            assert right < left, key       # they face us: their right is on the picture's left
        tall = [np.nanmax(clip.xyz[..., 1]) - np.nanmin(clip.xyz[..., 1]) for clip in (a, b)]
        assert abs(tall[0] - tall[1]) < 0.45, key


def test_absent_markers_are_marked():
    absent = sum(int((one.clip.seen == 0).sum()) for one in read_ui_prmd("vicon39"))
    assert absent > 100
    assert not any((one.clip.xyz == 0).all(-1).any() for one in read_ui_prmd("vicon39")[::50])


def test_kinect_bones_keep_their_length():
    for one in read_ui_prmd("kinect22")[::101]:
        a, b = torch.tensor(KINECT22.bones).T
        lengths = (one.clip.xyz[:, 0, a] - one.clip.xyz[:, 0, b]).norm(dim=-1)
        assert (lengths.std(0) < 0.05).float().mean() > 0.6, one.key


def test_every_marker_hangs_on_a_bone():
    assert {end for bone in VICON39.bones for end in bone} == set(range(39))


def test_packed_clips_come_back_within_half_a_millimetre(tmp_path):
    dice = np.random.default_rng(0)
    clips = [PackedClip(f"k{n}", dice.uniform(-3, 3, (5 + n, 4, 3)).astype(np.float32), dice.random((5 + n, 4)) > 0.3) for n in range(3)]
    write_packed(tmp_path / "p.npz", clips)
    for one, again in zip(clips, read_packed(tmp_path / "p.npz"), strict=True):
        assert one.key == again.key and (one.seen == again.seen).all()
        assert np.abs(one.xyz - again.xyz)[one.seen].max() <= 0.00051


def test_a_clip_too_far_for_its_file_is_refused(tmp_path):
    with pytest.raises(ValueError, match="16 m"):
        write_packed(tmp_path / "p.npz", [PackedClip("far", np.full((1, 1, 3), 20.0, np.float32), np.ones((1, 1), bool))])
