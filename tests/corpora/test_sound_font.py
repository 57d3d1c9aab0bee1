import random
import sys

import librosa
import numpy as np
import pytest

from shared.corpora import sound_font
from shared.corpora.checks import audio_problem
from shared.corpora.composition import compose
from shared.corpora.instruments import BASS, INSTRUMENTS
from shared.corpora.pieces import Note, Part, Piece, chroma
from shared.corpora.sound_font import RENDER_RATE, SoundFont, SoundFontError, font_path
from shared.corpora.styles import StylePlan, plan_styles

RATE = 22050
FRAMES = 10  # a second
PIECES = [
    compose(item.style, 4.0, random.Random(index))
    for index, item in enumerate(plan_styles(StylePlan(parts=3, clips=40, validation=1, test=1), seed=1)[:12])
]


@pytest.fixture(scope="module")
def font():
    return SoundFont()


def solo(name: str, *notes: Note, pan: float = 0.0, drums: bool = False) -> Piece:
    program = 0 if drums else BASS.program if name == "bass" else INSTRUMENTS[name].program
    part = Part(name=name, program=program, pan=pan, level=0.0, drums=drums)
    return Piece(seconds=2.0, tempo=120.0, parts=(part,), notes=notes)


def heard_chroma(audio: np.ndarray) -> np.ndarray:
    """librosa's chroma (12, frames) of the power spectrum; it knows nothing of the notes."""
    spectra = {"n_fft": 4096, "hop_length": RATE // FRAMES, "tuning": 0.0, "norm": None}
    return librosa.feature.chroma_stft(y=audio.mean(axis=0), sr=RATE, **spectra)


@pytest.mark.parametrize("name", [*INSTRUMENTS, "bass"])
def test_every_instrument_is_heard_in_tune_while_its_note_is_held(font, name):
    low, high = (BASS.low, BASS.high) if name == "bass" else (INSTRUMENTS[name].low, INSTRUMENTS[name].high)
    for pitch in (low, (low + high) // 2, high):
        audio = font.render(solo(name, Note(0.2, 1.4, 0, pitch, 100)), RATE)
        assert audio.shape == (2, 2 * RATE) and audio.dtype == np.float32
        assert audio_problem(audio, RATE, "sound") is None
        assert np.abs(audio[:, : int(0.19 * RATE)]).max() < 1e-3 * np.abs(audio).max()
        held = heard_chroma(audio)[:, 3:9].sum(axis=1)
        # The third harmonic, a fifth above, is stronger than the fundamental in some.
        assert (held.argmax() - pitch) % 12 in (0, 7) and held[pitch % 12] > 0.25 * held.max()


@pytest.mark.parametrize("piece", PIECES, ids=lambda piece: " ".join(part.name for part in piece.parts))
def test_librosas_chroma_of_the_render_agrees_with_the_exact_chroma_of_its_notes(font, piece):
    frames = round(piece.seconds * FRAMES)
    heard, exact = heard_chroma(font.render(piece, RATE))[:, :frames], chroma(piece, FRAMES, frames)
    own = np.corrcoef(np.sqrt(heard.mean(axis=1)), exact.mean(axis=1))[0, 1]
    shifted = [
        np.corrcoef(np.sqrt(np.roll(heard, shift, axis=0).mean(axis=1)), exact.mean(axis=1))[0, 1]
        for shift in range(1, 12)
    ]
    assert own > 0.7 and own > max(shifted)


@pytest.mark.parametrize("name", ["flute", "piano", "strings", "xylophone", "brass"])
def test_the_louder_ear_is_the_one_on_the_side_that_a_part_is_panned_to(font, name):
    note = Note(0.0, 1.5, 0, INSTRUMENTS[name].low + 12, 100)
    for pan, side in ((-0.85, 1), (-0.25, 1), (0.0, 0), (0.25, -1), (0.85, -1)):
        left, right = (font.render(solo(name, note, pan=pan), RATE).astype(np.float64) ** 2).mean(axis=1)
        difference = 10 * np.log10(left / right)
        assert difference == pytest.approx(-20 * np.log10(np.tan((pan + 1) * np.pi / 4)), abs=0.1)
        assert abs(difference) < 0.1 if side == 0 else side * difference > 3


def test_parts_have_their_levels_whatever_the_instrument(font):
    quiet = solo("music box", Note(0.0, 1.9, 0, 80, 40))
    loud = Part(name="brass", program=INSTRUMENTS["brass"].program, pan=0.0, level=-20.0)
    both = quiet.model_copy(update={"parts": (*quiet.parts, loud), "notes": (*quiet.notes, Note(0.0, 1.9, 1, 60, 127))})
    alone, mixed = font.render(quiet, RATE), font.render(both, RATE)
    assert ((mixed - alone) ** 2).mean() == pytest.approx(0.01 * (alone**2).mean(), rel=0.1)


def test_drums_have_no_pitch_to_speak_of_and_differ(font):
    spectra = [np.abs(np.fft.rfft(font.render(solo("drums", Note(0, 0.3, 0, key, 110), drums=True), RATE)[0]))
               for key in (36, 38, 42)]  # fmt: skip
    centres = [float((np.arange(len(each)) * each).sum() / each.sum() / 2) for each in spectra]
    assert centres[0] < centres[1] < centres[2]


def test_what_is_rendered_does_not_depend_on_what_was_rendered_before(font):
    fresh = SoundFont().render(PIECES[5], RATE)
    font.render(PIECES[6], RATE)
    np.testing.assert_array_equal(font.render(PIECES[5], RATE), fresh)
    assert not np.array_equal(font.render(PIECES[6], RATE), fresh)


@pytest.mark.parametrize("rate", [8000, 24000, 44100, 48000])
def test_any_rate_has_the_length_and_the_level_of_the_others(font, rate):
    piece = solo("flute", Note(0.0, 1.9, 0, 72, 100))
    audio = font.render(piece, rate)
    assert audio.shape == (2, 2 * rate) and np.abs(audio[:, -2:]).max() < 0.02
    assert audio.std() == pytest.approx(font.render(piece, RENDER_RATE).std(), rel=0.05)


def test_notes_begin_at_the_sample(font):
    audio = font.render_part(solo("xylophone").parts[0], [Note(0.5, 1.0, 0, 80, 120)], 2.0)
    onset = np.abs(audio).max(axis=0).nonzero()[0][0]
    assert 0 <= onset - RENDER_RATE // 2 < 0.01 * RENDER_RATE


def test_a_missing_package_is_named_with_the_remedy(monkeypatch):
    monkeypatch.setattr(sound_font, "find_spec", lambda name: None)
    with pytest.raises(SoundFontError, match=r"TimGM6mb\.sf2 of pretty_midi: `make env`"):
        font_path()
    monkeypatch.setitem(sys.modules, "tinysoundfont", None)
    with pytest.raises(SoundFontError, match="music needs tinysoundfont: `make env`"):
        SoundFont()
