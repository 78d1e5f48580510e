"""A matcher is taught: which clips and words meet in a step, what it descends, and that it then tells motions apart."""

import math

import pytest
import torch

from skllm.benchmarks import LabelledClip
from skllm.motion.claims import CLAIMS
from skllm.skeleton import Skeleton
from skllm.train.augment import resense
from skllm.train.matching import Steps, Views, claim_loss, holds_of, learn, loss, teach
from skllm.train.sheets import Sheet, measure
from skllm.wording import Words, directions, implied
from tests.conftest import fresh_matcher, stick_clip

OPEN = math.nan


def letters(texts) -> Words:
    """Letters, counted: enough to tell texts apart."""
    counts = [[text.count(letter) for letter in "abcdefghijklmnopqrstuvwxyz"] for text in texts]
    return Words(torch.tensor(counts, dtype=torch.float32), torch.stack([implied(text) for text in texts]))


def waving_and_bowing(each=6):
    """Clips of two made-up motions: a hand that goes up and down, a head that does; amplitudes differ."""
    joints = {"wave": 3, "bow": 0}
    made = []
    for label, joint in joints.items():
        for n in range(each):
            still = stick_clip(seed=n).xyz[:1].repeat(24, 1, 1, 1)
            still[:, 0, joint, 1] += (0.3 + 0.05 * n) * torch.linspace(0, 6, 24).sin()
            clip = Skeleton.from_array(still, stick_clip().topology, 30.0)
            made.append(LabelledClip(f"made/{label}{n}", clip, label))
    return made


def steps_of(labels, steps=4, show=None, seed=0, clips_a_step=8):
    """Steps of clips that are numbers: a label's clips show its place in the row of labels."""
    clips = [LabelledClip(f"made/{n}", stick_clip(), label) for n, label in enumerate(labels)]
    kinds = sorted(set(labels))
    show = show or (lambda n, dice: pattern(kinds.index(labels[n])) + 0.1 * torch.randn(2, 1, 3, generator=dice))
    return Steps(clips, show, torch.full((len(clips), len(CLAIMS)), OPEN), steps, clips_a_step, seed)


def pattern(kind):
    """What is seen of a motion of this kind."""
    return torch.eye(3)[kind].expand(2, 1, 3)


def fresh(words):
    return fresh_matcher(2, 1, 3, words)


def test_what_a_clip_shows_is_matched_with_its_words_in_any_order():
    matcher = learn(fresh, steps_of(["walk", "sit down"] * 4, steps=60), letters)
    clips = matcher.embed(torch.stack([pattern(1), pattern(0)]))
    chances = matcher.logits(clips, directions(matcher, letters, ["walk", "sit down"])).softmax(-1)
    assert chances.argmax(1).tolist() == [0, 1]
    torch.testing.assert_close(matcher.logits(clips, directions(matcher, letters, ["sit down", "walk"])).softmax(-1).flip(1), chances)
    assert not matcher.training and not any(weight.requires_grad for weight in matcher.parameters())


def test_texts_are_seen_relative_to_what_all_training_texts_say():
    steps = steps_of(["walk", "sit down"], steps=1)
    matcher = learn(fresh, steps, letters)
    torch.testing.assert_close(matcher.centre, letters(steps.texts).words.mean(0))
    torch.testing.assert_close(matcher.prior, steps.prior())


def test_weights_are_the_seeds_alone_whoever_prepares_the_batches():
    before = torch.get_rng_state()
    first, again, other = (learn(fresh, steps_of(["walk", "sit down"] * 2, seed=seed), letters, workers=workers).state_dict()
                           for seed, workers in ((1, 0), (1, 2), (2, 0)))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["hear.weight"], other["hear.weight"])
    assert torch.equal(before, torch.get_rng_state())


def test_labels_compete_within_their_own_benchmark():
    owners, wanted = torch.tensor([0, 0, 1, 1, 1]), torch.tensor([1, 3])
    logits = torch.zeros(2, 5)
    logits[0, 2:] = logits[1, :2] = 9.0                # the other benchmark's labels may say what they like
    assert loss(logits, wanted, owners).item() == pytest.approx((math.log(2) + math.log(3)) / 2)


def test_open_claims_cost_nothing():
    logits = torch.tensor([[2.0, -1.0], [0.5, 3.0]], requires_grad=True)
    judged = claim_loss(logits, torch.tensor([[1.0, OPEN], [OPEN, OPEN]]))
    judged.backward()
    assert judged.item() == pytest.approx(math.log(1 + math.exp(-2))) and (logits.grad != 0).tolist() == [[True, False], [False, False]]
    assert claim_loss(logits, torch.full((2, 2), OPEN)).item() == 0


def test_claims_stand_in_their_order_and_open_ones_are_no_number():
    clips, (first, second) = waving_and_bowing(1), list(CLAIMS)[:2]
    held = holds_of(clips, {clips[0].key: Sheet({first: True, second: False}, ()), clips[1].key: Sheet({second: True}, ())})
    assert held[0, :2].tolist() == [1, 0] and held[1, 1] == 1 and held[1, 0].isnan() and held[:, 2:].isnan().all()


def test_the_prior_of_a_claim_counts_benchmarks_and_labels_alike():
    clips = [LabelledClip(key, stick_clip(), label) for key, label in (("a/1", "x"), ("a/2", "x"), ("a/3", "y"), ("b/1", "x"), ("b/2", "y"))]
    holds = torch.full((5, len(CLAIMS)), OPEN)
    holds[:, 0], holds[:, 1] = torch.tensor([1.0, 0, 1, OPEN, 0]), 1.0
    prior = Steps(clips, lambda n, dice: None, holds, 1).prior()
    assert prior[0] == pytest.approx(((0.5 + 1) / 2 + 0) / 2) and prior[1] == pytest.approx(0.99) and prior[2:].eq(0.5).all()


def test_each_label_is_drawn_as_often_and_in_all_its_words():
    clips = [LabelledClip(f"{key}", stick_clip(), label)
             for key, label in (("a/1", "walk"), ("a/2", "walk"), ("a/3", "drink"), ("b/1", "squat"), ("b/2", "bend"))]
    steps = Steps(clips, lambda n, dice: torch.tensor([float(n)]), torch.full((5, len(CLAIMS)), OPEN), 60, 16)
    assert steps.names == [("a", "drink"), ("a", "walk"), ("b", "bend"), ("b", "squat")] and steps.owners.tolist() == [0, 0, 1, 1]
    batches = [steps[n] for n in range(60)]
    drawn = torch.cat([batch.wanted for batch in batches]).bincount()
    assert len(drawn) == 4 and (drawn / 240 - 1).abs().max() < 0.25
    shown = {0: {2}, 1: {0, 1}, 2: {4}, 3: {3}}
    assert all(int(n) in shown[int(label)] for batch in batches for n, label in zip(batch.seen[:, 0], batch.wanted, strict=True))
    said = torch.stack([batch.said for batch in batches])
    starts = (steps.counts.cumsum(0) - steps.counts).tolist()
    assert [set(column.tolist()) for column in said.T] == [set(range(at, at + int(n))) for at, n in zip(starts, steps.counts, strict=True)]


def test_a_single_label_is_refused():
    with pytest.raises(ValueError, match="single label in \\['made'\\]"):
        steps_of(["walk", "walk"])
    with pytest.raises(ValueError, match="got 0 clips"):
        steps_of([])


def test_a_number_that_is_not_finite_stops_the_training():
    with pytest.raises(RuntimeError, match="non-finite"):
        learn(fresh, steps_of(["walk", "sit down"], show=lambda n, dice: torch.full((2, 1, 3), math.inf)), letters)


def test_views_are_what_the_model_sees_of_random_views(small_model):
    clips = waving_and_bowing(1)
    views, again = Views(small_model, clips, 3), Views(small_model, clips, 3)
    assert views.held.shape == (6, 4, 1, 64) and views.held.dtype == torch.half and torch.equal(views.held, again.held)
    dice = torch.Generator().manual_seed(1 * 1_000_003 + 1)
    by_hand = small_model.mllm.features(small_model.renderer([small_model.renderer.sample(resense(clips[1].clip, dice), 4, dice)]))[0]
    torch.testing.assert_close(views.held[4].float(), by_hand, atol=2e-3, rtol=2e-3)
    shown = {tuple(views(1, torch.Generator().manual_seed(seed)).flatten().tolist()) for seed in range(30)}
    assert shown == {tuple(view.flatten().tolist()) for view in views.held[3:]}


def test_a_model_is_taught_a_matcher_and_nothing_else(small_model):
    clips, before = waving_and_bowing(3), {name: value.clone() for name, value in small_model.learned().items()}
    teach(small_model, clips, measure(clips), steps=2, views=1)
    after = small_model.learned()
    assert all(torch.equal(value, after[name]) for name, value in before.items())
    assert {name.split(".")[0] for name in after.keys() - before.keys()} == {"matcher"}
    small_model.train()
    assert not small_model.matcher.training                                     # answers stay what they are


def test_views_of_other_clips_and_none_are_refused(small_model):
    clips = waving_and_bowing(2)
    views = Views(small_model, clips, 1)
    for some in (clips[:3], clips[::-1]):
        with pytest.raises(ValueError, match="see them anew"):
            teach(small_model, some, measure(some), steps=2, seen=views)
    teach(small_model, clips, measure(clips), steps=2, seen=views)
    with pytest.raises(ValueError, match="one step or more; got 0"):
        teach(small_model, clips, measure(clips), steps=0, seen=views)
    with pytest.raises(ValueError, match="got 0, foreground_only False"):
        Views(small_model, clips, 0)
    small_model.mllm.foreground_only = True
    with pytest.raises(ValueError, match="got 1, foreground_only True"):
        Views(small_model, clips, 1)
