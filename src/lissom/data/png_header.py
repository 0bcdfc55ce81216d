"""A plain PNG read without opening it: its size in a tenth of the time that Pillow takes, its pixels in less than half.

No torch here.
"""

import struct
import zlib

from PIL import Image

START = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
HEAD = struct.Struct(">IIBBBBBI")  # width, height, bits, colour, compression, filter, interlace; checksum
NEXT = b"IDAT"
COLOURS = (0, 2, 4, 6)  # grey or colours, without or with alpha
MODES = {0: "L", 2: "RGB"}  # as Pillow calls the colours
COLOUR, INTERLACE = 25, 28  # where they stand
LAST = b"\0\0\0\0IEND\xaeB`\x82"
END = len(START) + HEAD.size


def plain_size(data: bytes) -> tuple[int, int] | None:
    """Width and height of a PNG of 8 bits without a palette, whose pixels follow its sound header; None for any other
    file, as for one with chunks between them, which Pillow reads."""
    if not data.startswith(START) or data[END + 4 : END + 8] != NEXT:
        return None
    width, height, bits, colour, _, filtered, _, checksum = HEAD.unpack_from(data, len(START))
    plain = bits == 8 and colour in COLOURS and not filtered and width > 0 and height > 0
    return (width, height) if plain and zlib.crc32(data[12 : END - 4]) == checksum else None


def plain_image(data: bytes, size: tuple[int, int]) -> Image.Image | None:
    """A PNG of that `plain_size`, which was found allowed, in grey or colours without alpha, its pixels in one piece
    that the end follows; None for any other, and for one of which zlib makes nothing, of which Pillow says why."""
    mode = MODES.get(data[COLOUR])
    start = END + 8
    end = start + int.from_bytes(data[END : END + 4], "big")
    if mode is None or data[INTERLACE] or data[end + 4 : end + 4 + len(LAST)] != LAST:
        return None
    try:
        return Image.frombytes(mode, size, data[start:end], "zip", mode)
    except ValueError:
        return None
