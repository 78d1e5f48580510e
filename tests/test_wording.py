import pytest
import torch

from skllm.benchmarks.phrasings import phrasings
from skllm.motion.claims import CLAIMS
from skllm.wording import Reader, implied, labels_of, new_matcher
from tests.conftest import fake_mllm


def test_a_text_is_read_once_within_the_sentence_and_averaged_over_its_words(monkeypatch):
    read = Reader(fake_mllm())
    found = read(["wave", "bow", "wave"]).words
    ids = torch.tensor([read.mllm.tokenizer("The person does this: wave")["input_ids"]])
    before = len(read.mllm.tokenizer("The person does this:")["input_ids"])
    by_hand = read.mllm.language(input_ids=ids).last_hidden_state[0, before:].mean(0)
    torch.testing.assert_close(found[0], by_hand.detach().float())
    assert torch.equal(found[0], found[2]) and not torch.equal(found[0], found[1]) and not found.requires_grad
    monkeypatch.setattr(read, "_read", None)
    assert torch.equal(read(["bow"]).words[0], found[1])


def test_words_imply_claims_about_the_body():
    told = dict(zip(CLAIMS, implied("sit down").tolist(), strict=True))
    assert told["hips_sink"] == 1 and told["sits_at_end"] == 1 and told["jumps"] == -1 and set(told.values()) <= {-1.0, 0.0, 1.0}
    assert not implied("xyzzy").any()


def test_a_label_is_the_mean_of_its_phrasings():
    read, matcher = Reader(fake_mllm()), new_matcher(4, 1, 64, 32)
    found = labels_of(matcher, read, ["deep squat", "xyzzy"])
    torch.testing.assert_close(found[0], matcher.read(*read(phrasings("deep squat"))).mean(0))
    torch.testing.assert_close(found[1], matcher.read(*read(["xyzzy"]))[0])
    for labels in (["bow"], ["bow", "bow"], "bow"):
        with pytest.raises(ValueError, match="two different labels"):
            labels_of(matcher, read, labels)


def test_a_matcher_of_other_claims_is_refused():
    with pytest.raises(ValueError, match="use the one that trained it"):
        new_matcher(4, 1, 64, 32, claims=list(CLAIMS)[:-1])
