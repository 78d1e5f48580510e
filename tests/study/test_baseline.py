import math
from dataclasses import replace
from functools import partial

import pytest
import torch

from skllm.benchmarks import LabelledClip, read_ui_prmd
from skllm.formats import KARD15
from skllm.perturb import relayout
from skllm.skeleton import Skeleton, Topology
from skllm.study.baseline import Steps, TextEncoder, features, loss, train_baseline
from skllm.train.augment import resense
from tests.conftest import fake_mllm, stick_clip

POSITION, VELOCITY, KNOWN = slice(0, 3), slice(3, 6), 6


def encode(texts):
    """Letters, counted: enough to tell texts apart."""
    return torch.tensor([[text.count(letter) for letter in "abcdefghijklmnopqrstuvwxyz"] for text in texts], dtype=torch.float32)


def phrasings(label):
    return [label, f"to {label}"]


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


learn = partial(train_baseline, texts=phrasings, encode=encode, clips_a_step=8)


def recorded():
    return read_ui_prmd("kinect22")[40].clip


def with_joints(clip, kept):
    """The clip with some of its joints, and the topology to match."""
    whole = clip.topology
    names, parts, sides = ([row[j] for j in kept] for row in (whole.joint_names, whole.parts, whole.sides))
    bones = [(kept.index(a), kept.index(b)) for a, b in whole.bones if a in kept and b in kept]
    return Skeleton.from_array(clip.xyz[:, :, kept], Topology.from_bones("fewer", names, bones, parts, sides), clip.fps)


def test_joints_beyond_the_fifteen_points_do_not_matter():
    clip = recorded()
    kept = [j for j, part in enumerate(clip.topology.parts) if part != "neck"]
    assert len(kept) < len(clip.topology.parts)
    torch.testing.assert_close(features(with_joints(clip, kept).sample(12)), features(clip.sample(12)))


def test_another_format_gives_nearly_the_same():
    clip = recorded()
    here, there = (features(one.sample(12)) for one in (clip, relayout(clip, KARD15)))
    both = (here[..., KNOWN] * there[..., KNOWN]) > 0
    assert both.float().mean() > 0.9
    assert (here - there)[both][:, :6].abs().mean() < 0.1 * here[both][:, :6].abs().mean()


def test_neither_place_nor_size_of_the_person_matters():
    clip = recorded()
    elsewhere = replace(clip, xyz=clip.xyz + torch.tensor([3.0, -3.0, 3.0]))
    larger = replace(clip, xyz=clip.xyz * 1.3)
    for other in (elsewhere, larger):
        torch.testing.assert_close(features(other.sample(12)), features(clip.sample(12)), rtol=1e-4, atol=2e-4)


def test_the_same_motion_in_half_the_time_has_twice_the_velocity():
    slow, fast = (features(replace(recorded(), fps=fps).sample(12)) for fps in (15.0, 30.0))
    assert torch.equal(slow[..., POSITION], fast[..., POSITION])
    moving = fast[..., VELOCITY].norm() / slow[..., VELOCITY].norm()
    assert 1.5 < moving <= 2.1


def test_unknown_points_are_zero_and_never_nan():
    clip = recorded()
    hidden = clip.xyz.clone()
    hidden[:20, :, 13] = torch.nan                     # a hand, for a while
    found = features(Skeleton.from_array(hidden, clip.topology, clip.fps).sample(12))
    assert found.isfinite().all() and 0 < (found[..., KNOWN] == 0).sum() < found[..., KNOWN].numel()
    assert not found[found[..., KNOWN] == 0].any()
    stick = features(stick_clip().sample(12))          # has no knees at all
    assert stick.isfinite().all() and not stick[:, 11, :].any()
    absent = Skeleton.from_array(torch.cat([torch.full_like(clip.xyz, torch.nan), clip.xyz], 1), clip.topology, clip.fps)
    assert not features(absent.sample(12)).any()


def test_two_motions_are_told_apart_in_any_words():
    clips = waving_and_bowing()
    model = learn([one for n, one in enumerate(clips) if n % 6], steps=40, vary=lambda clip, dice: clip)
    held = [one for n, one in enumerate(clips) if n % 6 == 0]
    found = model.probabilities([one.clip for one in held], ["bow", "wave"])
    assert found.argmax(1).tolist() == [1, 0] and found.max(1).values.min() > 0.9
    torch.testing.assert_close(found.sum(1), torch.ones(2))
    one = model.recognize(held[0].clip, ["bow", "wave", "something else"])
    assert set(one) == {"bow", "wave", "something else"} and one["wave"] > one["bow"] and sum(one.values()) == pytest.approx(1)
    turned = model.recognize(held[0].clip, ["something else", "wave", "bow"])
    assert turned == pytest.approx(one, abs=1e-6)


def test_a_text_is_what_it_says_beyond_what_all_training_texts_say():
    model = learn(waving_and_bowing(1), steps=1)
    said = encode(["bow", "to bow", "wave", "to wave"])
    torch.testing.assert_close(model.centre, said.mean(0))
    beyond = said[2] - said.mean(0)
    torch.testing.assert_close(model.read(["wave"])[0], beyond / beyond.norm())


def test_weights_are_the_seeds_alone_whoever_prepares_the_batches():
    clips = waving_and_bowing(2)
    before = torch.get_rng_state()
    first, again, other = (learn(clips, steps=3, seed=seed, workers=workers).state_dict() for seed, workers in ((1, 0), (1, 2), (2, 0)))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["embed.weight"], other["embed.weight"])
    assert torch.equal(before, torch.get_rng_state())


def test_labels_compete_within_their_own_benchmark():
    owners, wanted = torch.tensor([0, 0, 1, 1, 1]), torch.tensor([1, 3])
    logits = torch.zeros(2, 5)
    logits[0, 2:] = logits[1, :2] = 9.0                # the other benchmark's labels may say what they like
    assert loss(logits, wanted, owners).item() == pytest.approx((math.log(2) + math.log(3)) / 2)


def test_each_label_is_drawn_as_often():
    clips = waving_and_bowing(2) + [replace(one, key=f"rare/{one.key}", label=f"{one.label} it") for one in waving_and_bowing(1)]
    steps = Steps(clips, phrasings, 30, 16, 0, resense)
    assert steps.names == [("made", "bow"), ("made", "wave"), ("rare", "bow it"), ("rare", "wave it")]
    assert steps.owners.tolist() == [0, 0, 1, 1]
    drawn = torch.cat([steps[n].wanted for n in range(30)]).bincount()
    assert len(drawn) == 4 and (drawn / 120 - 1).abs().max() < 0.25
    said = torch.stack([steps[n].said for n in range(30)])
    assert [set(column.tolist()) for column in said.T] == [{0, 1}, {2, 3}, {4, 5}, {6, 7}]
    assert steps.texts[4:6] == ["bow it", "to bow it"]


def test_a_single_label_and_a_label_twice_are_refused():
    clips = waving_and_bowing(2)
    with pytest.raises(ValueError, match="single label in \\['made'\\]"):
        learn([one for one in clips if one.label == "bow"], steps=1)
    with pytest.raises(ValueError, match="got 0 clips"):
        learn([], steps=1)
    model = learn(clips, steps=1)
    for labels in (["bow"], ["bow", "bow"], "bow"):
        with pytest.raises(ValueError, match="two different labels"):
            model.recognize(clips[0].clip, labels)


def test_a_text_is_read_once_within_the_sentence_and_averaged_over_its_words(monkeypatch):
    encoder = TextEncoder(fake_mllm())
    found = encoder(["wave", "bow", "wave"])
    ids = torch.tensor([encoder.mllm.tokenizer("The person does this: wave")["input_ids"]])
    before = len(encoder.mllm.tokenizer("The person does this:")["input_ids"])
    by_hand = encoder.mllm.language(input_ids=ids).last_hidden_state[0, before:].mean(0)
    torch.testing.assert_close(found[0], by_hand.detach().float())
    assert torch.equal(found[0], found[2]) and not torch.equal(found[0], found[1]) and not found.requires_grad
    monkeypatch.setattr(encoder, "_read", None)
    assert torch.equal(encoder(["bow"])[0], found[1])
