import pytest
import torch
from transformers import InternVLForConditionalGeneration

from skllm.study.large import LANGUAGE, TOWER, config_of, main, random_internvl3, step_of
from skllm.train.stages import RECIPES

SMALL = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}


def test_the_full_model_has_the_size_of_internvl3_8b():
    """Counted without making it: 304 million in the tower, 27.5 in the projector, 7.6 billion in the language model."""
    with torch.device("meta"):
        model = InternVLForConditionalGeneration(config_of(TOWER, LANGUAGE))
    assert 7.9e9 < sum(p.numel() for p in model.parameters()) < 8.0e9


@pytest.mark.weights
@pytest.mark.parametrize("number", [1, 3])
def test_a_step_of_the_same_structure_is_measured(number):
    tower = {**SMALL, "image_size": 56, "patch_size": 14}
    model = random_internvl3(tower, {**SMALL, "num_key_value_heads": 2, "vocab_size": 49152}, "cpu")
    assert model.mllm.model.dtype == torch.bfloat16 and next(model.mllm.projector.parameters()).dtype == torch.float32
    told = step_of(model, RECIPES["paper"][number - 1], 1, steps=2)
    assert told["a step"] > 0 and told["backward"] > 0 and told["render"] > 0


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_without_a_card_it_says_so():
    with pytest.raises(SystemExit, match="needs a CUDA device"):
        main([])
