"""Uploaded pictures made harmless: decoded, and written anew without anything but the pixels."""

import base64
import hashlib
import io
from dataclasses import dataclass
from typing import IO, Any

from PIL import Image, ImageOps

READABLE = ("JPEG", "PNG", "WEBP", "GIF")
LARGEST_SIDE = 1024
_SMALLEST_SIDE = 64
_SCALED_AT_ONCE = ("RGB", "RGBA", "L", "LA", "CMYK")  # colours of a palette cannot be mixed
MAX_PIXELS = 50_000_000
"""Decoding takes four bytes a pixel, however small the file is."""
MOST_PASSES = 1000
MOST_PASSED = 20 * MAX_PIXELS
"""Pixels: a JPEG is gone through once more for each of its scans, which take some bytes.

A progressive one has ten of them, and a film behind it holds what looks like some more.
"""
MOST_PARTS = 100
"""Of metadata."""
_SCAN, _EXIF = b"\xff\xda", b"Exif\0\0"


class PictureRefused(Exception):
    """The upload is no picture that we take; the message says why and what to do."""


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
    if data.count(_EXIF) > MOST_PARTS:  # which are joined one by one
        raise PictureRefused("The picture has too much metadata. Save it anew without it.")
    image = Image.open(io.BytesIO(data), formats=READABLE)
    if image.width * image.height > MAX_PIXELS:
        raise PictureRefused(f"The picture has more than {MAX_PIXELS // 10**6} million pixels.")
    passes = data.count(_SCAN) if image.format in ("JPEG", "MPO") else 0
    if passes > MOST_PASSES or passes * image.width * image.height > MOST_PASSED:
        raise PictureRefused("The picture takes too long to decode. Save it anew, or as PNG.")
    return image


def _bare(image: Image.Image) -> Image.Image:
    """The pixels of the first frame, in a new image that knows nothing else."""
    if image.mode in _SCALED_AT_ONCE:  # before there are copies, of 200 MB each
        image.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
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
    """Whether that is the address of a picture that can be shown."""
    try:
        image = _open(data_of(text))
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
