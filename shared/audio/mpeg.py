"""The frames of an MP3: how long it is without decoding it, and whether its last frame is whole."""

from typing import NamedTuple

# kbit/s by the header's index from 1 to 14, of (MPEG-1, layer). ISO/IEC 11172-3 and 13818-3, section 2.4.2.3.
_LOW_1 = (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256)
_LOW_23 = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
BITRATES = {
    (True, 1): tuple(range(32, 449, 32)),
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): _LOW_1,
    (False, 2): _LOW_23,
    (False, 3): _LOW_23,
}
# Hz of MPEG-1; half of it in MPEG-2, a quarter in 2.5.
RATES = (44100, 48000, 32000)
DIVISORS = {3: 1, 2: 2, 0: 4}


class Frame(NamedTuple):
    """What a frame's header says: bytes, samples a channel, and where in it a tag may stand."""

    size: int
    samples: int
    tag: int


class Frames(NamedTuple):
    """The frames of a file: how many are whole, whether the last one is, and whether the first says how many follow.

    `layer` is 3 of what is called MP3; files of layers I and II have no first frame of this kind.
    """

    total: int
    whole: bool
    tagged: bool
    layer: int


def parse(header: bytes) -> Frame | None:
    """A frame's header, four bytes; None if they are none, or leave the bitrate open."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return None
    version, layer = header[1] >> 3 & 3, 4 - (header[1] >> 1 & 3)
    bitrate, rate, padding = header[2] >> 4, header[2] >> 2 & 3, header[2] >> 1 & 1
    if version == 1 or layer == 4 or bitrate in (0, 15) or rate == 3:
        return None
    first, mono = version == 3, header[3] >> 6 == 3
    samples = 384 if layer == 1 else 576 if layer == 3 and not first else 1152
    slot = 4 if layer == 1 else 1
    bits = BITRATES[first, layer][bitrate - 1] * 1000
    size = samples // 8 // slot * bits // (RATES[rate] // DIVISORS[version]) + padding
    side = (17 if mono else 32) if first else (9 if mono else 17)
    return Frame(size * slot, samples, 4 + side)


def find_frames(content: bytes) -> Frames | None:
    """The frames of an MP3, its tags at the beginning taken off; None if it is none."""
    first = parse(content[:4])
    if first is None or not content[first.size :] or _like(content, first.size) is None:
        return None
    at, count = 0, 0
    while at + 4 <= len(content):
        frame = _like(content, at)
        at = _resume(content, at + 1) if frame is None else at + frame.size
        count += frame is not None and at <= len(content)
    whole = at <= len(content) and content[at : at + 1] != content[:1]
    return Frames(count, whole, _says_length(content, first), 4 - (content[1] >> 1 & 3))


def tagged(content: bytes, count: int) -> bytes:
    """An MP3 of `count` frames of layer III with one before them that says so."""
    says = b"Xing" + (1).to_bytes(4, "big") + count.to_bytes(4, "big")
    for bitrate in range(1, 15):
        header = bytes([content[0], content[1] | 1, bitrate << 4 | content[2] & 0x0C, content[3]])
        frame = parse(header)
        if frame and frame.size >= frame.tag + len(says):
            return (header.ljust(frame.tag, b"\0") + says).ljust(frame.size, b"\0") + content
    raise ValueError("no frame of this version and rate has room for a tag")


def _like(content: bytes, at: int) -> Frame | None:
    """The frame at byte `at` if it is of the version, layer and rate of the first one."""
    header = content[at : at + 4]
    alike = len(header) == 4 and header[:2] == content[:2] and (header[2] ^ content[2]) & 0x0C == 0
    return parse(header) if alike else None


def _resume(content: bytes, at: int) -> int:
    """Where, after bytes that are no frame, there is one that another follows; else the end, as after a tag."""
    while (at := content.find(content[:2], at)) >= 0:
        frame = _like(content, at)
        if frame and _like(content, at + frame.size):
            return at
        at += 1
    return len(content)


def _says_length(content: bytes, first: Frame) -> bool:
    if content[36:40] == b"VBRI":
        return True
    return content[first.tag : first.tag + 4] in (b"Xing", b"Info") and bool(content[first.tag + 7] & 1)
