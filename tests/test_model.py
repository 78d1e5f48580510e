import json
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file

from skllm.formats import NTU25
from skllm.model import SkeletonLLM
from skllm.motion.claims import CLAIMS
from skllm.reason import mllm as mllm_module
from skllm.reason.questions import NAME
from skllm.render import DrAction, DrActionConfig
from skllm.skeleton import Skeleton
from skllm.stored import SHIPPED
from tests.conftest import fake_internvl3, fake_mllm, fresh_matcher, stick_clip

LABELS = ["sit down", "stand up", "wave"]


def test_recognition_gives_probabilities_and_what_was_said(small_model, stick):
    answer = small_model.recognize(stick, LABELS)
    assert set(answer.probabilities) == set(LABELS) and abs(sum(answer.probabilities.values()) - 1) < 1e-5
    assert answer.label == max(answer.probabilities, key=answer.probabilities.get)
    assert answer.strict in (None, *LABELS)
    assert small_model.ask(stick, "What now?") == small_model.ask(stick, "What now?")
    assert isinstance(small_model.describe(stick), str)


def told_likelihoods(model, monkeypatch, likelihoods):
    """The model, with these likelihoods of a question and answers in place of its own."""
    questions, hear = [], model.mllm.hear

    def hear_and_keep(seen, question):
        questions.append((hear(seen, question), question))
        return questions[-1][0]

    def log_likelihoods(heard, answers):
        question = next(question for kept, question in questions if kept is heard)
        return torch.tensor([likelihoods(question, answers)])

    monkeypatch.setattr(model, "named", True)
    monkeypatch.setattr(model.mllm, "hear", hear_and_keep)
    monkeypatch.setattr(model.mllm, "log_likelihoods", log_likelihoods)


def test_a_model_that_names_actions_ranks_by_their_names_and_strange_words_by_the_choice(small_model, stick, monkeypatch):
    def likelihoods(question, answers):
        return [-3.0, -2.5, -0.1] if question != NAME else [-1.0, -2.0, -30.0] if answers == LABELS else [-31.0, -32.0, -60.0]

    told_likelihoods(small_model, monkeypatch, likelihoods)
    known, strange = (small_model.recognize(stick, labels) for labels in (LABELS, ["squat", "rise", "hail"]))
    assert known.label == LABELS[0] and known.probabilities[LABELS[0]] > 0.7
    assert strange.label == "hail" and abs(sum(known.probabilities.values()) - 1) < 1e-5


def test_a_recorded_clip_of_just_as_many_frames_is_put_on_the_layout_too(small_model):
    clip = Skeleton.from_array(torch.randn(small_model.frames, 1, 25, 3, generator=torch.Generator().manual_seed(0)), NTU25, 30.0)
    small_model.renderer.config = replace(small_model.renderer.config, layout="common")
    recorded, sampled = (small_model([one], [NAME], ["wave"])["loss"].item() for one in (clip, small_model.renderer.sample(clip, small_model.frames)))
    assert recorded == sampled


def test_a_label_is_named_as_training_spelt_it(small_model, stick, monkeypatch):
    told_likelihoods(small_model, monkeypatch, lambda question, answers: [-1.0 if one in ("sit down", "stand up") else -9.0 for one in answers])
    told = small_model.recognize(stick, ["Sit  Down", "stand up"])
    assert list(told.probabilities) == ["Sit  Down", "stand up"] and abs(told.probabilities["Sit  Down"] - 0.5) < 0.02


def test_a_named_model_recognizes_several_clips_as_one_by_one(small_model, monkeypatch):
    monkeypatch.setattr(small_model, "named", True)
    clips, labels = [stick_clip(20, seed=n, people=1 + n) for n in range(3)], ["sit", "stand up", "wave"]
    for a, clip in zip(small_model.recognize_all(clips, labels), clips, strict=True):
        b = small_model.recognize(clip, labels)
        assert (a.label, a.said) == (b.label, b.said) and all(abs(a.probabilities[label] - b.probabilities[label]) < 1e-4 for label in labels)


def test_what_a_model_was_taught_to_name_is_saved(tmp_path):
    made = fake_internvl3()
    made.model.save_pretrained(tmp_path / "base")
    made.tokenizer.save_pretrained(tmp_path / "base")
    model = SkeletonLLM.from_pretrained(tmp_path / "base")
    model.named = True
    folder = model.save_pretrained(tmp_path / "model")
    assert SkeletonLLM.from_pretrained(folder).named is True
    told = json.loads((folder / "skllm.json").read_text())
    (folder / "skllm.json").write_text(json.dumps({name: value for name, value in told.items() if name != "named"}))
    assert SkeletonLLM.from_pretrained(folder).named is False


def test_a_model_with_a_matcher_ranks_by_it_and_says_as_before(matched_model, stick, monkeypatch):
    labels = ["wave", "deep squat", "xyzzy"]
    told = matched_model.recognize(stick, labels)
    torch.testing.assert_close(torch.tensor(list(told.probabilities.values())), matched_model.rank([stick], labels)[0])
    several = matched_model.rank([stick, stick_clip(seed=1)], labels)
    torch.testing.assert_close(several[0], matched_model.rank([stick], labels)[0], atol=1e-5, rtol=1e-5)
    monkeypatch.setattr(matched_model, "matcher", None)
    plain = matched_model.recognize(stick, labels)
    assert plain.said == told.said and plain.probabilities != told.probabilities


def test_only_what_sees_the_foreground_alone_does_without_its_matcher(matched_model, stick):
    matched_model.mllm.foreground_only = True
    for asked in (lambda: matched_model.rank([stick], ["a", "b"]), lambda: matched_model.claims(stick)):
        with pytest.raises(ValueError, match="whole pictures"):
            asked()
    by_words = matched_model.recognize(stick, ["wave", "bow"])
    matched_model.matcher = None
    assert matched_model.recognize(stick, ["wave", "bow"]) == by_words
    for asked in (lambda: matched_model.rank([stick], ["a", "b"]), lambda: matched_model.claims(stick)):
        with pytest.raises(ValueError, match="no matcher"):
            asked()


def test_what_is_seen_is_a_certainty_for_every_claim(matched_model, stick):
    seen = matched_model.claims(stick)
    assert list(seen) == [claim.statement for claim in CLAIMS.values()] and all(0 < value < 1 for value in seen.values())
    matched_model.matcher.prior.fill_(0.9)
    even = matched_model.claims(stick, even=True)
    assert all(even[name] < value for name, value in matched_model.claims(stick).items())


def test_a_matcher_is_saved_and_reads_words_anew_after_training(tmp_path):
    made = fake_internvl3()
    made.model.save_pretrained(tmp_path / "base")
    made.tokenizer.save_pretrained(tmp_path / "base")
    model, clip = SkeletonLLM.from_pretrained(tmp_path / "base"), stick_clip()
    model.matcher = fresh_matcher(12, rows=4)
    before = model.rank([clip], ["wave", "bow"])
    again = SkeletonLLM.from_pretrained(model.save_pretrained(tmp_path / "saved"))
    torch.testing.assert_close(again.rank([clip], ["wave", "bow"]), before)
    assert not any(weight.requires_grad for weight in again.matcher.parameters())
    assert model.wording.known and not model.train().wording.known and not model.matcher.training
    model.frames = 8
    assert SkeletonLLM.from_pretrained(model.save_pretrained(tmp_path / "eight")).rank([clip], ["wave", "bow"]).shape == (1, 2)
    plain = SkeletonLLM.from_pretrained(tmp_path / "base").save_pretrained(tmp_path / "plain")
    assert SkeletonLLM.from_pretrained(plain).matcher is None


@pytest.mark.parametrize("odd", ["abc", 5, {"rows": 4}, {"rows": "4"}, {"claims": ["sits"]}, {"extra": 1}])
def test_a_damaged_matcher_is_refused(odd, tmp_path, matched_model):
    folder = matched_model.save_pretrained(tmp_path / "model")
    told = json.loads((folder / "skllm.json").read_text())
    told["matcher"] = {**told["matcher"], **odd} if isinstance(odd, dict) and odd != {"rows": 4} else odd
    (folder / "skllm.json").write_text(json.dumps(told))
    with pytest.raises(ValueError, match="is not a whole skllm checkpoint"):
        SkeletonLLM.from_pretrained(folder)


@pytest.mark.parametrize(("question", "told"), [("  ", "ask something"), ("What? " * 400, "2,400; ask for less")])
def test_an_empty_question_and_a_book_are_refused(question, told, small_model, stick):
    with pytest.raises(ValueError, match=told):
        small_model.ask(stick, question)


@pytest.mark.parametrize(("labels", "told"), [
    (["walk"], "add what else"), (["Walk", "sit", " walk "], r"the same are \['Walk', ' walk '\]; leave all but one"),
    (["walk", "sit\ndown"], r"got 'sit\\ndown'"), (["walk", " "], "got ' '; shorten"), (["walk", "sit " * 60], "at most 200 characters; got .sit"),
])
def test_labels_that_are_no_choice_are_refused_before_anything_is_painted(labels, told, small_model, stick, monkeypatch):
    monkeypatch.setattr(type(small_model), "render", lambda *_: pytest.fail("painted"))
    with pytest.raises(ValueError, match=told):
        small_model.recognize(stick, labels)


def test_clips_recognized_together_are_recognized_as_one_by_one(small_model):
    clips, labels = [stick_clip(20, seed=n, people=1 + n) for n in range(3)], ["sit", "stand up", "wave"]
    together, alone = small_model.recognize_all(clips, labels), [small_model.recognize(clip, labels) for clip in clips]
    for a, b in zip(together, alone, strict=True):
        assert (a.label, a.said, a.strict) == (b.label, b.said, b.strict)
        assert all(abs(a.probabilities[label] - b.probabilities[label]) < 1e-4 for label in labels)


def test_a_tower_that_learned_is_saved_and_one_that_did_not_is_not(tmp_path):
    made = fake_internvl3()
    made.model.save_pretrained(tmp_path / "base")
    made.tokenizer.save_pretrained(tmp_path / "base")
    model = SkeletonLLM.from_pretrained(tmp_path / "base")
    assert not any(name.startswith("tower.") for name in model.learned())
    model.own_tower = True
    with torch.no_grad():
        model.mllm.family.tower.embeddings.cls_token += 0.37
    back = SkeletonLLM.from_pretrained(model.save_pretrained(tmp_path / "saved"))
    assert back.own_tower and torch.equal(back.mllm.family.tower.embeddings.cls_token, model.mllm.family.tower.embeddings.cls_token)
    half = SkeletonLLM.from_pretrained(model.save_pretrained(tmp_path / "half", torch.float16))
    sizes = [(tmp_path / name / "learned.safetensors").stat().st_size for name in ("saved", "half")]
    assert sizes[1] < 0.6 * sizes[0]
    torch.testing.assert_close(half.see([stick_clip()]), model.see([stick_clip()]), rtol=2e-2, atol=2e-2)


def test_renderer_and_tower_must_agree_on_the_picture():
    with pytest.raises(ValueError, match="28"):
        SkeletonLLM(DrAction(DrActionConfig(size=32)), fake_mllm())


@pytest.mark.parametrize("checkpointing", [False, True])
def test_the_answers_loss_reaches_every_drawing_parameter_through_the_frozen_model(small_model, checkpointing):
    check_slope_reaches_the_renderer(small_model, checkpointing)


@pytest.mark.weights
@pytest.mark.parametrize("checkpointing", [False, True])
def test_the_answers_loss_reaches_every_drawing_parameter_of_the_real_model(tiny, checkpointing):
    check_slope_reaches_the_renderer(tiny, checkpointing)


def check_slope_reaches_the_renderer(model: SkeletonLLM, checkpointing: bool) -> None:
    inner = model.mllm.model
    model.zero_grad()
    if checkpointing:
        inner.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        inner.train()       # transformers checkpoints in training mode only
    try:
        loss = model([stick_clip(20, people=2)], ["What?"], ["wave"])["loss"]
        loss.backward()
    finally:
        inner.gradient_checkpointing_disable()
        inner.eval()
    for name, parameter in model.renderer.named_parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all() and parameter.grad.norm() > 0, name
    frozen = [*inner.model.vision_tower.parameters(), *inner.model.language_model.parameters()]
    assert all(p.grad is None for p in frozen)


def test_checkpointing_does_not_change_the_slope(small_model):
    slopes = []
    for checkpointing in (False, True):
        check_slope_reaches_the_renderer(small_model, checkpointing)
        slopes.append(torch.cat([p.grad.flatten().clone() for p in small_model.renderer.parameters()]))
    torch.testing.assert_close(*slopes, rtol=1e-4, atol=1e-7)


def test_any_native_internvl_loads_from_a_folder_and_its_pictures_are_wrapped_as_it_knows_them(tmp_path, stick):
    fake = fake_mllm()
    fake.tokenizer.add_special_tokens({"additional_special_tokens": ["<img>", "</img>"]})
    fake.model.resize_token_embeddings(len(fake.tokenizer))
    fake.model.save_pretrained(tmp_path)
    fake.tokenizer.save_pretrained(tmp_path)
    model = SkeletonLLM.from_pretrained(tmp_path, renderer="3d+velocity")
    assert model.mllm.picture_size == 28 and model.mllm.model.config._attn_implementation == "sdpa"
    ours, bare = (mllm.hear(model.see([stick]), "What?").positions.shape[1] for mllm in (model.mllm, fake_mllm()))
    assert ours > bare + 2 * model.frames
    assert model.recognize(stick, LABELS).label in LABELS
    with pytest.raises(ValueError, match=r"known: draction, 3d\+velocity"):
        SkeletonLLM.from_pretrained(tmp_path, renderer="video")


@pytest.mark.parametrize("name", ["", "a/b/c"])
def test_a_name_of_no_model_is_refused_with_the_known_ones(name, tmp_path):
    for wrong in (name, str(tmp_path)):
        with pytest.raises(ValueError, match="known are tiny"):
            SkeletonLLM.from_pretrained(wrong)


@pytest.fixture
def saved(small_model, tmp_path, monkeypatch):
    monkeypatch.setattr(mllm_module.MLLM, "from_pretrained", classmethod(lambda cls, *told: fake_mllm()))
    with torch.no_grad():
        small_model.renderer.features.add_(1)
        small_model.mllm.projector.linear_1.weight.mul_(1.5)
    return small_model.save_pretrained(tmp_path / "model")


def test_what_was_saved_comes_back_whole(saved, small_model, stick):
    again = SkeletonLLM.from_pretrained(saved)
    assert again.frames == small_model.frames and again.renderer.config == small_model.renderer.config
    assert again.recognize(stick, LABELS) == small_model.recognize(stick, LABELS)
    assert {path.suffix for path in saved.iterdir()} == {".json", ".safetensors"}       # no pickle, and not the frozen base


def test_damaged_checkpoints_are_refused(saved):
    weights, config = saved / "learned.safetensors", saved / "skllm.json"
    whole, told = load_file(weights), config.read_text()
    for change, says in (
        (lambda w: w.pop("renderer.features"), "missing.*features"),
        (lambda w: w.update(extra=torch.zeros(1)), "extra"),
        (lambda w: w.update({"renderer.depth_mix": torch.tensor(float("nan"))}), "finite"),
        (lambda w: w.update({"renderer.depth_mix": torch.zeros(2)}), "shape"),
    ):
        changed = dict(whole)
        change(changed)
        save_file(changed, weights)
        with pytest.raises(ValueError, match=says):
            SkeletonLLM.from_pretrained(saved)
    weights.write_bytes(weights.read_bytes()[:100])
    with pytest.raises(ValueError, match="not a whole skllm checkpoint"):
        SkeletonLLM.from_pretrained(saved)
    save_file(whole, weights)
    for change in ({"base": 5}, {"renderer": {"kind": "unknown", "config": {}}}, {"frames": None}):
        config.write_text(json.dumps({**json.loads(told), **change}))
        with pytest.raises(ValueError, match="not a whole skllm checkpoint"):
            SkeletonLLM.from_pretrained(saved)


def test_another_base_is_refused(saved, monkeypatch):
    monkeypatch.setattr(SkeletonLLM, "base_revision", lambda self: "another")
    with pytest.raises(ValueError, match="use the release that trained it"):
        SkeletonLLM.from_pretrained(saved)


def test_a_failed_save_leaves_the_old_one(saved, small_model, monkeypatch):
    before = (saved / "learned.safetensors").read_bytes()

    def full_disk(tensors, path):
        path.write_bytes(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr("skllm.stored.save_file", full_disk)
    with pytest.raises(OSError, match="space"):
        small_model.save_pretrained(saved)
    assert (saved / "learned.safetensors").read_bytes() == before


def test_it_says_what_learns(small_model):
    small_model.renderer.requires_grad_(True)
    assert small_model.learning().startswith("renderer 3,070 of")
    small_model.requires_grad_(False)
    assert small_model.learning().startswith("nothing of")


@pytest.mark.weights
def test_the_embedded_model_is_the_same_each_time(tiny, stick):
    again = SkeletonLLM.from_pretrained("tiny")
    for one, other in zip(tiny.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, other)


@pytest.mark.weights
def test_the_shipped_warm_up_tells_exercises_apart_for_people_it_has_not_seen():
    from skllm.benchmarks import UI_PRMD, read_ui_prmd, split
    from skllm.study.evaluation import balanced

    model = SkeletonLLM.from_pretrained("tiny-warm")
    test = balanced(split(read_ui_prmd("kinect22"), UI_PRMD, "test"), 2, seed=1)
    right = [model.recognize(one.clip, UI_PRMD.seen).label == one.label for one in test]
    assert sum(right) > 14 / 7 + 3, f"{sum(right)} of {len(right)}"       # guessing gives 2 of 14; 6 or more once in 100


@pytest.mark.weights
def test_the_shipped_model_tells_ten_exercises_apart_for_people_it_has_not_seen():
    from skllm.benchmarks import UI_PRMD, read_ui_prmd
    from skllm.study.evaluation import balanced

    model = SkeletonLLM.from_pretrained("tiny-open", dtype=torch.bfloat16)
    test = balanced([one for one in read_ui_prmd("kinect22") if one.subject in UI_PRMD.test_subjects], 2, seed=1)
    answers = [model.recognize(one.clip, UI_PRMD.labels) for one in test]
    right, said = (sum(given == one.label for given, one in zip(some, test, strict=True))
                   for some in ([answer.label for answer in answers], [answer.strict for answer in answers]))
    assert len(test) == 20 and model.matcher and right >= 14 and said >= 8, f"{right} and {said}"        # guessing gives 2


def test_what_is_shipped_is_small_and_tiny_open_in_half_precision():
    for folder in SHIPPED.values():
        weights = load_file(folder / "learned.safetensors")
        assert sum(value.nbytes for value in weights.values()) < 25e6
    assert all(value.dtype == torch.float16 for value in load_file(SHIPPED["tiny-open"] / "learned.safetensors").values())


def test_a_reasoned_answer_counts_by_its_last_line(small_model, stick, monkeypatch):
    asked = []
    monkeypatch.setattr(small_model.mllm, "say", lambda heard, most=24: asked.append(most) or ["The hand goes up.\nLabel: Sit"])
    told = small_model.recognize(stick, ["sit", "stand"], reasoning=True)
    assert told.strict == "sit" and asked[0] > 100 and told.label in ("sit", "stand")
    assert small_model.recognize(stick, ["sit", "stand"]).strict is None
