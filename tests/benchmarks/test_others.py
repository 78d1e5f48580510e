"""Benchmarks that say everything in names, lists and label files."""


import numpy as np
import pytest
from scipy.io import savemat

from skllm.benchmarks import BENCHMARKS, HDM05, HUMANML3D, KARD, MSR_ACTION3D, NW_UCLA, PENN_ACTION, PKU_MMD, UTD_MHAD, split
from skllm.benchmarks.folders import hdm05_label
from skllm.formats import HUMANML3D22, NTU25
from skllm.skeleton import Skeleton
from tests.formats import makers
from tests.formats.makers import standing


def test_every_benchmark_says_where_its_files_are_to_be_had(tmp_path):
    for name, one in BENCHMARKS.items():
        assert one.name == name and len(set(one.labels)) == len(one.labels) and one.protocols
        assert all(protocol.name.startswith(name) for protocol in one.protocols)
        if one.layout:
            with pytest.raises(FileNotFoundError, match="pass the folder as data_root"):
                one.clips(tmp_path)


@pytest.mark.parametrize(("benchmark", "maker", "named", "label", "subject"), [
    (NW_UCLA, makers.nw_ucla_file, "a08_s04_e01_v03.json", "donning", 4),
    (UTD_MHAD, makers.utd_mhad_file, "a27_s2_t1_skeleton.mat", "squat (two arms stretch out)", 2),
    (MSR_ACTION3D, makers.msr_action3d_file, "a06_s10_e01_skeleton3D.txt", "high throw", 10),
    (KARD, makers.kard_file, "a18_s10_e03_realworld.txt", "stand up", 10),
])
def test_names_tell_label_subject_and_side(benchmark, maker, named, label, subject, tmp_path):
    maker(tmp_path).rename(tmp_path / named)
    maker(tmp_path).rename(tmp_path / named.replace("_s", "_sx", 1))               # not the benchmark's
    (one,) = benchmark.clips(tmp_path)
    assert (one.label, one.subject) == (label, subject) and one.clip.frames == makers.FRAMES
    assert split([one], benchmark.protocols[0], "test") == [one] and split([one], benchmark.protocols[0], "train") == []


def test_action_sets_hold_their_own_labels_only(tmp_path):
    makers.msr_action3d_file(tmp_path).rename(tmp_path / "a06_s02_e01_skeleton3D.txt")
    clips = MSR_ACTION3D.clips(tmp_path)
    assert [len(split(clips, MSR_ACTION3D.protocol(name), "test")) for name in ("xsub", "as1", "as2", "as3")] == [1, 1, 0, 1]


@pytest.mark.parametrize(("name", "words"), [
    ("kickLFront1Reps", "kick left front"), ("hopBothLegs1hops", "hop both legs"), ("depositFloorR", "deposit floor right"),
    ("elbowToKnee1RepsLelbowStart", "elbow to knee"), ("throwBasketball", "throw basketball"), ("sneak2StepsLStart", "sneak"),
])
def test_hdm05_names_become_words(name, words):
    assert hdm05_label(name) == words


def test_hdm05_clips_find_their_actors_body_in_the_folder_above(tmp_path):
    (tmp_path / "kick").mkdir()
    makers.amc_file(tmp_path).rename(tmp_path / "kick" / "HDM_mm_kickLFront1Reps_001_120.amc")
    (tmp_path / "raise.asf").rename(tmp_path / "HDM_mm.asf")
    (tmp_path / "HDM_bd.asf").write_text(":version")
    (one,) = HDM05.clips(tmp_path)
    assert one.label == "kick left front" and one.clip.frames == makers.FRAMES
    assert split([one], HDM05.protocols[0], "test") == [one]


def test_penn_action_takes_its_own_lists(tmp_path):
    (tmp_path / "labels").mkdir()
    for n, train in ((1, 1), (2, -1)):
        at = makers.pixels(makers.PENN13)
        savemat(tmp_path / "labels" / f"{n:04d}.mat", {"x": at[..., 0], "y": at[..., 1], "visibility": np.ones((5, 13)), "train": train,
                                                       "dimensions": [[480, 640, 5]], "action": "jumping_jacks"})
    clips = PENN_ACTION.clips(tmp_path)
    assert [one.key for part in ("train", "test") for one in split(clips, PENN_ACTION.protocols[0], part)] == ["0001", "0002"]
    assert clips[0].label == "jumping jacks" and clips[0].clip.frames == 5


@pytest.fixture
def pku(tmp_path):
    for folder in ("Skeleton", "Label", "Split"):
        (tmp_path / folder).mkdir()
    one, aside = standing(NTU25) * (-1, 1, 1), np.array([1, 0, 0])
    frames = np.stack([np.concatenate([one * (1 + 1e-3 * t), one + aside if t < 10 else 0 * one]).ravel() for t in range(30)])
    for video in ("0002-L", "0003-M"):
        np.savetxt(tmp_path / "Skeleton" / f"{video}.txt", frames, fmt="%.5f")
    (tmp_path / "Label" / "0002-L.txt").write_text("8,2,9,2\n51,25,12,1\n99,1,5,1\n3,40,60,2\n")
    (tmp_path / "Label" / "0003-M.txt").write_text("2,0,30,2\n")
    (tmp_path / "Split" / "cross-subject.txt").write_text("Training videos: \n0003-M, \nValidataion videos:\n0002-L, \n")
    return tmp_path


def test_pku_mmd_is_cut_by_its_labels(pku):
    clips = PKU_MMD.clips(pku)
    assert [(one.key, one.label, one.part, one.camera) for one in clips] == [
        ("0002-L@12-25:51", "writing", "test", 1), ("0002-L@2-9:8", "drink water", "test", 1), ("0002-L@40-60:3", "brushing teeth", "test", 1),
        ("0003-M@0-30:2", "brushing hair", "train", 2)]
    assert [one.clip.frames for one in (clips[0], clips[1], clips[3])] == [13, 7, 30]
    assert [one.clip.people for one in (clips[0], clips[1])] == [1, 2]             # the second person left at frame 10
    with pytest.raises(ValueError, match=r"0002-L\.txt, frames 40 to 60"):
        _ = clips[2].clip


def test_pku_mmds_open_splits_are_the_published_ones(pku):
    few, many = PKU_MMD.protocol("xsub_46_5"), PKU_MMD.protocol("xsub_39_12")
    assert few.unseen == ("brushing hair", "eat meal/snack", "pat on back of other person", "take off a hat/cap", "writing")
    assert (len(few.seen), len(few.unseen), len(many.seen), len(many.unseen)) == (46, 5, 39, 12)
    assert [PKU_MMD.labels.index(label) for label in many.unseen] == [3, 7, 11, 15, 19, 21, 25, 31, 33, 36, 43, 48]
    assert [one.key for one in split(PKU_MMD.clips(pku), few, "unseen")] == ["0002-L@12-25:51"]


def test_a_protocol_of_lists_without_its_lists_is_refused(pku):
    (pku / "Split" / "cross-subject.txt").unlink()
    with pytest.raises(ValueError, match="goes by the benchmark's own lists"):
        split(PKU_MMD.clips(pku), PKU_MMD.protocol("xsub"), "train")
    assert len(split(PKU_MMD.clips(pku), PKU_MMD.protocol("xview"), "test")) == 3


def test_a_broken_label_line_is_named(pku):
    (pku / "Label" / "0002-L.txt").write_text("8,2,9,2\n51,x\n")
    with pytest.raises(ValueError, match=r"0002-L\.txt, line 2"):
        PKU_MMD.clips(pku)


def test_humanml3d_gives_texts_lists_and_stretches_of_the_right_length(tmp_path):
    for folder in ("new_joints", "texts"):
        (tmp_path / folder).mkdir()
    pose = standing(HUMANML3D22) * (1, 1, -1)
    for name, frames in (("000001", 100), ("000002", 39), ("000003", 200), ("M000001", 199)):
        np.save(tmp_path / "new_joints" / f"{name}.npy", np.tile(pose, (frames, 1, 1)).astype(np.float32))
        (tmp_path / "texts" / f"{name}.txt").write_text(
            "a person waves.#a/DET person/NOUN#0.0#0.0\nsomeone waves#x#0.0#0.0\nturns#x#1.0#4.0\nshort#x#1.0#2.0\nodd#x#nan#nan\n")
    (tmp_path / "train.txt").write_text("000001\n000002\n")
    (tmp_path / "test.txt").write_text("M000001\n000003\n")
    clips = {one.key: one for one in HUMANML3D.clips(tmp_path)}
    assert set(clips) == {"000001", "000001@20-80", "M000001", "M000001@20-80"}
    assert clips["000001"].captions == ("a person waves.", "someone waves", "odd") and clips["000001"].part == "train"
    assert clips["000001@20-80"].clip.frames == 60 and clips["000001@20-80"].captions == ("turns",)
    assert [one.key for one in split(clips.values(), HUMANML3D.protocols[0], "test")] == ["M000001", "M000001@20-80"]


def test_the_bundled_benchmark_needs_no_folder():
    keys = [one.key for one in BENCHMARKS["ui_prmd"].clips()]
    assert len(set(keys)) == len(keys) > 1900 and {key.split("/")[0] for key in keys} == {"kinect22", "vicon39"}


def test_a_cut_is_a_recording_of_its_own():
    xyz = np.tile(standing(NTU25), (10, 2, 1, 1))
    xyz[4:, 1] = np.nan
    clip = Skeleton.from_array(xyz, NTU25, 30.0, name="two")
    assert clip.cut(5, 8).frames == 3 and clip.cut(5, 8).people == 1 and clip.cut(2, 99).people == 2
    for start, stop in ((8, 8), (10, 12), (-1, 3)):
        with pytest.raises(ValueError, match=f"cut\\({start}, {stop}\\)"):
            clip.cut(start, stop)
