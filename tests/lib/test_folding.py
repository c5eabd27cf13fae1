"""What is alike to people folds to one text, in linear time whatever it is."""

import hashlib
import sys
import unicodedata
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syteops.core.texts import LONGEST_CONTENT
from syteops.lib import folding
from syteops.lib.folding import fold
from tests.each import each
from tests.effort import takes_over

ALIKE = [
    ("MÜLLER", "muller"),
    ("Mu\u0308ller", "muller"),
    ("ИВАНОВ", "иванов"),
    ("Артём", "артем"),
    ("ﬁnance", "finance"),
    ("İstanbul", "istanbul"),
    ("ısparta", "isparta"),
    ("Straße", "strasse"),
    ("STRASSE", "strasse"),
    ("ẞ", "ss"),
    ("Ａｐｐｌｅ", "apple"),
    ("№ ½", "no 1\u20442"),
    ("Łódź", "lodz"),
    ("Ødegård", "odegard"),
    ("Ὀδυσσεύς", "οδυσσευσ"),
    ("Nguyễn", "nguyen"),
    ("zero\u200bwidth\u00ad", "zerowidth"),
    ("  two \t\n words\u00a0", "two words"),
    ("가", "\u1100\u1161"),
    ("שָׁלוֹם", "שלום"),
]
# Marks that spell another letter stay.
DIFFERENT = [("か", "が"), ("は", "ぱ"), ("कि", "कु"), ("มา", "มู"), ("ab", "a b"), ("a", "а")]


def is_later(character: str) -> bool:
    """Whether this Python would fold or sort it, but not each."""
    is_known = folding._KNOWN.match(character)
    plain = unicodedata.normalize("NFKD", character).casefold()
    return not is_known and (plain != character or unicodedata.combining(character) > 0)


OF_ALL = st.characters().filter(lambda one: not is_later(one))
ANY = st.text(OF_ALL, max_size=30) | st.text(
    "aA\u0300\u0316\u3099\u0e38\u094d\u093c\u0f71\u0f72가İßﬁ ´"
)


@each(("text", "folded"), ALIKE)
def test_what_is_alike_folds_to_one_text(text: str, folded: str) -> None:
    assert fold(text) == folded


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_what_differs_stays_different(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@pytest.mark.parametrize("text", ["", " ", "´", "\u0301", "\u200b\u2060", "¨ ´"])
def test_accents_alone_are_nothing_to_compare(text: str) -> None:
    assert fold(text) == ""


FOLDED_ALIKE = "eab901448094b37f6c4c33536b4300a610215421e78628feb0973bccb3b9c6be"


def test_every_character_folds_to_what_stays_as_it_is_on_every_python() -> None:
    """Folded texts are stored, and verified: should this one be another, they have to be folded
    anew by a migration, and the audit trail would still look altered.
    """
    all_folded = hashlib.sha256()
    for code in (*range(0x30000), *range(0xE0000, 0xE0200), sys.maxunicode):
        folded = fold(f"x{chr(code)}x")
        assert fold(folded) == folded, hex(code)
        all_folded.update(folded.encode(errors="surrogatepass"))
    assert all_folded.hexdigest() == FOLDED_ALIKE


def test_what_unicode_adds_later_folds_to_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a Python of then knows of it: that all are an Å, and accents that come first."""
    later = SimpleNamespace(normalize=lambda form, text: "Å", combining=lambda character: 230)
    monkeypatch.setattr(folding, "unicodedata", later)
    monkeypatch.setattr(folding, "_FOLDED", folding._FoldedCharacters())
    added_since = "\U0001e030\U00011241\u2ffc\u0897\U00010d50\ua7cb"
    not_yet = "\u0378\u0530\U0001fffd"
    for character in added_since + not_yet:
        assert fold(character) == character


def test_marks_that_unicode_adds_later_stay_in_their_place() -> None:
    virama, voiced, later = "\u094d", "\u3099", "\u0897"
    assert fold(f"{virama}{voiced}") == f"{voiced}{virama}"
    for text in (f"{virama}{later}{voiced}", f"{later}{voiced}", f"{voiced}{later}"):
        assert fold(text) == text


@settings(max_examples=500)
@given(ANY)
def test_folding_is_for_good_and_the_same_for_every_way_to_write_it(text: str) -> None:
    folded = fold(text)
    assert fold(folded) == folded
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert fold(unicodedata.normalize(form, text)) == folded
    assert fold(text.casefold()) == folded


@given(ANY, ANY)
def test_a_part_of_words_is_a_part_of_the_folded_words(one: str, other: str) -> None:
    assert fold(one).split() + fold(other).split() == fold(f"{one} {other}").split()


@pytest.mark.parametrize(
    "unit",
    [
        "\u0300\u0316",  # accents out of order, which normalization sorts
        "\u3099\u0e38\u094d\u093c",  # marks that stay, likewise
        "\ufdfa",  # eighteen characters in one
        "a\u0300",
        "ß",
        "\u200b",
        " \u00a0",
        pytest.param("".join(map(chr, range(0x4E00, 0x9000))), id="many"),
    ],
)
def test_a_hostile_text_takes_linear_time(unit: str) -> None:
    text = unit * (LONGEST_CONTENT // len(unit))
    assert not takes_over(1.5, fold, text)
