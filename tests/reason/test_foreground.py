import pytest
import torch
from transformers import InternVLConfig, InternVLForConditionalGeneration, InternVLVisionConfig, LlamaConfig

from skllm.reason.foreground import group_side, painted_groups, see_groups
from skllm.reason.mllm import MLLM
from tests.conftest import fake_tokenizer

SIZE, SIDE = 112, 28


def mllm_with_a_grid() -> MLLM:
    """16 groups of 2 x 2 patches a picture; random weights, large enough that pictures matter."""
    tokenizer = fake_tokenizer()
    vision = InternVLVisionConfig(hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32, image_size=SIZE, patch_size=14)
    text = LlamaConfig(
        hidden_size=32, num_hidden_layers=1, num_attention_heads=2, num_key_value_heads=1, intermediate_size=64, vocab_size=len(tokenizer),
    )
    torch.manual_seed(0)
    config = InternVLConfig(vision_config=vision, text_config=text, image_token_id=tokenizer.convert_tokens_to_ids("<file_sep>"), image_seq_length=16)
    model = InternVLForConditionalGeneration(config)
    with torch.no_grad():
        model.model.vision_tower.embeddings.position_embeddings.normal_()
        model.model.vision_tower.embeddings.cls_token.normal_()
    return MLLM(model.eval(), tokenizer, "grid", frame_label="")


def pictures(*squares: list[int]) -> torch.Tensor:
    """One clip; in each picture the given squares, counted row by row, hold noise."""
    dice = torch.Generator().manual_seed(0)
    out = torch.zeros(1, len(squares), 3, SIZE, SIZE)
    for frame, chosen in enumerate(squares):
        for n in chosen:
            y, x = n // 4 * SIDE, n % 4 * SIDE
            out[0, frame, :, y : y + SIDE, x : x + SIDE] = torch.rand(3, SIDE, SIDE, generator=dice)
    return out


@torch.no_grad()
def test_with_nothing_dropped_the_tokens_are_the_dense_ones_bit_for_bit():
    mllm, whole = mllm_with_a_grid(), pictures(range(16), range(16))
    dense = mllm.see(whole)
    mllm.foreground_only = True
    sparse = mllm.see(whole)
    assert torch.equal(torch.stack(sparse[0]), dense[0])


@torch.no_grad()
def test_only_painted_groups_become_tokens_each_at_its_own_place():
    mllm, some = mllm_with_a_grid(), pictures([0], [3, 9, 14], [], [1, 2, 5])
    assert group_side(mllm.model) == SIDE
    kept = painted_groups(some[0], SIDE)
    assert [row.nonzero()[:, 0].tolist() for row in kept] == [[0], [3, 9, 14], [], [1, 2, 5]]
    mllm.foreground_only = True
    assert [len(tokens) for tokens in mllm.see(some)[0]] == [1, 3, 0, 3]
    moved = pictures([15])
    moved[0, 0, :, 84:, 84:] = some[0, 0, :, :28, :28]                       # the same square in another place is another token
    assert not torch.allclose(mllm.see(moved)[0][0], mllm.see(some)[0][0], atol=1e-3)


@torch.no_grad()
def test_a_token_is_the_dense_one_where_patches_do_not_look_at_each_other():
    mllm, some = mllm_with_a_grid(), pictures([3, 9, 14], [0, 1])
    for layer in mllm.model.model.vision_tower.encoder.layer:
        layer.lambda_1.zero_()                                               # attention switched off
    dense = mllm.see(some)[0]
    mllm.foreground_only = True
    for tokens, all_tokens, kept in zip(mllm.see(some)[0], dense, ([3, 9, 14], [0, 1]), strict=True):
        torch.testing.assert_close(tokens, all_tokens[kept])


def test_slopes_reach_the_painted_pixels_and_no_others():
    mllm, some = mllm_with_a_grid(), pictures([3, 9], [0]).requires_grad_()
    mllm.foreground_only = True
    mllm.loss(mllm.see(some), ["What?"], ["sit"]).backward()
    touched = painted_groups(some.grad[0].abs(), SIDE)
    assert torch.equal(touched, painted_groups(some.detach()[0], SIDE))


def test_a_black_clip_can_still_be_asked_about():
    mllm = mllm_with_a_grid()
    mllm.foreground_only = True
    seen = mllm.see(pictures([], []))
    assert isinstance(mllm.say(mllm.hear(seen, "What?"), max_new_tokens=2)[0], str)


def test_a_model_that_reads_another_layer_is_refused():
    mllm = mllm_with_a_grid()
    mllm.model.config.vision_feature_layer = -2
    with pytest.raises(ValueError, match="last layer"):
        see_groups(mllm.model, pictures([0])[0], painted_groups(pictures([0])[0], SIDE))
