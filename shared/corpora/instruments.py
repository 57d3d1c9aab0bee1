"""The instruments of the made-up music: their General MIDI programs, by the words that captions use."""

from typing import NamedTuple


class Instrument(NamedTuple):
    """An instrument.

    Attributes:
        program: of General MIDI, counted from 0.
        low, high: the range of its melodies, MIDI pitches (60 is middle c, 261.6 Hz).
        held: its tones last as long as a key is held; else they die away.
    """

    program: int
    low: int
    high: int
    held: bool


# Timbres that differ in attack, spectrum and decay; each name begins with a consonant sound.
LEADS = {
    "flute": Instrument(73, 67, 91, held=True),
    "clarinet": Instrument(71, 55, 79, held=True),
    "saxophone": Instrument(66, 50, 72, held=True),
    "trumpet": Instrument(56, 58, 79, held=True),
    "violin": Instrument(40, 62, 86, held=True),
    "harmonica": Instrument(22, 74, 86, held=True),  # the font's lower ones are a third of a semitone flat
    "synth": Instrument(81, 57, 81, held=True),
    "xylophone": Instrument(13, 65, 89, held=False),
    "music box": Instrument(10, 72, 91, held=False),
    "banjo": Instrument(105, 55, 76, held=False),
}
BACKINGS = {
    "piano": Instrument(0, 60, 84, held=False),
    "guitar": Instrument(24, 52, 74, held=False),
    "harp": Instrument(46, 55, 81, held=False),
    "harpsichord": Instrument(6, 57, 81, held=False),
    "organ": Instrument(19, 57, 81, held=True),
    "strings": Instrument(48, 57, 81, held=True),
    "choir": Instrument(52, 57, 77, held=True),
    "brass": Instrument(61, 55, 74, held=True),
}
INSTRUMENTS = LEADS | BACKINGS
BASS = Instrument(33, 28, 43, held=False)

# Keys of the General MIDI drum kit.
KICK, SNARE, CLOSED_HAT = 36, 38, 42
