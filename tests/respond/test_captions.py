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
    assert math.isclose(nearness(["a b c d"], [["a x c d"]])["ROUGE-L"].value, 3 / 4, rel_tol=1e-6)


def test_cider_counts_rare_words_more_and_punishes_length():
    rare, common = cider_d(["he jumps", "he walks"], [["he jumps high"], ["he walks"]])
    assert 0 < rare < common and math.isclose(common, 10 * 2 / 4)          # no three or four words in a row to share
    one = cider_d(["he walks", "she sits"], [["he walks now"], ["she sits"]])[0]
    assert one > cider_d(["he walks walks walks walks walks walks walks walks", "she sits"], [["he walks now"], ["she sits"]])[0]


def test_bert_scores_of_a_pair_are_the_same_in_any_company():
    mllm = fake_mllm()
    weigh = bert_score(mllm.language, mllm.tokenizer, *mllm.tokenizer.convert_tokens_to_ids(["<|im_start|>", "<|im_end|>"]))
    together = weigh(SAID, HEARD)
    assert together == pytest.approx([weigh([one], [several])[0] for one, several in zip(SAID, HEARD, strict=True)], abs=1e-5)
    assert together[1] == pytest.approx(1, abs=1e-5) and together[0] < 1
    assert not torch.is_grad_enabled() or "BERTScore" in nearness(SAID, HEARD, weigh)


def test_settings_are_told_and_nothing_is_scored_without_a_reference():
    assert "sacrebleu" in signatures()["BLEU"] and "torchmetrics" in signatures()["ROUGE-L"]
    for said, heard in (([], []), (["a"], []), (["a"], [[]])):
        with pytest.raises(ValueError, match="every sentence needs a reference"):
            nearness(said, heard)
