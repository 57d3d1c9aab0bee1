"""Where texts and latents stand for a next-token model, and what that is measured from."""

import itertools
import re

import pytest
import torch

from shared.generators.next_token import NextTokenGenerator
from shared.generators.next_token_config import NextTokenConfig
from shared.generators.text_positions import Prompt
from shared.text.character_lengths import MOST_PAIRED
from tests.generators.next_token_models import DIM, SEMAVOICE, make_generator


def test_a_tokens_position_stands_beside_that_of_the_patch_in_which_it_is_spoken():
    generator = make_generator(SEMAVOICE.model_copy(update={"text_positions": "beside"}))
    generator.positions.measure(["abcd", "ab"], [11, 12])  # 6 characters in 12 patches of two frames
    latents = torch.zeros(6, 2, DIM)
    (beside,) = generator.sequences(["abcd"], [latents])
    assert beside.positions.tolist() == [0, 1, 2, 3, 0, 0.5, 1, 1.5, 2, 2.5, 3]
    (before,) = make_generator().sequences(["ab"], [latents[:3, :1]])
    assert before.positions.tolist() == [0, 1, 2, 3, 4, 5]


def test_a_text_after_a_prompt_starts_beside_its_own_first_patch(paced):
    slow, fast, unknown = paces = paced.positions.paces([Prompt("ab", 12), Prompt("ab", 4), Prompt(None, 4)])
    assert fast == pytest.approx(3 * slow) and unknown == paced.positions.tokens_per_patch
    sequences = paced.sequences(["ab cd"] * 2, [torch.zeros(8, 2, DIM), torch.zeros(4, 2, DIM)], paces[:2])
    for sequence, patches in zip(sequences, (6, 2), strict=True):
        text, latents = sequence.positions.split([5, len(sequence.positions) - 5])
        # Of "c", and of the state from which the first patch after "ab " is made.
        assert text[3] == pytest.approx(latents[patches].item())


def test_a_text_may_be_empty_and_a_prompt_without_a_whole_patch(paced):
    assert len(paced.sequences([""], [torch.zeros(1, 2, DIM)])[0].positions) == 3
    assert paced.positions.paces([Prompt("ab", 0)]) == paced.positions.tokens_per_patch


@pytest.fixture(scope="module")
def paced() -> NextTokenGenerator:
    """Of speech in which "b" lasts three patches of two frames, two after another "b", and all else one."""
    generator = make_generator(SEMAVOICE.model_copy(update={"text_positions": "paced"}))
    texts = ["".join(letters) for letters in itertools.product("abc", repeat=4)] * 40
    generator.positions.measure(texts, [2 * lasting(text) for text in texts])
    return generator


def lasting(text: str) -> int:
    """Patches of the text and the space after it."""
    return len(text) + 1 + 2 * text.count("b") - len(re.findall("b(?=b)", text))


@pytest.mark.parametrize("text", ["abca", "cccc", "bbbb", "aabb", "abbcabbc"])
def test_a_text_after_a_prompt_is_placed_by_how_long_the_prompts_characters_last(text, paced):
    (sequence,) = paced.sequences([f"{text} cab"], [torch.zeros(1, 2, DIM)])
    begins = sequence.positions[: len(text) + 4] / paced.positions.tokens_per_patch
    assert (begins.diff() > 0).all()
    assert begins[len(text) + 1] == pytest.approx(lasting(text), rel=0.05)


def test_of_many_characters_each_lasts_as_long_after_any_other(paced):
    vocabulary = " ab" + "".join(chr(0x4E00 + index) for index in range(MOST_PAIRED))
    backbone = SEMAVOICE.backbone.model_copy(update={"vocabulary": vocabulary})
    generator = make_generator(SEMAVOICE.model_copy(update={"text_positions": "paced", "backbone": backbone}))
    texts = ["".join(letters) for letters in itertools.product("ab" + vocabulary[3:5], repeat=3)] * 10
    generator.positions.measure(texts, [2 * (len(text) + 1 + 2 * text.count("b")) for text in texts])
    assert len(generator.positions.lengths.table) == 1 < len(paced.positions.lengths.table)
    begins = generator.positions.of_text("abb", 3) / generator.positions.tokens_per_patch
    assert begins.tolist() == pytest.approx([0, 1, 4], rel=0.1)


def test_how_long_a_token_lasts_is_not_asked_of_a_language_model():
    with pytest.raises(ValueError, match="paced measures how long each character lasts"):
        NextTokenConfig.model_validate(
            {**SEMAVOICE.model_dump(), "backbone": {"kind": "qwen2"}, "text_positions": "paced"}
        )
