"""Many clearly different voices out of espeak-ng: accents crossed with vocal tracts, pitches and rates."""

import random

from shared.corpora.espeak import Voice

ACCENTS = (
    "gmw/en",
    "en-us",
    "en-gb-scotland",
    "en-gb-x-rp",
    "en-us-nyc",
    "en-gb-x-gbclan",
    "en-gb-x-gbcwmd",
    "en-029",
)
# Voice variants by sex. Left out: whispering, croaking, robotic and echoing ones, and near doubles.
MALE = (
    *("m1", "m2", "m3", "m4", "m6", "m7", "m8", "Andy", "Gene", "Mike", "Nguyen", "Reed", "david", "ed"),
    *("ian", "john", "pablo", "quincy", "rob", "sandro"),
)
FEMALE = (
    *("f1", "f2", "f3", "f4", "f5", "Andrea", "Annie", "aunty", "belinda", "grandma", "linda", "shelby"),
    *("steph", "Alicia"),
)
MOST_VOICES = 2 * len(FEMALE) * len(ACCENTS)

# Words a minute: five short words in 1.1 to 1.6 s.
RATES = (185, 220)
# Pitch settings of the first, second, ... voice with the same variant: bands that do not overlap.
PITCH_BANDS = ((42, 58), (66, 80), (20, 34))
PITCH_RANGES = (30, 70)


def draw_voices(count: int, seed: int) -> list[Voice]:
    """`count` different voices, male and female by turns; at most `MOST_VOICES`.

    A variant comes again, in another accent and pitch, only once every variant of its sex was used. The first
    voices are the same whatever `count` is.
    """
    if count > MOST_VOICES:
        raise ValueError(f"there are {MOST_VOICES} voices, not {count}")
    rng = random.Random(f"voices/{seed}")
    variants = [rng.sample(sex, len(sex)) for sex in (MALE, FEMALE)]
    accents = {variant: rng.sample(ACCENTS, len(ACCENTS)) for variant in (*MALE, *FEMALE)}
    voices = []
    for index in range(count):
        names = variants[index % 2]
        use, position = divmod(index // 2, len(names))
        variant = names[position]
        low, high = PITCH_BANDS[use % len(PITCH_BANDS)]
        voices.append(
            Voice(
                accents[variant][use],
                variant,
                rng.randint(*RATES),
                rng.randint(low, high),
                rng.randint(*PITCH_RANGES),
            )
        )
    return voices


def speaker_name(voice: Voice) -> str:
    """A name for a voice that is unique within a corpus and safe in file names, such as `en-us-m3`."""
    return f"{voice.accent.rpartition('/')[2]}-{voice.variant}"
