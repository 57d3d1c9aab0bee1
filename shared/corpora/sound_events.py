"""The classes of made-up sound events: how each sounds, and how it is put into words.

A class has two kinds, each named by a word that is heard: a slow or a fast siren, a low or a high bell. Every event
lasts as long as it is asked to, so that two that are mixed do sound together. Frequencies lie below 4 kHz.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from shared.corpora.synthesiser import Synthesiser

Make = Callable[[Synthesiser, bool], np.ndarray]


class SoundClass(NamedTuple):
    """A class of events.

    Attributes:
        make: (time,) at any level, of a synthesiser and of whether it is the second of the two kinds.
        kinds: the two words.
        phrases: what an event is called, with `{}` for the words that describe it.
    """

    make: Make
    kinds: tuple[str, str]
    phrases: tuple[str, ...]


CLASSES: dict[str, SoundClass] = {}


def sound_class(first: str, second: str, *phrases: str) -> Callable[[Make], Make]:
    """Enter the function under its own name, with its words."""

    def enter(make: Make) -> Make:
        CLASSES[make.__name__] = SoundClass(make, (first, second), phrases)
        return make

    return enter


@sound_class("slow", "fast", "a {} siren", "a {} siren wailing", "the wail of a {} siren")
def siren(synth: Synthesiser, fast: bool) -> np.ndarray:
    """A tone and its partials whose pitch swings up and down."""
    swing = synth.swing(synth.vary(4.5 if fast else 1.1))
    return synth.tone(synth.vary(850) * 1.45**swing, (1, 0.5, 0.3, 0.1))


@sound_class("low", "high", "a {} alarm", "a {} alarm beeping", "the beeps of a {} alarm")
def alarm(synth: Synthesiser, high: bool) -> np.ndarray:
    """A beep of about 140 ms, gated on and off 3.6 times a second."""
    pitch = synth.vary(2400 if high else 750)
    gate = synth.time * synth.vary(3.6) % 1 < 0.5
    return synth.tone(pitch, (1, 0, 0.3)) * gate


@sound_class("low", "high", "a {} bell", "a {} bell tolling", "the ringing of a {} bell")
def bell(synth: Synthesiser, high: bool) -> np.ndarray:
    """Strikes of six inharmonic partials, the higher the sooner gone."""
    pitch = synth.vary(900 if high else 280)
    partials = ((0.5, 0.6, 0.9), (1, 1, 0.6), (1.2, 0.7, 0.45), (1.5, 0.4, 0.4), (2, 0.6, 0.25), (2.7, 0.3, 0.15))

    def strike(hit: Synthesiser) -> np.ndarray:
        rung = (level * hit.tone(pitch * ratio) * hit.decay(length) for ratio, level, length in partials)
        return sum(rung, hit.silence())

    return synth.repeat(1.3, 2.5, strike, jitter=0.05)


@sound_class("slow", "fast", "a {} bird", "a {} bird chirping", "{} bird chirps")
def bird(synth: Synthesiser, fast: bool) -> np.ndarray:
    """Chirps that glide up to one pitch."""
    top = synth.vary(3300)

    def chirp(hit: Synthesiser) -> np.ndarray:
        return hit.tone(hit.glide(0.65 * top, top)) * np.sin(np.pi * hit.time / hit.seconds)

    return synth.repeat(9 if fast else 2.5, 0.06 if fast else 0.2, chirp)


@sound_class("small", "large", "a {} dog", "a {} dog barking", "the barks of a {} dog")
def dog(synth: Synthesiser, large: bool) -> np.ndarray:
    """Barks: a falling voice with breath."""
    pitch = synth.vary(170 if large else 520)

    def bark(hit: Synthesiser) -> np.ndarray:
        voice = hit.tone(hit.glide(1.4 * pitch, 0.7 * pitch), (0.5, 1, 0.9, 0.6, 0.4, 0.2))
        breath = 0.5 * hit.noise(2 * pitch, 6 * pitch)
        return (voice + breath) * np.sin(np.pi * hit.time / hit.seconds) ** 0.7

    return synth.repeat(2.6, 0.2 if large else 0.13, bark, jitter=0.3)


@sound_class("slow", "fast", "{} footsteps", "someone walking with {} steps", "the {} steps of a walker")
def footsteps(synth: Synthesiser, fast: bool) -> np.ndarray:
    """A low thud for the sole and a short click for the heel."""

    def step(hit: Synthesiser) -> np.ndarray:
        sole = hit.noise(60, 220) * hit.decay(0.04)
        heel = hit.noise(500, 1500) * hit.decay(0.012)
        return hit.vary(1, 0.2) * (sole + 0.35 * heel)

    return synth.repeat(4.2 if fast else 1.7, 0.25, step, jitter=0.06)


@sound_class("wooden", "metallic", "{} knocking", "knocks on a {} door", "the sound of {} knocks")
def knocking(synth: Synthesiser, metallic: bool) -> np.ndarray:
    """Knocks that ring with the partials of a door: low and short of wood, high and long of metal."""
    partials = (1300, 2150, 2900, 3600) if metallic else (190, 330, 470)
    ring = 0.09 if metallic else 0.025
    detuned = [synth.vary(partial) for partial in partials]

    def knock(hit: Synthesiser) -> np.ndarray:
        return sum(hit.tone(pitch) for pitch in detuned) * hit.decay(ring) + hit.noise(300, 2500) * hit.decay(0.006)

    return synth.repeat(4.5, 0.4, knock, jitter=0.15)


@sound_class("slow", "fast", "a {} clock", "a {} clock ticking", "the ticking of a {} clock")
def clock(synth: Synthesiser, fast: bool) -> np.ndarray:
    """Ticks of two pitches in turn."""
    pitches = synth.vary(2300), synth.vary(3000)
    ticks = 0

    def tick(hit: Synthesiser) -> np.ndarray:
        nonlocal ticks
        ticks += 1
        return hit.tone(pitches[ticks % 2]) * hit.decay(0.008) + hit.noise(2500, 3900) * hit.decay(0.003)

    return synth.repeat(7 if fast else 2, 0.06, tick, jitter=0)


@sound_class("light", "heavy", "{} rain", "{} rain falling", "a shower of {} rain")
def rain(synth: Synthesiser, heavy: bool) -> np.ndarray:
    """Steady noise, or single drops over a hiss."""
    if heavy:
        return synth.noise(300, 3800)

    def drop(hit: Synthesiser) -> np.ndarray:
        return hit.vary(1, 0.7) * hit.noise(1500, 3900) * hit.decay(0.006)

    return 0.04 * synth.noise(1500, 3900) + synth.repeat(45, 0.04, drop, jitter=2)


@sound_class("soft", "howling", "{} wind", "the {} wind", "a gust of {} wind")
def wind(synth: Synthesiser, howling: bool) -> np.ndarray:
    """Low noise in gusts, or a narrow band of it that howls."""
    gusts = 0.6 + 0.4 * synth.swing(synth.vary(0.7, 0.3))
    if not howling:
        return synth.noise(80, 350) * gusts
    # A narrow band that moves: noise below 40 Hz carried up to the pitch of the howl.
    pitch = synth.vary(620) * 1.35 ** synth.swing(synth.vary(0.8, 0.3))
    return (synth.tone(pitch) * synth.noise(2, 40) + 0.1 * synth.noise(300, 1200)) * gusts


@sound_class("rolling", "cracking", "{} thunder", "the sound of {} thunder", "a storm with {} thunder")
def thunder(synth: Synthesiser, cracking: bool) -> np.ndarray:
    """A low rumble that swells, or one that starts with a crack."""
    rumble = synth.noise(25, 130) * (0.6 + 0.4 * synth.swing(synth.vary(2.5)))
    if not cracking:
        return rumble * np.sin(np.pi * synth.time / synth.seconds) ** 0.5
    return rumble * synth.decay(0.5) + 2.5 * synth.noise(200, 3500) * synth.decay(0.09)


@sound_class("slow", "racing", "a {} engine", "a {} engine running", "the rumble of a {} engine")
def engine(synth: Synthesiser, racing: bool) -> np.ndarray:
    """Sixteen harmonics of the rate of ignition, over noise."""
    pitch = synth.vary(140 if racing else 38) * (1 + 0.03 * synth.swing(3))
    harmonics = tuple(1 / number**0.7 for number in range(1, 17))
    return synth.tone(pitch, harmonics) * (1 + 0.3 * synth.swing(9)) + 0.3 * synth.noise(100, 1000)


@sound_class("slow", "fast", "a {} helicopter", "a {} helicopter flying", "the {} blades of a helicopter")
def helicopter(synth: Synthesiser, fast: bool) -> np.ndarray:
    """Swishes of noise, one for each passing blade."""

    def blade(hit: Synthesiser) -> np.ndarray:
        return (hit.noise(60, 500) + 0.3 * hit.noise(500, 2000)) * np.sin(np.pi * hit.time / hit.seconds) ** 2

    turns = 17 if fast else 7
    return synth.repeat(synth.vary(turns), 0.7 / turns, blade, jitter=0) + 0.05 * synth.noise(800, 3000)


@sound_class("rising", "falling", "a {} whistle", "someone making a {} whistle", "the tone of a {} whistle")
def whistle(synth: Synthesiser, falling: bool) -> np.ndarray:
    """A tone that glides, with vibrato and breath."""
    ends = synth.vary(900), synth.vary(2300)
    pitch = synth.glide(*(ends[::-1] if falling else ends)) * (1 + 0.01 * synth.swing(6))
    return synth.tone(pitch) + 0.03 * synth.noise(800, 3000)


@sound_class("deep", "shrill", "a {} laser", "a {} laser zapping", "the zaps of a {} laser")
def laser(synth: Synthesiser, shrill: bool) -> np.ndarray:
    """Zaps that glide down."""
    start, end = (3900, 1400) if shrill else (1300, 90)
    pitch = synth.vary(1)

    def zap(hit: Synthesiser) -> np.ndarray:
        return hit.tone(pitch * hit.glide(start, end), (1, 0.4, 0.3)) * hit.decay(0.12)

    return synth.repeat(3.2, 0.28, zap)


@sound_class("slow", "fast", "{} water drops", "water falling in {} drops", "{} drops of water")
def water_drops(synth: Synthesiser, fast: bool) -> np.ndarray:
    """Drops whose short tones glide up."""

    def drop(hit: Synthesiser) -> np.ndarray:
        pitch = hit.vary(1000, 0.25)
        return hit.tone(hit.glide(0.8 * pitch, 1.9 * pitch)) * hit.decay(0.025)

    return synth.repeat(10 if fast else 2.6, 0.12, drop, jitter=0.5)


@sound_class("slow", "fast", "a {} cricket", "a {} cricket singing", "the {} song of a cricket")
def cricket(synth: Synthesiser, fast: bool) -> np.ndarray:
    """A high tone that trembles 45 times a second, in short songs."""
    pitch = synth.vary(3400, 0.03)

    def song(hit: Synthesiser) -> np.ndarray:
        return hit.tone(pitch) * np.sin(np.pi * hit.time * 45) ** 2

    return synth.repeat(6 if fast else 2, 0.09 if fast else 0.27, song, jitter=0.03)


@sound_class("slow", "fast", "a {} heartbeat", "a {} heart beating", "the beat of a {} heart")
def heartbeat(synth: Synthesiser, fast: bool) -> np.ndarray:
    """Two soft low thuds, the second weaker."""
    pitch, gap = synth.vary(60), 0.14 if fast else 0.3

    def beat(hit: Synthesiser) -> np.ndarray:
        both = hit.silence()
        for start, level in ((0, 1.0), (gap, 0.7)):
            begin = round(start * hit.rate)
            both[begin:] += level * (hit.tone(pitch, (1, 0.4)) * hit.decay(0.05))[: len(both) - begin]
        return both

    return synth.repeat(2.6 if fast else 1.2, gap + 0.2, beat, jitter=0.02)


@sound_class("bass", "snare", "a {} drum", "a {} drum beating", "beats on a {} drum")
def drum(synth: Synthesiser, snare: bool) -> np.ndarray:
    """Beats: a low tone that falls, or noise over a short tone."""

    def beat(hit: Synthesiser) -> np.ndarray:
        if snare:
            return hit.noise(800, 3900) * hit.decay(0.06) + 0.5 * hit.tone(190) * hit.decay(0.04)
        return hit.tone(hit.glide(150, 50)) * hit.decay(0.12)

    return synth.repeat(synth.vary(3.1), 0.3, beat, jitter=0)


@sound_class("small", "large", "a {} fly", "a {} fly buzzing", "the buzz of a {} fly")
def fly(synth: Synthesiser, large: bool) -> np.ndarray:
    """A hum of ten harmonics that wavers in pitch and level."""
    pitch = synth.vary(125 if large else 310) * (1 + 0.08 * synth.swing(1.7) + 0.04 * synth.swing(5))
    harmonics = tuple(0.85**number for number in range(10))
    return synth.tone(pitch, harmonics) * (0.6 + 0.4 * synth.swing(synth.vary(1.3)))


@sound_class("slow", "quick", "a {} door creak", "a door with a {} creak", "the {} creak of a door")
def creak(synth: Synthesiser, quick: bool) -> np.ndarray:
    """Pulses that come ever faster, each ringing the door."""
    # Wood sticks and slips, ever faster; each slip rings the door.
    slips = synth.glide(70, 240) if quick else synth.glide(22, 55)
    pulses = np.diff(np.floor(np.cumsum(slips) / synth.rate), prepend=0.0)
    ring = Synthesiser(synth.rng, synth.rate, 0.05)
    body = sum(ring.tone(synth.vary(pitch)) for pitch in (620, 1150, 1900)) * ring.decay(0.008)
    return np.convolve(pulses, body)[: len(pulses)]


@sound_class("sparse", "rapid", "{} gunfire", "the sound of {} gunfire", "a gun firing {} shots")
def gunfire(synth: Synthesiser, rapid: bool) -> np.ndarray:
    """Shots: a short burst of noise and a longer low one."""

    def shot(hit: Synthesiser) -> np.ndarray:
        return hit.noise(150, 3900) * hit.decay(0.02) + 1.5 * hit.noise(60, 400) * hit.decay(0.06)

    return synth.repeat(10 if rapid else 1.8, 0.35, shot, jitter=0.05 if rapid else 0.4)


@sound_class("vintage", "modern", "a {} phone", "a {} phone ringing", "the ringing of a {} phone")
def phone(synth: Synthesiser, modern: bool) -> np.ndarray:
    """A melody of three notes, or two bells under a hammer."""
    pitch = synth.vary(1, 0.05)
    if modern:
        notes = np.array([1047, 1319, 1568, 1319])[(synth.time * 8).astype(int) % 4]
        return synth.tone(pitch * notes, (1, 0.2))
    hammer = np.abs(np.sin(np.pi * 22 * synth.time)) ** 0.5
    return (synth.tone(pitch * 1480) + synth.tone(pitch * 1870) + 0.5 * synth.tone(pitch * 3350)) * hammer


@sound_class("low", "high", "a {} horn", "a {} horn blowing", "the blast of a {} horn")
def horn(synth: Synthesiser, high: bool) -> np.ndarray:
    """A major chord of rich tones."""
    root = synth.vary(440 if high else 150)
    chord = (root, 1.26 * root, 1.5 * root)
    return sum((synth.tone(pitch, tuple(0.8**number for number in range(8))) for pitch in chord), synth.silence())
