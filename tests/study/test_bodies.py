import math
from pathlib import Path

import numpy as np
import pytest

from skllm.samples import sample_files
from skllm.skeleton import Skeleton, Topology
from skllm.study.bodies import examine, height, rigidity, survey, table

POLE = Topology.from_bones("pole", ["Head", "Hips", "LeftFoot", "RightFoot"], [(0, 1), (1, 2), (1, 3)])
RESEARCH = Path(__file__).parents[2] / "data"


def pole(lengths) -> Skeleton:
    xyz = np.stack([[[0, 1 + a, 2], [0, 1, 2], [0.1, 0, 2], [-0.1, 0, 2]] for a in lengths])
    return Skeleton.from_array(xyz, POLE, 30.0)


def test_height_is_the_way_from_head_to_foot_along_the_bones():
    assert height(pole([0.7] * 5)) == pytest.approx(0.7 + math.hypot(1, 0.1), abs=1e-5)
    assert math.isnan(height(Skeleton.from_array(np.zeros((3, 2, 3)), Topology.from_bones("two", ["a", "b"], [(0, 1)]), 30)))


def test_rigid_bones_do_not_vary_and_others_do():
    assert rigidity(pole([0.7] * 5)) < 1e-6
    one = Topology.from_bones("one", ["Head", "Hips"], [(0, 1)])
    stretching = Skeleton.from_array(np.stack([[[0, 1 + a, 2], [0, 1, 2]] for a in (0.8, 0.9, 1.0, 1.1, 1.2)]), one, 30.0)
    assert rigidity(stretching) == pytest.approx(0.2, abs=1e-5)


def test_a_folder_is_surveyed_and_what_is_no_clip_is_named(tmp_path):
    found = survey(sample_files()["run_cmu.amc"].parent)
    read = {one.file: one for one in found if not one.refused}
    assert set(sample_files()) <= set(read)
    assert all(1.2 < read[name].tall < 2.2 for name in ("walk_cmu.bvh", "run_cmu.amc", "wave_kinect_v2.skeleton"))
    assert "run_cmu.asf" in {one.file for one in found if one.refused}
    rows = table(found)
    assert rows.loc["BVH", "clips"] == 1 and rows.loc["BVH", "metres tall"].startswith("1.")
    (tmp_path / "cut.bvh").write_text("HIERARCHY")
    (refused,) = examine(tmp_path / "cut.bvh")
    assert "cut.bvh" in refused.refused


@pytest.mark.local_data
@pytest.mark.skipif(not RESEARCH.exists(), reason="no research recordings in data/")
def test_people_in_research_recordings_are_of_human_size():
    for folder, tall in (("nw_ucla", 1.64), ("utd_mhad", 1.55), ("kard/kard_realworld", 1.54), ("hdm05", 1.92), ("cmu", 1.79), ("ntu_raw", 1.6)):
        if (RESEARCH / folder).exists():
            heights = [one.tall for one in survey(RESEARCH / folder) if not one.refused]
            assert np.nanmedian(heights) == pytest.approx(tall, abs=0.05), folder
