"""Uploaded pictures made harmless: decoded, and written anew without anything but the pixels."""

import base64
import hashlib
import io
import re
from dataclasses import dataclass
from typing import IO, Any

from PIL import Image, ImageOps

READABLE = ("JPEG", "PNG", "WEBP", "GIF")
LARGEST_SIDE = 1024
_SMALLEST_SIDE = 64
_SCALED_AT_ONCE = ("RGB", "RGBA", "L", "LA", "CMYK")  # colours of a palette cannot be mixed
MAX_PIXELS = {"PNG": 16_000_000, "GIF": 16_000_000, "WEBP": 12_500_000, "JPEG": 50_000_000}
"""However small the file is, to decode it takes up to 200 MB for so many, with all copies.

A WebP is decoded into several images, a large JPEG into one of half its size or less.
"""
MAX_SCANNED_PIXELS = 24_000_000
"""Of a JPEG that has more scans than one: its decoder keeps all that it has read of each pixel."""
MOST_PASSES = 1000
MOST_PASSED = 1_000_000_000
"""Pixels: a JPEG is gone through once more for each of its scans, which take some bytes.

A progressive one has ten of them, and a film behind it holds what looks like some more.
"""
LONGEST_SIDE = 65_535
"""Pixels, as a JPEG has them: each line takes a time, of one pixel, too."""
MOST_PARTS = 100
"""Of metadata."""
MOST_EXIF = 200_000
"""Bytes, of which a camera writes some ten thousand: each number takes some twenty microseconds
when a picture is turned upright."""
MOST_READS = 50_000
"""Times that a decoder asks for more of a file. It does so two or three times for each part, of no
content, too, and some hundred times for a whole picture."""
_EXIF_OF_JPEG = re.compile(rb"\xff\xe1(..)Exif\0\0", re.DOTALL)
_EXIF_NAMES = ("exif", "Raw profile type exif")
_SCAN, _EXIF, _PROFILE = b"\xff\xda", b"Exif\0\0", b"iCCP"

_TOO_MUCH = "The picture has too much metadata. Save it anew without it."


class PictureRefused(Exception):
    """The upload is no picture that we take; the message says why and what to do."""


class _Read(io.BytesIO):
    """A file whose decoder is stopped when it goes through ever more parts, of whatever kind."""

    reads = 0

    def read(self, size: int | None = -1, /) -> bytes:
        """Raises PictureRefused."""
        self.reads += 1
        if self.reads > MOST_READS:
            raise PictureRefused(_TOO_MUCH)
        return super().read(size)


@dataclass(frozen=True)
class Picture:
    """A picture that we wrote ourselves."""

    data: bytes
    suffix: str

    @property
    def digest(self) -> str:
        """Names this very picture."""
        return hashlib.blake2b(self.data, digest_size=16).hexdigest()


def rewritten(file: IO[bytes], max_bytes: int) -> Picture:
    """The uploaded picture upright, at most 1024 pixels a side, without metadata.

    JPEG, or PNG where it is transparent. Raises PictureRefused.
    """
    file.seek(0)
    data = file.read(max_bytes + 1)
    file.seek(0)  # a form that is shown again reads it again
    if len(data) > max_bytes:
        raise PictureRefused(
            f"The picture is larger than {_size(max_bytes)}. Choose a smaller one."
        )
    try:
        return _write(_bare(_open(data)))
    except PictureRefused:
        raise
    except Exception as error:
        raise PictureRefused("Choose a JPEG, PNG, WebP or GIF picture.") from error


def _open(data: bytes) -> Image.Image:
    """The picture, not decoded yet: what its header says of it can be done.

    Raises PictureRefused, and what a decoder raises.
    """
    # The parts of Exif are joined one by one; each profile is unpacked, to a megabyte.
    if data.count(_EXIF) > MOST_PARTS or data.count(_PROFILE) > MOST_PARTS:
        raise PictureRefused(_TOO_MUCH)
    # A JPEG's resolution is looked for there as soon as it is opened.
    _check_exif(sum(int.from_bytes(one, "big") for one in _EXIF_OF_JPEG.findall(data)))
    if data[8:12] == b"WEBP":  # whose decoder takes its memory as soon as it is opened
        _check_pixels(MAX_PIXELS["WEBP"], *_size_of_webp(data))
    image = Image.open(_Read(data), formats=READABLE)
    kind = "JPEG" if image.format == "MPO" else str(image.format)
    _check_pixels(MAX_PIXELS[kind], *image.size)
    if kind == "JPEG":
        _check_scans(data, image)
    return image


def _check_pixels(most: int, width: int, height: int) -> None:
    if max(width, height) > LONGEST_SIDE:
        raise PictureRefused(f"A side of the picture has more than {LONGEST_SIDE:,} pixels.")
    if width * height > most:
        raise PictureRefused(
            f"The picture has more than {most / 10**6:g} million pixels. Save it smaller."
        )


def _check_exif(length: int) -> None:
    if length > MOST_EXIF:
        raise PictureRefused(_TOO_MUCH)


def _check_scans(data: bytes, image: Image.Image) -> None:
    if "progressive" in image.info or not _has_all_in_one_scan(data, len(image.getbands())):
        _check_pixels(MAX_SCANNED_PIXELS, *image.size)
    passes = data.count(_SCAN)
    if passes > MOST_PASSES or passes * image.width * image.height > MOST_PASSED:
        raise PictureRefused("The picture takes too long to decode. Save it anew, or as PNG.")


def _has_all_in_one_scan(data: bytes, colours: int) -> bool:
    """Whether it is sure that the first scan of the JPEG has every colour."""
    at = 2
    while data[at] == 0xFF and (0xC0 <= data[at + 1] <= 0xCF or 0xDB <= data[at + 1] <= 0xFE):
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return data[at : at + 2] == _SCAN and data[at + 4] == colours


def _size_of_webp(data: bytes) -> tuple[int, int]:
    """Width and height (RFC 9649). Raises ValueError where the first chunk tells neither."""
    kind, head = data[12:16], data[20:30]
    if kind == b"VP8X":
        return int.from_bytes(head[4:7], "little") + 1, int.from_bytes(head[7:10], "little") + 1
    if kind == b"VP8L":
        bits = int.from_bytes(head[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 ":
        bits = int.from_bytes(head[6:10], "little")
        return bits & 0x3FFF, bits >> 16 & 0x3FFF
    raise ValueError("No WebP begins like that.")


def _bare(image: Image.Image) -> Image.Image:
    """The pixels of the first frame, in a new image that knows nothing else."""
    side = max(max(image.size) // (2 * LARGEST_SIDE), 1)
    image.draft(None, (image.width // side, image.height // side))  # of a JPEG, no more than that
    if image.mode in _SCALED_AT_ONCE:  # before there are copies, of 64 MB each
        image.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
    image.load()  # a PNG may tell the rest of itself behind its pixels
    _check_exif(max(len(image.info.get(name, "")) for name in _EXIF_NAMES))
    upright = ImageOps.exif_transpose(image)
    mode = "RGBA" if upright.has_transparency_data else "RGB"
    pixels = upright.convert(mode)
    pixels.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
    bare = Image.new(mode, pixels.size)
    bare.paste(pixels)
    return bare


def _write(image: Image.Image) -> Picture:
    out = io.BytesIO()
    options: dict[str, Any] = {"optimize": True}
    if image.mode == "RGBA":
        image.save(out, "PNG", **options)
        return Picture(out.getvalue(), ".png")
    image.save(out, "JPEG", quality=88, **options)
    return Picture(out.getvalue(), ".jpg")


def _size(count: int) -> str:
    return f"{count / 1_048_576:.3g} MB" if count >= 1_048_576 else f"{count} bytes"


# --- As a text -------------------------------------------------------------------------------

ADDRESS_PATTERN = "^(data:image/(png|jpeg);base64,[A-Za-z0-9+/]+={0,2})?$"
"""What `as_address` makes, or nothing."""
_TYPES = {".png": "image/png", ".jpg": "image/jpeg"}


def as_address(picture: Picture) -> str:
    """The picture as an address that has all of it (RFC 2397), for a page or a config."""
    data = base64.b64encode(picture.data).decode()
    return f"data:{_TYPES[picture.suffix]};base64,{data}"


def is_address(text: str) -> bool:
    """Whether that is the address of a picture that can be shown, also by others than Pillow.

    It reads past the checksums of a PNG, and past its end where that is missing.
    """
    try:
        data = data_of(text)
        _open(data).verify()
        image = _open(data)
        # Nothing that we made is larger; to decode it could take much, however short the text.
        return max(image.size) <= LARGEST_SIDE and bool(_bare(image))
    except Exception:  # noqa: BLE001 - whatever a decoder stumbles over, it is no picture
        return False


def data_of(address: str) -> bytes:
    """The picture's data. Raises ValueError for an address that has none."""
    return base64.b64decode(address.partition(",")[2], validate=True)


def within(picture: Picture, longest: int) -> Picture:
    """The picture, made smaller until its address has `longest` characters at most.

    Raises PictureRefused if it cannot be.
    """
    side = LARGEST_SIDE
    while len(as_address(picture)) > longest:
        side //= 2
        if side < _SMALLEST_SIDE:
            raise PictureRefused("The picture has too much detail. Choose a simpler one.")
        image = _open(picture.data)
        image.thumbnail((side, side))
        picture = _write(image)
    return picture
