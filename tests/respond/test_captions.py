"""Captions beside references: what is the same scores most, order and rarity count, and one pair's score does not depend on the others."""

import math

import pytest
import torch

from skllm.respond.captions import bert_score, bleu, cider_d, nearness, signatures
from tests.conftest import fake_mllm

SAID = ["the left hand goes up twice", "a person walks forward", "the person bends both knees"]
HEARD = [["the left hand goes up two times"], ["a person walks forward", "somebody goes ahead"], ["the legs bend"]]


def test_the_same_sentence_scores_most_and_another_clips_less():
    same = nearness(SAID, [[one] for one in SAID])
    assert all(math.isclose(same[name].value, 1) for name in ("BLEU-1", "BLEU-4", "ROUGE-L")) and math.isclose(same["CIDEr-D"].value, 10)
    near, far = nearness(SAID, HEARD), nearness(SAID, HEARD[1:] + HEARD[:1])
    assert all(near[name].value > far[name].value for name in near) and all(one.low <= one.value <= one.high and one.n == 3 for one in near.values())
    assert nearness(SAID, HEARD) == near and str(near["ROUGE-L"]).endswith("n = 3)")


def test_bleu_and_rouge_by_hand():
    assert math.isclose(bleu(["the cat sat"], [["The cat lay down"]], 1), 2 / 3 * math.exp(1 - 4 / 3), rel_tol=1e-6)
    assert math.isclose(nearness(["a b c d", "e"], [["a x c d"], ["f"]])["ROUGE-L"].value, 3 / 4 / 2, rel_tol=1e-6)


def test_cider_by_hand():
    """Two clips, no word in common, so every word's rarity is log 2 and cancels."""
    other, far = "x y", ["x y"]
    assert math.isclose(cider_d(["he walks", other], [["he walks"], far])[0], 10 * 2 / 4)                   # no three or four words in a row to share
    cosine, apart = 1 / math.sqrt(2), math.exp(-1 / (2 * 6**2))
    assert math.isclose(cider_d(["he", other], [["he walks"], far])[0], 10 * cosine / 4 * apart)
    clipped = 1 * 1 / (math.sqrt(3**2) * math.sqrt(1))                                                       # three times said, once counted
    assert math.isclose(cider_d(["he he he", other], [["he"], far])[0], 10 * clipped / 4 * math.exp(-4 / (2 * 6**2)))
    common = cider_d(["he walks", "he runs"], [["he walks fast"], ["he jumps"]])[1]
    assert common == 0                                                                                       # every clip has "he"


def test_bert_scores_of_a_pair_are_the_same_in_any_company():
    mllm = fake_mllm()
    weigh = bert_score(mllm.language, mllm.tokenizer, *mllm.tokenizer.convert_tokens_to_ids(["<|im_start|>", "<|im_end|>"]))
    together = weigh(SAID, HEARD)
    assert together == pytest.approx([weigh([one], [several])[0] for one, several in zip(SAID, HEARD, strict=True)], abs=1e-5)
    assert together[1] == pytest.approx(1, abs=1e-5) and together[0] < 1
    assert torch.is_grad_enabled() and "BERTScore" in nearness(SAID, HEARD, weigh)
    assert weigh(["", "a b"], [["a b"], ["a b"]])[0] == 0


def test_one_clip_is_measured_too_and_words_of_any_alphabet_count():
    told = nearness(["Он поднимает руку."], [["он поднимает ногу"]])
    assert set(told) == {"BLEU-1", "BLEU-4", "ROUGE-L"} and told["ROUGE-L"].value == pytest.approx(2 / 3) and told["ROUGE-L"].n == 1


def test_settings_are_told():
    told = signatures(HEARD)
    assert "nrefs:var" in told["BLEU-4"] and "1 words" in told["BLEU-1"] and "torchmetrics" in told["ROUGE-L"] and set(told) == set(nearness(
        SAID, HEARD)) | {"BERTScore"}


def test_what_cannot_be_compared_is_refused():
    for said, heard in (([], []), (["a"], []), (["a"], [[]])):
        with pytest.raises(ValueError, match="every sentence needs a reference"):
            nearness(said, heard)
    with pytest.raises(ValueError, match="a list of sentences"):
        nearness(["a b"], ["a b"])
    for said, heard in ((["a b"], [["a b"]]), (["a", "A"], [["a"], ["A"]]), (["a b", "b"], [["a b", "b"], ["b", "a b"]])):
        with pytest.raises(ValueError, match="all the same"):
            cider_d(said, heard)
    with pytest.raises(ValueError, match="a list of sentences"):
        cider_d(["a b"], ["a b"])
