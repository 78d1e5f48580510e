"""The matcher itself: its shapes, what it is deaf to, and other numbers of frames."""

import torch
from torch import nn

from skllm.reason.matching import Matcher, Rows


def matcher(frames=4):
    torch.manual_seed(0)
    return Matcher(Rows(3, 5, 8, each=2), words=6, claims=4, frames=frames, width=8, heads=2).eval()


def test_clips_and_texts_meet_in_one_space():
    made, seen = matcher(), torch.randn(2, 4, 3, 5)
    watched, texts = made.watch(seen), made.read(torch.randn(7, 6), torch.randn(7, 4).sign())
    assert watched.shape == (2, 8) and made.fit(watched, texts).shape == (2, 7) and made.certainty(watched).shape == (2, 4)
    assert made.fit(watched, texts).abs().max() <= made.scale.exp() * 1.0001
    torch.testing.assert_close(made.fit(3 * watched, texts)[:, :1].shape, torch.Size([2, 1]))


def test_neither_loudness_of_words_nor_number_of_claims_matters_and_what_is_common_is_left_out():
    made, words, implied = matcher(), torch.randn(2, 6), torch.tensor([[1.0, -1, 0, 0], [1, 1, 1, 1]])
    made.centre.copy_(torch.randn(6))
    louder = made.centre + 5 * (words - made.centre)
    torch.testing.assert_close(made.read(louder, 3 * implied), made.read(words, implied))
    torch.testing.assert_close(made.read(words, implied)[:, :6].norm(dim=1), torch.ones(2))
    assert made.read(words, torch.zeros(2, 4))[:, 6:].eq(0).all()              # words that imply nothing are no direction, and no NaN


def test_order_in_time_and_place_in_the_picture_matter():
    made, seen = matcher(), torch.randn(1, 4, 3, 5)
    assert not torch.allclose(made.watch(seen), made.watch(seen.flip(1)), atol=1e-3)
    assert not torch.allclose(made.watch(seen), made.watch(seen.flip(2)), atol=1e-3)


def test_other_numbers_of_frames_are_spread_over_the_same_clip():
    made, steady = matcher(), torch.randn(1, 1, 3, 5).expand(1, 8, 3, 5)
    assert made.watch(steady).shape == (1, 8)
    torch.testing.assert_close(made.watch(steady), made.watch(steady[:, :4]), atol=0.1, rtol=0.1)


def test_a_claim_that_mostly_holds_is_less_certain_where_both_are_as_likely():
    made, watched = matcher(), torch.randn(2, 8)
    made.usual.copy_(torch.tensor([0.9, 0.5, 0.2, 0.5]))
    plain, even = made.certainty(watched), made.certainty(watched, even=True)
    assert (even[:, 0] < plain[:, 0]).all() and (even[:, 2] > plain[:, 2]).all() and torch.equal(even[:, 1], plain[:, 1])
    torch.testing.assert_close(even[:, 0] - plain[:, 0], torch.full((2,), -9.0).abs().log().neg())


def test_half_precision_is_read_in_full(monkeypatch):
    made, seen = matcher(), torch.randn(1, 4, 3, 5)
    assert made.watch(seen.half()).dtype == torch.float32
    assert isinstance(made.eye, nn.Module)
