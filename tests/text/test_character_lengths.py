"""How long characters last: what is made is found again, and no character lasts less than nothing."""

import pytest
import torch

from shared.text.character_lengths import LEAST, CharacterLengths


def clips(lengths: list[float], count: int = 400) -> tuple[list[list[int]], list[float]]:
    """Texts of symbols 1 and up, symbol 0 is the space, and how long each clip is."""
    generator = torch.Generator().manual_seed(0)
    texts = [torch.randint(1, len(lengths), (12,), generator=generator).tolist() for _ in range(count)]
    return texts, [sum(lengths[each] for each in text) for text in texts]


@pytest.mark.parametrize("symbols", [5, 100])  # with pairs and without
def test_a_silent_character_lasts_a_little_and_ends_go_on(symbols):
    lengths = [1.0, 0.0, 3.0, 1.0, 1.0]
    of_characters = CharacterLengths(symbols, space=0)
    texts, durations = clips(lengths)
    of_characters.measure(texts, [duration - 6.0 for duration in durations])  # a fit that goes below nothing
    assert of_characters.table.min() >= LEAST
    for text in ([1, 1, 1], [1], [2, 1, 1, 2]):
        ends = of_characters.ends(text)
        assert (ends.diff(prepend=torch.zeros(1)) > 0).all()


def test_lengths_are_found_again():
    of_characters = CharacterLengths(5, space=0)
    texts, durations = clips([1.0, 0.5, 2.0, 1.0, 1.0], 4000)
    rate = of_characters.measure(texts, durations)
    ends = of_characters.ends([2, 1])
    assert float(ends[0] / (ends[1] - ends[0])) == pytest.approx(4, rel=0.2)
    assert float(rate) == pytest.approx(12 * 4000 / sum(durations), rel=1e-4)
