"""The level at which models hear clips that they judge without a reference."""

import numpy as np
import pytest

from shared.metrics.failure import NotMeasured
from shared.metrics.level import QUIETEST_DBOV, active_level, at_level

RATE = 16_000
TONE = (np.sqrt(2) * np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE)).astype(np.float32)  # 0 dBov


def test_full_scale_is_0_dbov_and_a_tenth_is_20_less():
    assert active_level(TONE, RATE) == pytest.approx(0, abs=1e-4)
    assert active_level(0.1 * TONE, RATE) == pytest.approx(-20, abs=1e-4)


@pytest.mark.parametrize("pause", [0, 1e-5, 1e-2])
def test_pauses_do_not_count(pause):
    with_pauses = np.concatenate([pause * TONE, 0.1 * TONE, pause * TONE[: RATE // 2]])
    assert active_level(with_pauses, RATE) == pytest.approx(-20, abs=1e-4)


def test_an_offset_does_not_count():
    assert active_level(0.01 * TONE + 0.3, RATE) == pytest.approx(-40, abs=1e-3)


def test_what_is_less_than_16_db_quieter_counts():
    assert active_level(np.concatenate([0.02 * TONE, 0.1 * TONE]), RATE) == pytest.approx(-22.84, abs=0.01)


def test_a_click_does_not_hide_speech():
    clicked = 0.1 * TONE
    clicked[5000] = 1
    assert active_level(clicked, RATE) == pytest.approx(-20, abs=0.1)


@pytest.mark.parametrize("gain", [0.01, 0.37, 1, 10])
def test_whatever_the_gain_a_clip_is_heard_the_same(speech, gain):
    heard = at_level(np.float32(gain) * speech, RATE, -26)
    assert active_level(heard, RATE) == pytest.approx(-26, abs=1e-4) and heard.dtype == np.float32
    np.testing.assert_allclose(heard, at_level(speech, RATE, -26), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(
    ("clip", "reason"),
    [
        (np.zeros(0), r"empty, silent or too quiet \(-inf dBov\)"),
        (np.zeros(RATE), "empty, silent or too quiet"),
        (np.full(RATE, 0.1), "empty, silent or too quiet"),
        (10 ** ((QUIETEST_DBOV - 1) / 20) * TONE, r"too quiet \(-81 dBov\)"),
        (np.where(np.arange(RATE) == 7, np.nan, TONE), "not finite"),
        (np.where(np.arange(RATE) == 7, np.inf, TONE), "not finite"),
    ],
)
def test_what_has_no_level_is_not_measured(clip, reason):
    with pytest.raises(NotMeasured, match=reason):
        at_level(clip.astype(np.float32), RATE, -26)


def test_the_quietest_that_counts_does():
    assert active_level(at_level(10 ** ((QUIETEST_DBOV + 1) / 20) * TONE, RATE, -26), RATE) == pytest.approx(-26)
