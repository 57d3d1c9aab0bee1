"""The chunk of a file that holds its audio: how long the file says it is, and how much of it is there."""

import io
from collections.abc import Iterator
from typing import BinaryIO, Literal, NamedTuple

# A writer that streams can't return to the header: it leaves no size there, or one near a power of two, less a header.
STREAMED_BITS = (31, 32, 63, 64)
STREAMED_MARGIN = 1 << 16

Order = Literal["little", "big"]


class Layout(NamedTuple):
    """How a container is cut into chunks of an id, a size and a body; the first is at byte `first`.

    `own`: the size counts the chunk's id and size, too. `audio`: the ids that the chunk of samples may have.
    """

    order: Order
    first: int
    id_bytes: int = 4
    size_bytes: int = 4
    align: int = 2
    own: bool = False
    audio: tuple[bytes, ...] = (b"data",)


# By a file's first four bytes. Sources: Microsoft's RIFF, EBU Tech 3306 (RF64), EA IFF 85 and Apple's AIFF-C, Apple's
# CAF 1.0, Sonic Foundry's Wave64, whose ids are GUIDs.
LAYOUTS = {
    b"RIFF": Layout("little", 12),
    b"RIFX": Layout("big", 12),
    b"RF64": Layout("little", 12),
    b"FORM": Layout("big", 12, audio=(b"SSND", b"BODY")),
    b"caff": Layout("big", 8, size_bytes=8, align=1),
    b"riff": Layout("little", 40, id_bytes=16, size_bytes=8, align=8, own=True),
}
# Sun's and NeXT's AU has no chunks: its header says where the samples begin, then how many bytes they have.
AU: dict[bytes, Order] = {b".snd": "big", b"dns.": "little"}


class Size(NamedTuple):
    """A field of a header: where it is, how many bytes it has, their order, and what it counts beside the audio."""

    at: int
    width: int
    order: Order
    beside: int = 0

    def packed(self, size: int) -> bytes:
        """The field for audio of `size` bytes, or for as many as it can say."""
        return min(size + self.beside, (1 << 8 * self.width) - 1).to_bytes(self.width, self.order)


class Audio(NamedTuple):
    """The audio of a file: its size, in bytes, as the file says it and as it is there; `field` is where it says so.

    The two are equal if the writer left no true size: such audio ends with the file. `stated` is what it left.
    """

    claimed: int
    held: int
    stated: int
    field: Size


def find_audio(file: BinaryIO) -> Audio | None:
    """The audio of a file that is made of chunks, or of an AU file; None for any other, or if it has none."""
    length = file.seek(0, io.SEEK_END)
    file.seek(0)
    head = file.read(12)
    if head[:4] in AU and len(head) == 12:
        order = AU[head[:4]]
        return _audio(Size(8, 4, order), int.from_bytes(head[8:], order), int.from_bytes(head[4:8], order), length)
    layout = LAYOUTS.get(head[:4])
    return _in_chunks(file, layout, length) if layout else None


def packet_samples(file: BinaryIO) -> int | None:
    """The samples a channel that the packet table of a CAF counts, which compressed audio has; None without one."""
    length = file.seek(0, io.SEEK_END)
    for name, _, size, body in _chunks(file, LAYOUTS[b"caff"], LAYOUTS[b"caff"].first, length):
        if name == b"pakt" and size >= 16 and body + 16 <= length:
            file.seek(body + 8)
            return int.from_bytes(file.read(8), "big")
    return None


def _in_chunks(file: BinaryIO, layout: Layout, length: int) -> Audio | None:
    long = None
    for name, field, size, body in _chunks(file, layout, layout.first, length):
        if name == b"ds64":  # RF64: sizes of 64 bits, first the file's
            long = Size(body + 8, 8, layout.order)
        elif name in layout.audio:
            if long:
                file.seek(long.at)
                field, size = long, int.from_bytes(file.read(8), layout.order)
            rest = _chunks(file, layout, body, length)
            return _audio(field, size, body, body if size == 0 and _is_whole(rest, length) else length)
    return None


def _chunks(file: BinaryIO, layout: Layout, at: int, length: int) -> Iterator[tuple[bytes, Size, int, int]]:
    """The first four bytes of the id, the field of the size, the size and the place of each body, from byte `at` on."""
    header = layout.id_bytes + layout.size_bytes
    own = header if layout.own else 0
    while at + header <= length:
        file.seek(at)
        head = file.read(header)
        size = int.from_bytes(head[layout.id_bytes :], layout.order) - own
        yield head[:4], Size(at + layout.id_bytes, layout.size_bytes, layout.order, own), size, at + header
        at += header + max(size, 0) + -size % layout.align


def _is_whole(chunks: Iterator[tuple[bytes, Size, int, int]], length: int) -> bool:
    """Whether what follows an empty chunk of audio is chunks to the end of the file, so that there is no audio."""
    end = None
    for name, _, size, body in chunks:
        if not name.isascii() or not name.decode().isprintable():
            return False
        end = body + size
    return end is not None and end <= length <= end + 1


def _audio(field: Size, stated: int, body: int, length: int) -> Audio:
    there = max(length - body, 0)
    near = any(abs(stated + field.beside - (1 << bits)) <= STREAMED_MARGIN for bits in STREAMED_BITS)
    claimed = there if stated <= 0 or (near and stated > there) else stated
    return Audio(claimed, min(claimed, there), stated, field)
