import pytest

from skllm.benchmarks.ntu import NTU60_55_5, NTU60_LABELS, read_ntu60
from skllm.benchmarks.records import split
from tests.conftest import ntu_text
from tests.formats.test_formats import NTU25, standing


def test_labels_and_split_are_the_published_ones():
    assert len(NTU60_LABELS) == len(set(NTU60_LABELS)) == 60
    assert NTU60_55_5.unseen == ("reading", "writing", "put on hat/cap", "jump up", "touch someone's pocket")
    assert len(NTU60_55_5.test_subjects) == 20


def test_files_are_split_by_name_and_read_when_asked_for(tmp_path):
    for name in ("S001C001P001R001A001", "S001C001P003R001A001", "S001C001P003R001A011", "S018C001P001R001A001", "notes"):
        (tmp_path / f"{name}.skeleton").write_text(ntu_text([{"1": standing(NTU25)}] * 3))
    (tmp_path / "bad.txt").write_text("S001C001P003R001A001\n")
    clips = read_ntu60(tmp_path)
    assert [len(split(clips, NTU60_55_5, part)) for part in ("train", "test", "unseen")] == [1, 1, 1]
    assert clips[0].clip.frames == 3
    assert len(read_ntu60(tmp_path, tmp_path / "bad.txt")) == 2


def test_a_missing_copy_says_where_to_ask(tmp_path):
    with pytest.raises(FileNotFoundError, match="ROSE Lab"):
        read_ntu60(tmp_path)
