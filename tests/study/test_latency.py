from skllm.study import latency
from skllm.study.large import LANGUAGE, TOWER
from skllm.study.paper import expected


def test_operations_of_the_papers_model_are_what_it_says():
    told = expected("15_cost", ["Table 13, cost"]).pivot(index="method", columns="setting", values="value")
    for size in (224, 448):
        found, paper = latency.operations({**TOWER, "image_size": size}, LANGUAGE), told.loc[f"{size} pixels"]
        assert (found["patches"], found["tokens"]) == (paper["patches"], paper["tokens"])
        assert abs(found["tower"] / paper["operations"] - 1) < 0.01 and found["language model"] > found["tower"]


def test_parts_of_an_answer_are_timed_and_weights_are_counted_once(small_model, stick):
    told = latency.parts(small_model, stick, ["sit", "stand"], times=1)
    assert list(told) == ["render", "tower", "projector", "read", "say", "rank", "whole"] and min(told.values()) > 0
    sizes = latency.weights(small_model)
    assert sizes["whole"] == sum(p.numel() for p in small_model.parameters()) == sum(n for part, n in sizes.items() if part != "whole")
    assert min(sizes.values()) > 0


def test_the_matcher_is_timed_and_counted_where_there_is_one(matched_model, stick, monkeypatch):
    monkeypatch.setattr(matched_model.mllm, "log_likelihoods", None)
    assert latency.parts(matched_model, stick, ["sit", "stand"], times=1)["rank"] > 0
    assert latency.weights(matched_model)["matcher"] == sum(p.numel() for p in matched_model.matcher.parameters())
