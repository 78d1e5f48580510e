import pytest
import torch

from skllm.benchmarks.phrasings import phrasings
from skllm.motion.claims import CLAIMS
from skllm.reason.lora import Lora
from skllm.wording import Reader, directions, implied
from tests.conftest import fake_mllm, fresh_matcher


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


def test_texts_of_different_lengths_are_read_together_as_one_by_one():
    texts = ["wave", "bow deeply and then wave both hands", "sit down", "go"]
    together, apart = Reader(fake_mllm())(texts).words, torch.cat([Reader(fake_mllm())([text]).words for text in texts])
    torch.testing.assert_close(together, apart, atol=1e-5, rtol=1e-4)


def test_what_was_read_is_kept_only_while_the_model_stays_as_it_is():
    read = Reader(fake_mllm())
    read(["wave"])
    assert read.known
    before = dict(read.known)
    read.mllm.add_lora(Lora(rank=2, alpha=4))
    read(["wave"])
    assert len(read.known) == 2 and before.items() <= read.known.items()        # read anew, beside what the model before made of it
    read.forget()
    read.mllm.language.train()
    read(["wave"])
    assert not read.known                                                       # dropout made it


def test_a_label_is_the_mean_of_its_phrasings_however_it_is_spelt():
    read, matcher = Reader(fake_mllm()), fresh_matcher(4)
    found = directions(matcher, read, ["deep squat", "xyzzy"])
    squat, strange = read(phrasings("deep squat")), read(["xyzzy"])
    torch.testing.assert_close(found[0], matcher.read(squat.words, squat.implied).mean(0))
    torch.testing.assert_close(found[1], matcher.read(strange.words, strange.implied)[0])
    torch.testing.assert_close(directions(matcher, read, ["  Deep   SQUAT ", "Xyzzy"]), found)


@pytest.mark.parametrize("labels", [["bow"], ["bow", "Bow"], "bow", ["bow", ""], ["bow", "  "], ["bow", "wave\n"]])
def test_what_is_no_choice_is_refused(labels):
    with pytest.raises(ValueError):
        directions(fresh_matcher(4), Reader(fake_mllm()), labels)
