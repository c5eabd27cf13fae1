"""Texts as people see them."""

import pytest
from django.core.exceptions import ValidationError

from syteops.lib.markdown import excerpt
from syteops.lib.text import (
    _BLANK,
    _NO_LINE,
    breakable,
    cut,
    is_blank,
    is_one_line,
    is_right_to_left,
    latin_slug,
)
from syteops.lib.urls import validate_web_address
from tests.each import each

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"

# Each with the reason why it is no part of a line.
NO_LINE = {
    "line feed": "\n",
    "carriage return": "\r",
    "next line": "\x85",
    "line separator": "\u2028",
    "paragraph separator": "\u2029",
    "tab": "\t",
    "escape, which terminals obey": "\x1b",
    "delete": "\x7f",
    "right-to-left override": "\u202e",
    "left-to-right embedding": "\u202a",
    "isolate": "\u2066",
    "end of isolate": "\u2069",
    "marks of direction": "\u200e\u200f\u061c",
}


@each("text", NO_LINE.values())
def test_what_no_line_has(text: str) -> None:
    assert not is_one_line(f"Kick-off{text}Berlin")


@pytest.mark.parametrize("text", ["Dr. Müller", "نام\u200cها", FAMILY, "日本語", "a\xa0b"])
def test_but_every_script_and_joiner_is_part_of_one(text: str) -> None:
    assert is_one_line(text)
    assert not is_blank(text)


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "\u200b", "\u200b\u200d\ufeff", "\u3164", "\u2800", "\xad", "\U000e0020", "\n\t",
        "\U0001d159\U00013441 \U00016fe4",
    ],
)  # fmt: skip
def test_what_nobody_sees_is_blank(text: str) -> None:
    assert is_blank(text)


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("Größe & Straße", "groesse-strasse"),
        ("A\u0308pfel", "aepfel"),
        ("Иванов", "ivanov"),
        ("日本語", "ribenyu"),
        ("a_b  c", "a-b-c"),
        ("!?", ""),
    ],
)
def test_a_slug_is_read_in_latin_script(text: str, slug: str) -> None:
    assert latin_slug(text) == slug


def test_a_cut_leaves_what_people_see_as_one_character_whole() -> None:
    assert cut(FAMILY * 2, 8) == FAMILY
    assert cut("e\u0301e\u0301", 3) == "e\u0301"
    assert len(cut("e" + "\u0301" * 1000, 10)) == 10


@pytest.mark.parametrize(
    ("text", "is_so"),
    [("", False), ("12 %", False), ("Hello مرحبا", False), ("12 مرحبا x", True), ("שלום", True)],
)
def test_the_first_letter_tells_which_way_a_text_is_read(text: str, is_so: bool) -> None:
    assert is_right_to_left(text) is is_so


def test_only_long_words_get_places_to_end_a_line_and_no_letter_is_torn() -> None:
    accented = "e\u0301" * 30

    assert breakable("short words stay") == "short words stay"
    assert breakable(f"a {accented}").split("\u200b") == ["a e\u0301", *["e\u0301"] * 29]


def test_an_excerpt_of_a_text_without_blanks_is_near_its_length() -> None:
    assert excerpt("Kurz " + "会" * 300, 100) == "Kurz " + "会" * 95 + "…"
    assert excerpt(FAMILY * 40, 12) == FAMILY * 2 + "…"


@pytest.mark.parametrize(
    "url",
    [
        "http://crm:8080",
        "https://a_b.example.com/x?y=z#a",
        "http://localhost/",
        "http://[2001:db8::1]:8080/",
        "https://müller.example/ä",
        "HTTPS://Example.com",
    ],
)
def test_what_browsers_open_is_a_web_address(url: str) -> None:
    validate_web_address(url)


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://example.com",
        "//example.com",
        "example.com",
        "http://",
        "http://a b/",
        "http://a\n.example/",
        "https://example.com/\u202egpj.exe",
        "http://a:99999/",
        "http://[::1/",
        "https://" + "a" * 3000,
    ],
)
def test_nothing_else_is_one(url: str) -> None:
    with pytest.raises(ValidationError):
        validate_web_address(url)


def test_the_short_ways_find_of_every_character_what_the_patterns_do() -> None:
    for code in (*range(0xD800), *range(0xE000, 0x20000), *range(0xE0000, 0xE0200)):
        for text in (chr(code), f"a{chr(code)}", f"{chr(code)}a"):
            assert is_blank(text) == bool(_BLANK.fullmatch(text)), ascii(text)
            assert is_one_line(text) == (_NO_LINE.search(text) is None), ascii(text)
    assert is_blank("")
    assert is_one_line("")
