from importlib.resources import files

import pandas as pd
import pytest

from skllm.benchmarks import NTU60, NTU120
from skllm.study.paper import expected, setting_of, wide


def value(told, method, setting):
    (found,) = told[(told["method"] == method) & (told["setting"] == setting)]["value"]
    return found


def test_numbers_that_stand_in_several_tables_agree():
    main = expected("06_open_vocabulary")
    for notebook, method in (("10_renderers", "DrAction"), ("17_external_mllms", "SkeletonLLM")):
        assert value(expected(notebook), method, "NTU-60 48/12") == value(main, "SkeletonLLM", "NTU-60 48/12")
    pixels = expected("12_frames_and_resolution", ["Table 13"])
    splits = [f"NTU-60 {split}" for split in ("55/5", "48/12", "40/20", "30/30")]
    assert [value(pixels, "448 pixels", one) for one in splits] == [value(main, "SkeletonLLM", one) for one in splits]
    assert round(sum(value(main, "SkeletonLLM", one) for one in splits) / 4, 2) == value(
        expected("12_frames_and_resolution"), "SkeletonLLM, mean of four splits", "12 frames")
    worse = expected("13_robustness")
    for setting in ("0 % of the joints hidden", "0 cm noise"):
        assert value(worse, "TDSM", setting) == value(main, "TDSM", "NTU-60 48/12")


def test_a_number_has_a_source_or_is_said_to_be_unknown():
    for notebook in sorted(set(pd.read_csv(str(files("skllm.study") / "paper.csv"))["notebook"])):
        told = expected(notebook)
        missing = told["value"].isna()
        assert (told["confidence"] == "unknown").eq(missing).all() and told["source"].notna().eq(~missing).all()
        assert told["confidence"].isin(["high", "medium", "low", "unknown"]).all()
        assert not told.duplicated(["table", "method", "setting"]).any()


def test_a_table_shows_what_is_unsure_and_what_is_unknown():
    shown = wide(expected("10_renderers", ["Table 7"]))
    assert shown.loc["DrAction", "NTU-60 48/12"] == "64.72" and shown.loc["2D", "NTU-60 48/12"] == "57.24 ??"
    assert "unknown" in wide(expected("08_captioning")).to_numpy()


def test_protocols_have_the_names_of_the_papers_tables():
    assert [setting_of(one) for one in ("ntu60_xsub_55_5", "ntu120_xsub_96_24", "pku_mmd_xsub_39_12")] == [
        "NTU-60 55/5", "NTU-120 96/24", "PKU-MMD 39/12"]
    own = set(expected("06_open_vocabulary", ["Table 1"])["setting"])
    named = {setting_of(one.name) for benchmark in (NTU60, NTU120) for one in benchmark.protocols if one.unseen and "_xsub_" in one.name}
    assert named <= own
    with pytest.raises(ValueError, match="got 'xsub_55_5'"):
        setting_of("xsub_55_5")


def test_what_the_paper_does_not_tell_is_refused():
    with pytest.raises(ValueError, match="no numbers of the paper for '00_quickstart'"):
        expected("00_quickstart")
    with pytest.raises(ValueError, match="in Table 99"):
        expected("13_robustness", ["Table 99"])
