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
def test_every_instrument_is_in_tune_throughout_its_range(font, name):
    instrument = BASS if name == "bass" else INSTRUMENTS[name]
    part = solo(name).parts[0]
    for pitch in range(instrument.low, instrument.high + 1, 2):
        held = font.render_part(part, [Note(0.0, 0.5, 0, pitch, 100)], 0.5).sum(axis=0)[-16384:]
        spectrum = np.abs(np.fft.rfft(held * np.hanning(len(held)), 65536))
        partial = spectrum.argmax() * RENDER_RATE / 65536 / (440 * 2 ** ((pitch - 69) / 12))
        # Nearer to one of its own partials than to those of the next semitone: a choir wavers by 40 cents.
        assert round(partial) >= 1 and abs(1200 * np.log2(partial / round(partial))) < 50, f"{name} at {pitch}"


@pytest.mark.parametrize("name", ["flute", "piano", "strings", "music box"])
def test_a_note_is_heard_while_it_is_held_and_not_before(font, name):
    audio = font.render(solo(name, Note(0.5, 1.5, 0, 76, 100)), RATE)
    assert audio.shape == (2, 2 * RATE) and audio.dtype == np.float32
    assert audio_problem(audio, RATE, "sound") is None
    assert np.abs(audio[:, : int(0.49 * RATE)]).max() < 1e-3 * np.abs(audio).max()
    assert heard_chroma(audio)[:, 6:14].sum(axis=1).argmax() == 76 % 12


def agreement(font: SoundFont, piece: Piece) -> np.ndarray:
    """Correlation over a clip of librosa's chroma with the exact one, the former transposed by 0 to 11 semitones.

    Drums are left out, and the exact chroma gets the first six partials of each tone, which a spectrum shows too.
    """
    frames = round(piece.seconds * FRAMES)
    notes = tuple(note for note in piece.notes if not piece.parts[note.part].drums)
    heard = np.sqrt(heard_chroma(font.render(piece.model_copy(update={"notes": notes}), RATE))).mean(axis=1)
    exact = chroma(piece, FRAMES, frames).mean(axis=1)
    shown = sum(np.roll(exact, round(12 * np.log2(partial))) / partial for partial in range(1, 7))
    return np.array([np.corrcoef(np.roll(heard, shift), shown)[0, 1] for shift in range(12)])


def test_librosas_chroma_of_the_render_agrees_with_the_exact_chroma_of_its_notes(font):
    found = {" ".join(part.name for part in piece.parts): agreement(font, piece) for piece in PIECES}
    # A clarinet alone has a third partial, a fifth above, that is stronger than its first.
    plain = np.stack([each for names, each in found.items() if not names.startswith("clarinet drums")])
    assert len(plain) == len(PIECES) - 1 and plain[:, 0].min() > 0.6, found
    assert (plain[:, 0] > plain[:, 1:].max(axis=1)).all(), found
    own, *transposed = np.mean(list(found.values()), axis=0)
    assert own > 0.7 and max(transposed) < 0.5


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
