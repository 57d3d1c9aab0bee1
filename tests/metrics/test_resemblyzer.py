"""The margin over impostors: who they are, its arithmetic, and what has none."""

from types import SimpleNamespace

import numpy as np
import pytest

from shared.corpora.evaluable import DEMANDS
from shared.corpora.manifest import Clip, store_audio, write_manifest
from shared.metrics.base import Case, Setup
from shared.metrics.failure import NotMeasured
from shared.metrics.resemblyzer import IMPOSTORS, SpeakerMargin, impostors
from shared.sampling.clips import GeneratedClip

RATE = 16_000


def clip_of(speaker: str, number: int = 0, split: str = "test", **stored) -> Clip:
    known = {"file": "audio/x.wav", "seconds": 2.0, "sha256": "0"} | stored
    return Clip(id=f"{speaker}{number}", text="a", speaker=speaker, split=split, seen_speaker=True, **known)


def test_impostors_are_other_speakers_and_always_the_same():
    clips = [clip_of(f"s{index:02}", number) for index in range(20) for number in range(3)]
    found = impostors(clips, "s03")
    assert len({each.speaker for each in found}) == len(found) == IMPOSTORS and "s03" not in {x.speaker for x in found}
    assert impostors(reversed(clips), "s03") == found != impostors(clips, "s04")
    assert impostors([*clips[:6], clip_of("short", seconds=0.2)], "s00") == [
        each for each in clips[3:6] if each in impostors(clips[:6], "s00")
    ]


class Pointer:
    """A voice encoder whose embedding is the mean level of each quarter of a clip."""

    name, weights_sha256, sample_rate = "pointer", "0" * 64, RATE

    def embed(self, audio):
        return np.abs(audio[: len(audio) // 4 * 4]).reshape(4, -1).mean(axis=1)


@pytest.fixture
def metric(tmp_path, monkeypatch) -> SpeakerMargin:
    """Of a corpus whose speaker n sounds in quarter n alone."""
    monkeypatch.setattr("shared.evaluators.resemblyzer.VoiceEncoder", Pointer)
    clips = []
    for index, speaker in enumerate(("ann", "bob", "cid")):
        stored = store_audio(tmp_path, speaker, voice(index), RATE)
        clips.append(clip_of(speaker, **stored))
    write_manifest(tmp_path / "manifest.json", RATE, clips, [])
    return SpeakerMargin(Setup(corpus=tmp_path / "manifest.json"))


def voice(quarter: int) -> np.ndarray:
    sound = np.zeros((4, RATE // 2), dtype=np.float32)
    sound[quarter] = 0.3 * np.sin(np.arange(RATE // 2) / 9)
    return sound.reshape(-1)


def case(audio: np.ndarray, speaker: str | None = "ann", heard: bool = True) -> Case:
    said = GeneratedClip(id="ann0", file="clips/a.wav", text="a", reference=None, prompt="ann0", speaker=speaker)
    return Case(said, audio, None, ("ann0", voice(0)) if heard else None, RATE)


def test_the_margin_is_the_cosine_less_that_to_others(metric):
    assert metric(case(voice(0))) == pytest.approx((1, 1), abs=1e-3)
    margin, cosine = metric(case(voice(1)))
    assert (margin, cosine) == pytest.approx((-0.5, 0), abs=1e-3)  # one of the two impostors is bob
    both = (voice(0) + voice(1)) / 2
    assert metric(case(both)) == pytest.approx((np.sqrt(0.5) / 2, np.sqrt(0.5)), abs=1e-3)
    assert metric(case(np.float32(0.02) * both)) == pytest.approx(metric(case(both)), abs=1e-4)


@pytest.mark.parametrize(("wrong", "reason"), [
    (case(np.zeros(RATE, np.float32)), "silent"), (case(voice(0)[:6000]), "0.38 s are too short"),
    (case(np.full(RATE, np.nan)), "not finite"), (case(voice(0), heard=False), "neither"),
    (case(voice(0), speaker=None), "neither"),
])  # fmt: skip
def test_what_has_no_voice_has_no_value(metric, wrong, reason):
    with pytest.raises(NotMeasured, match=reason):
        metric(wrong)


def test_a_corpus_of_one_voice_is_refused_before_anything_is_trained():
    demand = DEMANDS[SpeakerMargin.demands]
    one = [clip_of("ann"), clip_of("bob", split="train")]
    assert "put clips of another into test" in demand("resemblyzer", one, [])
    assert demand("resemblyzer", [*one, clip_of("bob")], []) is None


def test_a_metric_of_one_voice_says_so(metric):
    metric.corpus = SimpleNamespace(split=lambda name: [clip_of("ann")])
    with pytest.raises(NotMeasured, match="no other speaker"):
        metric(case(voice(0)))
