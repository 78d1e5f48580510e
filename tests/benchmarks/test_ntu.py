import pickle

import pytest

from skllm.benchmarks import NTU60, NTU120, split
from skllm.benchmarks.ntu_labels import NTU60_LABELS, NTU120_LABELS
from skllm.formats import NTU25
from tests.conftest import ntu_text
from tests.formats.makers import pyskl_file, standing


def write(folder, *names):
    for name in names:
        (folder / f"{name}.skeleton").write_text(ntu_text([{"1": standing(NTU25)}] * 3))


def test_labels_and_splits_are_the_published_ones():
    assert len(set(NTU60_LABELS)) == 60 and len(set(NTU120_LABELS)) == 120 and NTU120_LABELS[:60] == NTU60_LABELS
    assert NTU60.protocol("xsub_55_5").unseen == ("reading", "writing", "put on hat/cap", "jump up", "touch someone's pocket")
    assert NTU120.protocol("xsub_110_10").unseen[:2] == ("drop something", "put on jacket")
    for benchmark, subjects in ((NTU60, 40), (NTU120, 106)):
        for one in benchmark.protocols:
            if one.unseen:
                seen, unseen = map(int, one.name.split("_")[-2:])
                assert (len(one.seen), len(one.unseen)) == (seen, unseen), one.name
        assert subjects - len(benchmark.protocol("xsub").test_subjects) == {40: 20, 106: 53}[subjects]


# Of the published action numbers, from 1: how many, their sum, and the sum of their squares.
SUMS = {"55_5": (5, 127, 4643), "48_12": (12, 409, 19445), "40_20": (20, 585, 21643), "30_30": (30, 849, 33983),
        "110_10": (10, 609, 49043), "96_24": (24, 1408, 114914), "80_40": (40, 2800, 240914), "60_60": (60, 3540, 278522)}


@pytest.mark.parametrize("benchmark", [NTU60, NTU120])
def test_no_number_in_the_open_splits_and_subject_lists_is_off(benchmark):
    for one in benchmark.protocols:
        ids = [benchmark.labels.index(label) + 1 for label in one.unseen]
        assert not ids or SUMS["_".join(one.name.split("_")[-2:])] == (len(ids), sum(ids), sum(n * n for n in ids)), one.name
    tests = benchmark.protocol("xsub").test_subjects
    trains = [n for n in range(1, 41 if benchmark is NTU60 else 107) if n not in tests]
    assert (len(trains), sum(trains), sum(n * n for n in trains)) == {"ntu60": (20, 359, 8935), "ntu120": (53, 2795, 200379)}[benchmark.name]


def test_files_are_split_by_name_and_read_when_asked_for(tmp_path):
    write(tmp_path, "S001C001P001R001A001", "S001C001P003R001A001", "S001C001P003R001A011", "S018C001P001R001A001", "notes")
    (tmp_path / "bad.txt").write_text("S001C001P003R001A001\n")
    clips = NTU60.clips(tmp_path)
    assert [len(split(clips, NTU60.protocol("xsub_55_5"), part)) for part in ("train", "test", "unseen")] == [1, 1, 1]
    assert clips[0].clip.frames == 3
    assert len(NTU60.clips(tmp_path, tmp_path / "bad.txt")) == 2
    assert len(NTU120.clips(tmp_path)) == 4


def test_views_and_setups_are_read_from_the_name(tmp_path):
    write(tmp_path, "S001C001P001R001A001", "S002C002P001R001A001", "S003C003P001R001A001")
    view, setup = (split(NTU120.clips(tmp_path), one, "test") for one in (NTU60.protocol("xview"), NTU120.protocol("xset")))
    assert [one.camera for one in view] == [1] and [one.setup for one in setup] == [1, 3]


def test_recordings_without_a_skeleton_are_left_out_by_list_and_where_they_are_empty(tmp_path):
    write(tmp_path, "S001C001P001R001A001", "S001C001P001R001A002")
    (tmp_path / "S001C001P001R001A003.skeleton").write_text("3\n0\n0\n0\n")
    (tmp_path / "NTU_RGBD_samples_with_missing_skeletons.txt").write_text("Total of 1 files\n\nS001C001P001R001A002\n")
    assert [one.key for one in NTU60.clips(tmp_path)] == ["S001C001P001R001A001"]


def test_a_pyskl_pickle_is_a_copy_too(tmp_path):
    content = pickle.loads(pyskl_file(tmp_path).read_bytes())
    content["annotations"][0]["frame_dir"] = "S001C002P003R002A013"
    (tmp_path / "raise.pkl").write_bytes(pickle.dumps(content))
    (found,) = NTU60.clips(tmp_path / "raise.pkl")
    assert found.label == "tear up paper" and (found.subject, found.camera) == (3, 2) and found.clip.topology.name == "coco17"


def test_a_missing_copy_says_where_to_ask_and_how_it_should_lie(tmp_path):
    for root in (tmp_path, "", tmp_path / "nowhere"):
        with pytest.raises(FileNotFoundError, match=r"S001C001P001R001A001\.skeleton.*ROSE Lab"):
            NTU60.clips(root)
    with pytest.raises(ValueError, match="ntu60_xsub_48_12"):
        NTU60.protocol("xsub_47_13")
