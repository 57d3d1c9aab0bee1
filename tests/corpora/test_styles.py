import itertools
from collections import Counter

import pytest

from shared.corpora.harmony import MODES, TONICS
from shared.corpora.instruments import BACKINGS, INSTRUMENTS, LEADS
from shared.corpora.manifest import SPLITS
from shared.corpora.styles import KEYS, TEMPI, Style, StylePlan, count_styles, plan_styles

PLAN = StylePlan(parts=3, clips=2000, validation=100, test=300)


def by_split(plan: StylePlan, seed: int = 0) -> dict[str, list[Style]]:
    planned = plan_styles(plan, seed)
    return {split: [item.style for item in planned if item.split == split] for split in SPLITS}


def shape(style: Style) -> tuple[int, bool]:
    return (1 if style.backing is None else 2 + style.bass), style.drums


@pytest.mark.parametrize("plan", [PLAN, StylePlan(parts=1, clips=1500, validation=600, test=600)])
def test_no_style_of_test_or_validation_is_in_another_split(plan):
    splits = by_split(plan)
    assert {split: len(styles) for split, styles in splits.items()} == plan.sizes()
    held_out = splits["test"] + splits["validation"]
    assert len(set(held_out)) == len(held_out) and set(held_out).isdisjoint(splits["train"])
    assert {shape(style) for style in splits["train"]} == set(plan.shapes())


@pytest.mark.parametrize("split", SPLITS)
def test_shapes_tempi_keys_and_instruments_are_balanced(split):
    styles = by_split(PLAN)[split]
    shapes = Counter(map(shape, styles))
    assert len(shapes) == 6 and max(shapes.values()) - min(shapes.values()) <= 1
    for words, found, slack in (
        (TEMPI, Counter(style.tempo for style in styles), 12),
        (KEYS, Counter((style.tonic, style.mode) for style in styles), 8),
        (LEADS, Counter(style.lead for style in styles if style.backing), 8),
        (BACKINGS, Counter(style.backing for style in styles if style.backing), 8),
    ):
        assert set(found) == set(words) and max(found.values()) - min(found.values()) <= slack


def test_the_least_train_has_every_instrument_alone_with_and_without_drums():
    least = PLAN._replace(clips=PLAN.least_train() + PLAN.test + PLAN.validation)
    for drums in (False, True):
        alone = {style.lead for style in by_split(least)["train"] if shape(style) == (1, drums)}
        assert alone == set(INSTRUMENTS)


def test_numbers_of_styles():
    assert count_styles((1, True)) == 18 * 3 * 24 and count_styles((3, False)) == 10 * 8 * 3 * 24
    assert len(KEYS) == len(TONICS) * len(MODES) == 24 and len(INSTRUMENTS) == len(LEADS) + len(BACKINGS)


def test_the_words_for_tempo_do_not_overlap():
    ranges = sorted(TEMPI.values())
    assert all(low < high for low, high in ranges)
    assert all(slower[1] * 1.25 < faster[0] for slower, faster in itertools.pairwise(ranges))


def test_the_plan_follows_the_seed():
    assert plan_styles(PLAN, seed=1) == plan_styles(PLAN, seed=1) != plan_styles(PLAN, seed=2)
