"""Benchmarks as one: names stay apart, slow enough, nobody on both sides."""

import pytest

from skllm.benchmarks.mixture import HELD_OUT, NEVER, TRAINED, benchmark_of, mixture, parts


def test_keys_begin_with_the_benchmark_and_what_is_skipped_is_not_there():
    clips = mixture({"ui_prmd": ""}, skip=(NEVER,))
    assert {benchmark_of(one) for one in clips} == {"ui_prmd"} and len({one.key for one in clips}) == len(clips) == 1000
    assert not any("vicon" in one.key for one in clips) and all(one.source.fps <= 30 for one in clips)


def test_people_who_are_kept_are_not_trained_on():
    training, kept = parts(mixture({"ui_prmd": ""}))
    assert {one.subject for one in kept} == set(HELD_OUT["ui_prmd"]) and not {one.subject for one in training} & set(HELD_OUT["ui_prmd"])
    assert len(training) > 2 * len(kept) > 0


def test_the_benchmark_that_tests_universality_is_never_trained_on():
    assert "nw_ucla" not in TRAINED


def test_what_is_no_benchmark_is_refused():
    with pytest.raises(ValueError, match="no benchmark 'kinect'"):
        mixture({"kinect": ""})
    with pytest.raises(FileNotFoundError, match="KARD"):
        mixture({"kard": "nowhere"})
