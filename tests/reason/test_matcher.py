"""The matcher itself: its logits by hand, what it is deaf to, and other numbers of frames."""

import pytest
import torch
from torch.nn import functional as F

from skllm.reason.matching import Matcher, PictureEye, Sizes


def matcher(frames=4):
    torch.manual_seed(0)
    return Matcher(PictureEye(3, 5, 8, each=2), words=6, claims=4, frames=frames, width=8, heads=2).eval()


def test_a_logit_is_the_scaled_cosine_of_two_directions():
    made, clips, texts = matcher(), torch.randn(2, 8), torch.randn(7, 10)
    with torch.no_grad():
        made.say.weight.copy_(torch.eye(8))
        made.say.bias.zero_()
        made.hear.weight.copy_(torch.eye(8, 10))
    by_hand = 10 * F.cosine_similarity(clips[:, None], texts[None, :, :8], dim=-1)
    torch.testing.assert_close(made.logits(clips, texts), by_hand)
    made.log_scale.data.fill_(20.0)
    torch.testing.assert_close(made.logits(clips, texts), 10 * by_hand)            # a hundred at most


def test_a_clip_becomes_one_vector_and_a_certainty_a_claim():
    made = matcher()
    clips = made.embed(torch.randn(2, 4, 3, 5))
    assert clips.shape == (2, 8) and made.certainty(clips).shape == (2, 4)


def test_neither_loudness_of_words_nor_number_of_claims_matters_and_what_is_common_is_left_out():
    made, words, implied = matcher(), torch.randn(2, 6), torch.tensor([[1.0, -1, 0, 0], [1, 1, 1, 1]])
    made.centre.copy_(torch.randn(6))
    louder = made.centre + 5 * (words - made.centre)
    torch.testing.assert_close(made.read(louder, 3 * implied), made.read(words, implied))
    torch.testing.assert_close(made.read(words, implied)[:, :6].norm(dim=1), torch.ones(2))
    assert made.read(words, torch.zeros(2, 4))[:, 6:].eq(0).all()              # words that imply nothing are no direction, and no NaN


def test_order_in_time_and_place_in_the_picture_matter():
    made, seen = matcher(), torch.randn(1, 4, 3, 5)
    assert not torch.allclose(made.embed(seen), made.embed(seen.flip(1)), atol=1e-3)
    assert not torch.allclose(made.embed(seen), made.embed(seen.flip(2)), atol=1e-3)


def test_other_numbers_of_frames_are_spread_over_the_same_clip():
    made, seen = matcher(frames=2), torch.randn(1, 4, 3, 5)
    with torch.no_grad():
        made.position.copy_(torch.tensor([[0.0], [4.0]]).expand(2, 8))
    places = torch.tensor([0.0, 1, 3, 4])[:, None]                             # centres of quarters between centres of halves, and held beyond
    by_hand = made.norm(made.layers(made.eye(seen) + places).mean(1))
    torch.testing.assert_close(made.embed(seen), by_hand)


def test_a_claim_that_mostly_holds_is_less_certain_where_both_are_as_likely():
    made, clips = matcher(), torch.randn(2, 8)
    made.prior.copy_(torch.tensor([0.9, 0.5, 0.2, 0.5]))
    plain, even = made.certainty(clips), made.certainty(clips, even=True)
    assert (even[:, 2] > plain[:, 2]).all() and torch.equal(even[:, 1], plain[:, 1])
    torch.testing.assert_close(even[:, 0] - plain[:, 0], -torch.full((2,), 9.0).log())


def test_half_precision_is_read_in_full():
    made, seen = matcher(), torch.randn(1, 4, 3, 5)
    assert made.embed(seen.half()).dtype == torch.float32


def test_sizes_make_another_like_it():
    sizes = Sizes(4, 3, 5, 6, ("sits", "jumps"))
    assert Matcher.of(sizes).sizes(["sits", "jumps"]) == sizes


@pytest.mark.parametrize("odd", [{"rows": -1}, {"words": 10**9}, {"claims": ()}, {"claims": "sits"}])
def test_odd_sizes_are_refused(odd):
    with pytest.raises(ValueError, match="a matcher has numbers"):
        Sizes(**{"frames": 4, "rows": 3, "channels": 5, "words": 6, "claims": ("sits",)} | odd)
