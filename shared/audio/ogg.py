"""Whether an Ogg file is whole: each of its streams ends with a page that says so (RFC 3533, section 6)."""

from typing import BinaryIO

MAGIC = b"OggS"
# Of a page's header, before the sizes of its segments.
HEADER = 27
FIRST, LAST = 2, 4


def ends(file: BinaryIO) -> bool:
    """Whether every stream that begins in the file also ends in it; what follows the last page doesn't matter."""
    opened, at = set[bytes](), 0
    length = file.seek(0, 2)
    while True:
        file.seek(at)
        header = file.read(HEADER + 255)
        if len(header) < HEADER or header[:4] != MAGIC:
            return not opened
        segments = header[HEADER : HEADER + header[26]]
        at += HEADER + header[26] + sum(segments)
        flags, stream = header[5], header[14:18]
        if flags & FIRST:
            opened.add(stream)
        if at > length:
            return False
        if flags & LAST:
            opened.discard(stream)
