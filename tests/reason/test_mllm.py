"""The language model's floor, on a model of two layers; and once, where marked, on the real one."""

import shutil

import pytest
import torch

from skllm.reason.mllm import MLLM
from skllm.reason.questions import SYSTEM, choose, shuffled
from skllm.reason.speed import compiled_layers, keep_in
from tests.conftest import fake_mllm, fake_tokenizer, same_slope


@pytest.fixture
def mllm() -> MLLM:
    return fake_mllm()


@pytest.fixture
def pictures() -> torch.Tensor:
    return torch.rand(2, 3, 3, 28, 28, generator=torch.Generator().manual_seed(0))


def test_loss_looks_at_the_answers_tokens_and_their_end_alone(mllm, pictures):
    spoken = mllm.spell(mllm.see(pictures), ["What?", "What is it?"], ["sit", "stand up"])
    for row, answer in zip(spoken.targets, ("sit", "stand up"), strict=True):
        said = row[row != -100].tolist()
        assert mllm.tokenizer.decode(said[:-1]) == answer and said[-1] == mllm.end
    assert spoken.mask.sum(1).tolist() == [(spoken.mask[0] > 0).sum(), spoken.mask.shape[1]]


def test_padding_changes_nothing(mllm, pictures):
    tokens, questions, answers = mllm.see(pictures), ["a?", "a much longer question?"], ["sit", "stand up slowly"]
    together = mllm.loss(tokens, questions, answers)
    alone = [mllm.loss(tokens[n : n + 1], questions[n : n + 1], answers[n : n + 1]) for n in range(2)]
    torch.testing.assert_close(together, sum(alone) / 2, rtol=1e-4, atol=1e-5)


def test_several_questions_about_a_clip_are_as_if_asked_apart(mllm, pictures):
    questions, answers = [["a?", "a much longer question?"], ["b?"]], [["sit", "stand up slowly"], ["walk"]]
    mllm.projector.requires_grad_(True)

    def asked(tokens, questions, answers):
        mllm.zero_grad()
        loss = mllm.loss(tokens, questions, answers)
        loss.backward()
        return loss.detach(), mllm.projector.linear_1.weight.grad.clone()

    together, slope = asked(mllm.see(pictures), questions, answers)
    apart = [asked(mllm.see(pictures[n : n + 1]), [q], [a]) for n, q, a in
             ((0, questions[0][0], answers[0][0]), (0, questions[0][1], answers[0][1]), (1, "b?", "walk"))]
    share = (0.25, 0.25, 0.5)
    torch.testing.assert_close(together, sum(w * loss for w, (loss, _) in zip(share, apart, strict=True)), rtol=1e-4, atol=1e-5)
    same_slope(slope, sum(w * g for w, (_, g) in zip(share, apart, strict=True)))
    agreed = mllm.agreement(mllm.see(pictures), questions)
    assert [len(one) for one in agreed] == [2, 1]
    alone = mllm.agreement(mllm.see(pictures)[:1], [[questions[0][1]]])[0][0]
    assert abs(agreed[0][1] - alone) < 1e-3 and 0 < alone < 1


def test_a_question_without_its_answer_is_refused(mllm, pictures):
    for questions, answers in ((["a?", "b?"], ["sit"]), ([["a?", "b?"], "c?"], [["sit"], "stand"]), ([[], "c?"], [[], "stand"])):
        with pytest.raises(ValueError, match="as many answers; got 2 clips"):
            mllm.loss(mllm.see(pictures), questions, answers)


def test_clips_heard_together_are_answered_as_one_by_one(mllm, pictures):
    tokens = mllm.see(pictures)
    heard, alone = mllm.hear(tokens, "What?"), [mllm.hear(one, "What?") for one in tokens.split(1)]
    assert mllm.say(heard, 5) == [mllm.say(one, 5)[0] for one in alone]
    both = torch.cat([mllm.log_likelihoods(one, ["sit", "stand up"]) for one in alone])
    torch.testing.assert_close(mllm.log_likelihoods(heard, ["sit", "stand up"]), both, rtol=1e-4, atol=1e-3)


def test_pictures_are_read_once_for_several_questions(mllm, pictures):
    seen, words = mllm.see(pictures), ["sit", "stand up"]
    watched = mllm.watch(seen)
    first = mllm.hear(watched, "What?")
    assert mllm.say(mllm.hear(watched, "What is it, do you think?"), 4) == mllm.say(mllm.hear(seen, "What is it, do you think?"), 4)
    torch.testing.assert_close(mllm.log_likelihoods(first, words), mllm.log_likelihoods(mllm.hear(seen, "What?"), words), rtol=1e-5, atol=1e-5)


def test_our_road_is_transformers_own(mllm, pictures):
    """Embeddings put side by side give what the native class makes of ids with placeholders and pixel values."""
    from skllm.reason.pictures import normalised

    question, answer = "What?", "sit"
    ours = mllm.loss(mllm.see(pictures[:1]), [question], [answer])
    image = "<file_sep>"
    text = f"<|im_start|>system\n{SYSTEM}<|im_end|>\n<|im_start|>user\n" + "".join(f"{n}:{image}" for n in (1, 2, 3))
    text += f"\n{question}<|im_end|>\n<|im_start|>assistant\n"
    prompt = mllm.tokenizer(text, add_special_tokens=False)["input_ids"]
    said = [*mllm.tokenizer(answer)["input_ids"], mllm.end]
    ids = torch.tensor([prompt + said])
    out = mllm.model(input_ids=ids, pixel_values=normalised(pictures[0]), attention_mask=torch.ones_like(ids))
    native = torch.nn.functional.cross_entropy(out.logits[0, len(prompt) - 1 : -1], torch.tensor(said))
    torch.testing.assert_close(ours, native, rtol=1e-4, atol=1e-5)


def test_log_likelihoods_are_minus_the_summed_loss(mllm, pictures):
    seen, answers = mllm.see(pictures)[:1], ["sit", "stand up"]
    ranked = mllm.log_likelihoods(mllm.hear(seen, "What?"), answers)[0]
    for value, answer in zip(ranked, answers, strict=True):
        count = len(mllm.tokenizer(answer)["input_ids"]) + 1
        torch.testing.assert_close(value, -count * mllm.loss(seen, ["What?"], [answer]), rtol=1e-4, atol=1e-3)


def test_control_tokens_in_a_users_words_stay_words(mllm):
    assert mllm.end not in mllm.speller.plain("stop <|im_end|> here")
    assert mllm.tokenizer.convert_tokens_to_ids("<file_sep>") not in mllm.speller.plain("<file_sep>")


def test_a_coarse_model_still_learns_in_small_steps(mllm, pictures):
    coarse = MLLM(mllm.model.to(torch.bfloat16), mllm.tokenizer, "coarse")
    coarse.projector.requires_grad_(True)
    before = coarse.projector.linear_1.weight.detach().clone()
    optimizer = torch.optim.AdamW(coarse.projector.parameters(), lr=2e-5, weight_decay=0)
    assert coarse.see(pictures).dtype == torch.bfloat16
    coarse.loss(coarse.see(pictures), ["What?"] * 2, ["sit", "stand"]).backward()
    optimizer.step()
    assert (coarse.projector.linear_1.weight != before).float().mean() > 0.9


def test_pictures_of_the_wrong_size_are_refused(mllm):
    with pytest.raises(ValueError, match="set the renderer's size"):
        mllm.see(torch.zeros(1, 1, 3, 32, 32))


def test_a_tokenizer_without_chatml_is_refused(mllm):
    tokenizer = fake_tokenizer()
    tokenizer.convert_tokens_to_ids = lambda word: 0
    with pytest.raises(ValueError, match="ChatML"):
        MLLM(mllm.model, tokenizer, "odd")


def test_greedy_answers_repeat_and_depend_on_the_pictures(mllm, pictures):
    first, second = mllm.see(pictures).split(1)
    assert mllm.say(mllm.hear(first, "What?")) == mllm.say(mllm.hear(first, "What?"))
    one, other = (mllm.log_likelihoods(mllm.hear(seen, "What?"), ["sit", "stand"]) for seen in (first, second))
    assert not torch.allclose(one, other)


@pytest.mark.parametrize(("labels", "says"), [
    ([], "two"), ("walk", "list of words"), ([1, 2], "list of words"),
    (["sit"], "two"), (["sit", "Sit "], "leave all but one out"), (["sit", ""], "on one line"), (["sit", "stand\nup"], "one line"),
])
def test_choices_that_are_none_are_refused(labels, says):
    with pytest.raises(ValueError, match=says):
        choose(labels)


def test_labels_are_shuffled_by_seed_and_none_is_lost():
    labels = [f"action {n}" for n in range(8)]

    def drawn(seed):
        return shuffled(labels, torch.Generator().manual_seed(seed))

    assert drawn(1) == drawn(1) != drawn(2) and sorted(drawn(1)) == labels
    first = {drawn(seed)[0] for seed in range(60)}
    assert len(first) == 8       # any label may come first


@pytest.mark.weights
def test_the_real_language_model_speaks(tiny):
    text = "<|im_start|>user\nWhat is the capital of France?<|im_end|>\n<|im_start|>assistant\n"
    ids = tiny.mllm.tokenizer(text, return_tensors="pt", add_special_tokens=False)
    said = tiny.mllm.model.generate(**ids, max_new_tokens=8, do_sample=False)
    assert "Paris" in tiny.mllm.tokenizer.decode(said[0])
    assert tiny.mllm.tokenizer.decode(tiny.mllm.speller.plain("a<|im_end|>b<file_sep>c")) == "a<|im_end|>b<file_sep>c"
    assert tiny.mllm.end not in tiny.mllm.speller.plain("a<|im_end|>b")


@pytest.mark.weights
def test_the_embedded_model_is_as_large_as_it_says(tiny):
    counts = {name: sum(p.numel() for p in part.parameters()) for name, part in
              (("tower", tiny.mllm.model.model.vision_tower), ("words", tiny.mllm.model.model.language_model))}
    assert 4.5e6 < counts["tower"] < 5.5e6 and 1.34e8 < counts["words"] < 1.36e8
    assert tiny.mllm.see(torch.zeros(1, 1, 3, 112, 112)).shape == (1, 1, 16, 576)


@pytest.mark.skipif(shutil.which("g++") is None, reason="compiling for a CPU takes a C++ compiler")
def test_compiled_layers_say_the_same_and_are_as_before_afterwards(mllm, pictures):
    one, asked, said = mllm, [["What?", "Who is it?"], ["What?", "Who?"]], [["sit", "a man"]] * 2
    tokens = one.see(pictures).detach().requires_grad_(True)
    plain = one.loss(tokens, asked, said)
    (slopes,) = torch.autograd.grad(plain, tokens)
    attention = one.language.config._attn_implementation
    with compiled_layers(one.language):
        assert all(layer._compiled_call_impl for layer in one.language.layers)
        faster = one.loss(tokens, asked, said)
        (same,) = torch.autograd.grad(faster, tokens)
        single = one.loss(tokens, [pair[0] for pair in asked], ["sit", "sit"])
    torch.testing.assert_close(faster, plain, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(same, slopes, rtol=1e-3, atol=1e-6)
    torch.testing.assert_close(single, one.loss(tokens, [pair[0] for pair in asked], ["sit", "sit"]), rtol=1e-4, atol=1e-5)
    assert one.language.config._attn_implementation == attention and not any(layer._compiled_call_impl for layer in one.language.layers)


def test_weights_in_another_dtype_leave_positions_as_they_are(mllm, pictures):
    before = {name: buffer.clone() for name, buffer in mllm.language.named_buffers()}
    keep_in(mllm.model.parameters(), torch.bfloat16)
    assert {p.dtype for p in mllm.language.parameters()} == {torch.bfloat16} and any("inv_freq" in name for name in before)
    assert all(torch.equal(buffer, before[name]) and buffer.dtype == before[name].dtype for name, buffer in mllm.language.named_buffers())
