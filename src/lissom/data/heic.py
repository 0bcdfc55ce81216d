"""HEIC photos, as phones write them: read where the extra `heic` is installed."""

from functools import cache
from importlib.util import find_spec

SUFFIXES = (".heic", ".heif", ".hif")
BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")


def is_installed() -> bool:
    """Whether the decoder is there."""
    return find_spec("pi_heif") is not None


def is_heic(data: bytes) -> bool:
    """Whether the bytes begin as those of a HEIC file."""
    return data[4:8] == b"ftyp" and data[8:12] in BRANDS


@cache
def register() -> bool:
    """Teaches Pillow to open HEIC in this process; False where the extra is not installed."""
    if not is_installed():
        return False
    from pi_heif import register_heif_opener  # pyright: ignore[reportMissingImports]

    register_heif_opener()
    return True
