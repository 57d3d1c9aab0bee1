"""Ladders: the rungs are what they say, and a metric that can't tell them apart is told from one that can."""

import csv
import sys

import numpy as np
import pytest

from shared.config import ConfigError
from shared.corpora.manifest import Clip, store_audio, write_manifest
from shared.metrics import ladder
from shared.metrics.ladder import Ladder
from shared.metrics.rungs import NOISE, RECORDINGS, RUNGS, SNRS_DB, rungs
from shared.metrics.statistic import Statistic

RATE = 16_000


def test_noise_has_its_level_and_is_the_same_at_each(speech):
    made = rungs(speech, 3)
    assert tuple(made) == RUNGS and (made[RECORDINGS] == speech).all()
    noise = [made[name] - speech for name in NOISE]
    levels = [10 * np.log10(np.mean(speech**2) / np.mean(each**2)) for each in noise]
    assert levels == pytest.approx(SNRS_DB, abs=0.1)
    assert np.corrcoef(noise)[0, -1] > 0.99 and (made["0 dB"] == rungs(speech, 3)["0 dB"]).all()
    assert not (made["0 dB"] == rungs(speech, 4)["0 dB"]).all()


def test_random_phases_keep_the_spectrum_and_not_the_wave(speech):
    made = rungs(speech, 0)["random phases"]
    assert abs(np.corrcoef(made, speech)[0, 1]) < 0.3
    bands = [np.abs(np.fft.rfft(each)).reshape(-1)[:12_000].reshape(40, -1).mean(1) for each in (made, speech)]
    assert np.corrcoef(np.log(bands))[0, 1] > 0.95


@pytest.mark.parametrize("clip", [np.zeros(0), np.zeros(5000), np.ones(7), np.ones((2, 1111)), np.zeros((2, 0))])
def test_any_clip_keeps_its_shape(clip):
    for made in rungs(clip.astype(np.float32), 0).values():
        assert made.shape == clip.shape and np.isfinite(made).all() and np.abs(made).max(initial=0) <= 1


def made_up(values: dict[str, list[float]], higher_is_better: bool = True) -> Ladder:
    """A ladder whose other rungs are far below all that is given."""
    rows = {rung: np.array(values.get(rung, [-50.0, -50.1, -49.9])) for rung in RUNGS}
    sign = 1 if higher_is_better else -1
    statistic = Statistic("ears", "Ears", higher_is_better)
    return Ladder(statistic, {rung: statistic.terms({"ears": sign * row}) for rung, row in rows.items()}, 0.1, 0.1)


@pytest.mark.parametrize("higher_is_better", [True, False])
def test_order_is_what_the_paired_differences_say(higher_is_better):
    noisy = {"30 dB": [8, 4, 0], "20 dB": [7.1, 3, -1], "10 dB": [6, 2, -2], "0 dB": [5, 1, -3]}
    falls = {"recordings": [9, 5, 1], **noisy}
    assert made_up(falls, higher_is_better).faults() == []  # though clips differ more than rungs
    assert made_up(falls | {"20 dB": [8.1, 3.9, 0.1]}, higher_is_better).faults() == ["30 dB = 20 dB"]
    assert made_up(falls | {"recordings": [7, 3, -1]}, higher_is_better).faults()[0] == "recordings < 30 dB"


def test_a_rung_without_values_is_not_told_apart():
    nothing = made_up({"0 dB": [np.nan, np.nan, 1.0]})
    assert "10 dB = 0 dB" in nothing.faults() and nothing.n("0 dB") == 1 and np.isnan(nothing.error("0 dB"))
    assert np.isnan(made_up({"0 dB": [np.nan] * 3}).value("0 dB"))


def test_the_error_is_that_of_a_mean_and_of_a_ratio():
    values = np.array([1.0, 2.0, 4.0, 7.0])
    assert made_up({"0 dB": list(values)}).error("0 dB") == pytest.approx(values.std(ddof=1) / 2)
    rates = Statistic("rate", "Rate", False, "errors", "words")
    proportional = rates.terms({"errors": 0.1 * values, "words": values})
    each = Ladder(rates, dict.fromkeys(RUNGS, proportional), 0, 0)
    assert each.value("0 dB") == pytest.approx(0.1) and each.error("0 dB") == pytest.approx(0, abs=1e-12)


@pytest.fixture
def corpus(tmp_path, speech):
    clips = []
    for index in range(3):
        stored = store_audio(tmp_path, f"c{index}", np.roll(speech, 900 * index), RATE)
        clips.append(Clip(id=f"c{index}", text="a", speaker="ann", split="test", seen_speaker=True, **stored))
    write_manifest(tmp_path / "manifest.json", RATE, clips, [])
    return tmp_path / "manifest.json"


def run(corpus, monkeypatch, *metrics: str) -> list[dict[str, str]]:
    output = corpus.parent / "ladder.csv"
    words = ["ladder", "--corpus", str(corpus), "--output", str(output), "--metrics", *metrics]
    monkeypatch.setattr(sys, "argv", words)
    ladder.main()
    with open(output, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_command_scores_each_rung(corpus, monkeypatch, capsys):
    lsd, si_sdr = run(corpus, monkeypatch, "si_sdr", "lsd")
    assert (lsd["statistic"], lsd["testable"], lsd["faults"]) == ("lsd", "True", "")
    assert float(si_sdr["20_dB"]) == pytest.approx(20, abs=0.2) and si_sdr["20_dB_n"] == "3"
    assert float(lsd["cpu_seconds"]) > 0 and "| LSD | 0.00 ± 0.00 |" in capsys.readouterr().out


@pytest.mark.parametrize(("metric", "message"), [
    ("kad", "kad: of a set of clips"), ("stereo_correlation", "of stereo alone"), ("pesk", "did you mean 'pesq'"),
    ("sim", "needs models.speaker"),
])  # fmt: skip
def test_what_has_no_ladder_is_refused(corpus, monkeypatch, metric, message):
    with pytest.raises(ConfigError, match=message):
        run(corpus, monkeypatch, metric)
