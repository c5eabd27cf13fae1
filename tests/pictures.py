"""Pictures as people upload them."""

import io
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image
from PIL.ExifTags import Base


def picture_bytes(
    kind: str = "JPEG", size: tuple[int, int] = (40, 20), mode: str = "RGB", **options: Any
) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, options.pop("color", "teal")).save(out, kind, **options)
    return out.getvalue()


def with_place(orientation: int = 1) -> bytes:
    """A photo that tells where it was made, by whom, and which side is up."""
    exif = Image.Exif()
    exif[Base.Artist] = "canary-artist"
    exif[Base.Orientation] = orientation
    exif.get_ifd(0x8825)[1] = "canary-gps"
    return picture_bytes(exif=exif, comment=b"canary-comment")


def upload(data: bytes, name: str = "me.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, "image/jpeg")
