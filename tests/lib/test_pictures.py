import io
from collections import defaultdict
from functools import partial
from struct import pack
from typing import Any
from zlib import crc32

import pytest
from PIL import Image, ImageOps

from syteops.lib import pictures
from syteops.lib.pictures import PictureRefused, rewritten
from tests.effort import at_most
from tests.pictures import picture_bytes, with_place

LIMIT = 1_000_000


def rewrite(data: bytes, limit: int = LIMIT) -> pictures.Picture:
    return rewritten(io.BytesIO(data), limit)


def opened(picture: pictures.Picture) -> Image.Image:
    return Image.open(io.BytesIO(picture.data))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "nothing"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "a script"),
        (b"<html><script>alert(1)</script>", "a page"),
        (b"\xff\xd8\xff\xe0 not really", "only the first bytes of a JPEG"),
        (picture_bytes()[:200], "half a JPEG"),
        (picture_bytes("PNG")[:60], "half a PNG"),
        (picture_bytes("BMP"), "a format that browsers need not know"),
        (picture_bytes("TIFF"), "another one"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "a program for a printer"),
    ],
)
def test_what_is_no_usual_picture_is_refused(
    data: bytes, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "MAX_PIXELS", defaultdict(lambda: 10**9))  # of other formats, too
    with pytest.raises(PictureRefused):
        rewrite(data)


@pytest.mark.parametrize(
    "exif",
    [
        "49492a000800000003001201030001000000060000000001070004000000060108"
        "0025880b0001000000ff1a060009cb",
        "49492a0008000000030012010300010000000600000032010b000100000008ff003c00010c00040000001a0806ff",
    ],
)
@pytest.mark.filterwarnings("ignore:Corrupt EXIF", "ignore:Truncated File")
def test_metadata_that_the_decoder_stumbles_over_is_a_refusal(exif: str) -> None:
    """Turned upright, its other tags are written anew: struct.error, AttributeError."""
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "JPEG", exif=b"Exif\0\0" + bytes.fromhex(exif))
    with pytest.raises(PictureRefused):
        rewrite(out.getvalue())


def test_a_picture_of_too_many_bytes_is_refused() -> None:
    data = picture_bytes()

    assert rewrite(data, len(data)).data
    with pytest.raises(PictureRefused, match="larger than"):
        rewrite(data, len(data) - 1)


class Decoded(Exception):
    """So far it must not come."""


@pytest.fixture
def not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    def decode(image: Image.Image) -> Image.Image:
        raise Decoded

    monkeypatch.setattr(pictures, "_bare", decode)


def webp(kind: bytes, head: bytes) -> bytes:
    """A file that has nothing but a header."""
    chunk = kind + len(head).to_bytes(4, "little") + head
    return b"RIFF" + (len(chunk) + 4).to_bytes(4, "little") + b"WEBP" + chunk


WIDE, HIGH = 7_000, 7_000
LOSSLESS = b"\x2f" + (WIDE - 1 | HIGH - 1 << 14).to_bytes(4, "little") + bytes(5)
LOSSY = b"\x10\0\0\x9d\x01\x2a" + WIDE.to_bytes(2, "little") + HIGH.to_bytes(2, "little")
EXTENDED = bytes(4) + (WIDE - 1).to_bytes(3, "little") + (HIGH - 1).to_bytes(3, "little")


@pytest.mark.parametrize(
    ("kind", "head"), [(b"VP8L", LOSSLESS), (b"VP8 ", LOSSY), (b"VP8X", EXTENDED)]
)
def test_a_webp_is_not_even_opened_before_its_pixels_are_known(
    kind: bytes, head: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its decoder takes memory for them as soon as it is there: 34 bytes took 800 MB."""
    assert len(webp(kind, head)) < 40
    monkeypatch.setattr(Image, "open", pytest.fail)

    with pytest.raises(PictureRefused, match=r"12\.5 million pixels"):
        rewrite(webp(kind, head))
    with pytest.raises(PictureRefused, match="Choose"):
        rewrite(webp(b"VP8Y", head))


@pytest.mark.usefixtures("not_decoded")
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_small_file_of_too_many_pixels_is_refused_before_decoding(
    kind: str, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    mode = "L" if kind == "JPEG" else mode
    data = picture_bytes(kind, mode=mode, color=0)
    for most, outcome in ((40 * 20, Decoded), (40 * 20 - 1, PictureRefused)):
        monkeypatch.setattr(pictures, "MAX_PIXELS", {kind: most})
        with pytest.raises(PictureRefused, match=r"pixels|Choose") as refused:
            rewrite(data)
        assert ("pixels" in str(refused.value)) == (outcome is PictureRefused)
        assert isinstance(refused.value.__cause__, Decoded) == (outcome is Decoded)


def in_scans(data: bytes) -> bytes:
    """A JPEG of three colours whose first scan says that it has one of them."""
    at = data.rindex(b"\xff\xda")
    return data[:at] + b"\xff\xda\0\x08\x01\x01\0\0\x3f\0" + data[at + 14 :]


@pytest.mark.usefixtures("not_decoded")
def test_a_jpeg_that_must_be_kept_whole_to_be_decoded_has_fewer_pixels(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of a plain one, however large, an image of half its size or less is decoded."""
    monkeypatch.setattr(pictures, "MAX_SCANNED_PIXELS", 40 * 20 - 1)
    plain = picture_bytes()
    hidden = plain[:2] + b"\xff\xd0" + plain[2:]  # no length follows, for a decoder
    for data in (in_scans(plain), progressive(0, (40, 20)), hidden):
        with pytest.raises(PictureRefused, match="pixels"):
            rewrite(data)
    for data in (plain, with_place(), picture_bytes(mode="L", color=0)):
        with pytest.raises(PictureRefused) as refused:
            rewrite(data)
        assert isinstance(refused.value.__cause__, Decoded)


def test_of_a_large_jpeg_no_more_is_decoded_than_twice_what_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    decoded: list[tuple[int, int]] = []
    make_smaller = Image.Image.thumbnail

    def noted(image: Any, size: Any) -> None:
        decoded.append(image.size)
        make_smaller(image, size)

    monkeypatch.setattr(Image.Image, "thumbnail", noted)
    out = io.BytesIO()
    Image.new("L", (17_000, 500), 128).save(out, "JPEG")

    assert opened(rewrite(out.getvalue())).size == (1024, 30)
    assert decoded[0] == (2125, 63)


def progressive(scans_more: int, size: tuple[int, int] = (40, 20)) -> bytes:
    """A JPEG whose last scan, of some bytes, is there so many times more."""
    out = io.BytesIO()
    Image.new("L", size, 128).save(out, "JPEG", progressive=True)
    data = out.getvalue()
    last = data[data.rindex(b"\xff\xc4") : -2]  # with the codes it is written in
    return data[:-2] + last * scans_more + data[-2:]


@pytest.mark.parametrize(("size", "scans_more"), [((40, 20), 1000), ((2500, 2000), 250)])
def test_no_picture_is_gone_through_again_and_again(
    size: tuple[int, int], scans_more: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """200 kB of scans had a worker at one picture for minutes, 5 MB for hours."""
    monkeypatch.setattr(pictures, "_bare", pytest.fail)

    with pytest.raises(PictureRefused, match="too long to decode"):
        rewrite(progressive(scans_more, size))


def test_a_progressive_picture_is_taken() -> None:
    assert opened(rewrite(progressive(0, (3000, 2000)))).size == (1024, 683)


@pytest.mark.parametrize(
    ("kind", "start", "part"),
    [
        ("JPEG", 2, b"\xff\xe1\x00\x09Exif\0\0x"),
        ("PNG", 33, b"\0\0\0\x0biCCPa\0\0x\x9c\x03\0\0\0\0\x01\xd5\x6f\xb9\x85"),
    ],
)
def test_metadata_does_not_come_in_any_number_of_parts(kind: str, start: int, part: bytes) -> None:
    """Each was joined to a copy of all before, or unpacked: 4 MB took eight seconds."""

    def with_parts(count: int) -> bytes:
        data = picture_bytes(kind)
        return data[:start] + part * count + data[start:]

    assert rewrite(with_parts(2)).data
    with pytest.raises(PictureRefused, match="metadata"):
        rewrite(with_parts(101))


def chunk(kind: bytes, content: bytes = b"") -> bytes:
    """A part of a PNG."""
    return pack(">L", len(content)) + kind + content + pack(">L", crc32(kind + content))


EMPTY = {
    "PNG": (33, chunk(b"abCd")),
    "JPEG": (2, b"\xff\xfe\0\2"),
    "JPEG, between its parts": (2, b"\xff"),
    "GIF": (-1, b"\x21\xfe\1a\0"),
}


@pytest.mark.parametrize("kind", EMPTY)
def test_a_decoder_does_not_go_through_any_number_of_parts(kind: str) -> None:
    """Each takes it two or three microseconds: 5 MB took a worker up to five seconds."""
    data, (at, part) = picture_bytes(kind.partition(",")[0], mode="L", color=0), EMPTY[kind]
    at = data.index(b"\x2c") if at < 0 else at
    assert rewrite(data[:at] + part * 500 + data[at:]).data
    with at_most(1.0), pytest.raises(PictureRefused, match="metadata"):
        rewrite(data[:at] + part * 60_000 + data[at:])


def turned(numbers: int) -> bytes:
    """Exif that has a picture turned, and so many numbers beside that."""
    tags = ((0x0112, 3, 1, 6), (0xC000, 5, numbers, 38))
    head = b"II*\0\x08\0\0\0\2\0" + b"".join(pack("<HHLL", *tag) for tag in tags)
    return head + bytes(4) + b"\x07\0\0\0\x09\0\0\0" * numbers


def as_png(exif: bytes, at: int) -> bytes:
    data = picture_bytes("PNG")
    return data[:at] + chunk(b"eXIf", exif) + data[at:]


def as_jpeg(exif: bytes) -> bytes:
    pieces = (b"Exif\0\0" + exif[at : at + 60_000] for at in range(0, len(exif), 60_000))
    parts = b"".join(b"\xff\xe1" + pack(">H", len(piece) + 2) + piece for piece in pieces)
    data = picture_bytes()
    return data[:2] + parts + data[2:]


@pytest.mark.parametrize(
    "with_exif", [as_jpeg, partial(as_png, at=33), partial(as_png, at=-12)], ids=range(3)
)
def test_a_picture_is_not_turned_upright_whatever_else_that_takes(with_exif: Any) -> None:
    """All its metadata was written anew for that: 5 MB took thirteen seconds, and 220 MB."""
    assert opened(rewrite(with_exif(turned(3_000)))).size == (20, 40)
    with at_most(1.0), pytest.raises(PictureRefused, match="metadata"):
        rewrite(with_exif(turned(60_000)))


def test_nothing_of_a_jpeg_is_looked_for_in_any_amount(monkeypatch: pytest.MonkeyPatch) -> None:
    """As soon as it is opened, its resolution is: of 5 MB that took seconds."""
    monkeypatch.setattr(Image, "open", pytest.fail)
    with pytest.raises(PictureRefused, match="metadata"):
        rewrite(as_jpeg(turned(60_000)))


@pytest.mark.usefixtures("not_decoded")
def test_no_picture_has_more_lines_than_a_jpeg_can_have(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of 16 million lines, a pixel each, took seconds."""
    monkeypatch.setattr(pictures, "LONGEST_SIDE", 39)
    with pytest.raises(PictureRefused, match="39 pixels"):
        rewrite(picture_bytes("PNG"))


def test_nothing_but_the_pixels_survives() -> None:
    original = with_place()
    assert b"canary" in original

    picture = rewrite(original)

    assert b"canary" not in picture.data
    assert not opened(picture).getexif()


def test_code_hidden_behind_the_picture_is_gone() -> None:
    assert b"<script>" not in rewrite(picture_bytes() + b"<script>alert(1)</script>").data


def test_the_picture_is_turned_upright() -> None:
    assert opened(rewrite(with_place(orientation=6))).size == (20, 40)


def test_a_large_picture_is_made_smaller() -> None:
    assert opened(rewrite(picture_bytes(size=(3000, 1500)))).size == (1024, 512)


@pytest.mark.parametrize(
    ("kind", "mode", "suffix"),
    [
        ("JPEG", "RGB", ".jpg"),
        ("JPEG", "CMYK", ".jpg"),
        ("JPEG", "L", ".jpg"),
        ("PNG", "RGB", ".jpg"),
        ("PNG", "RGBA", ".png"),
        ("PNG", "I;16", ".jpg"),
        ("WEBP", "RGBA", ".png"),
        ("GIF", "P", ".jpg"),
    ],
)
def test_every_usual_kind_becomes_jpeg_or_png(kind: str, mode: str, suffix: str) -> None:
    picture = rewrite(picture_bytes(kind, mode=mode, color=0))

    assert picture.suffix == suffix
    assert opened(picture).format == {".jpg": "JPEG", ".png": "PNG"}[suffix]


def test_the_same_picture_has_the_same_digest() -> None:
    one, same, other = picture_bytes(), picture_bytes(), picture_bytes(color="red")

    assert rewrite(one).digest == rewrite(same).digest != rewrite(other).digest


def test_no_address_of_a_picture_larger_than_ours_is_decoded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def address(width: int) -> str:
        data = picture_bytes("PNG", size=(width, 1))
        return pictures.as_address(pictures.Picture(data, ".png"))

    decoded: list[Image.Image] = []

    def decode(image: Image.Image) -> Image.Image:
        decoded.append(image)
        return image

    monkeypatch.setattr(pictures, "_bare", decode)

    assert pictures.is_address(address(pictures.LARGEST_SIDE))
    assert len(decoded) == 1
    assert not pictures.is_address(address(pictures.LARGEST_SIDE + 1))
    assert len(decoded) == 1


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_no_copy_is_made_of_a_large_picture(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each takes four bytes a pixel, of a file of two kilobytes, too."""
    copied: list[int] = []
    turn = ImageOps.exif_transpose

    def noted(image: Any) -> Any:
        copied.append(max(image.size))
        return turn(image)

    monkeypatch.setattr(ImageOps, "exif_transpose", noted)
    made = io.BytesIO()
    Image.new("RGB", (3000, 1500), "red").save(made, kind)
    small = Image.open(io.BytesIO(rewritten(made, 5_000_000).data))

    assert (small.size, copied) == ((1024, 512), [1024])
