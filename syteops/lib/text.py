"""Texts as people see them: what is blank, what is one line, where to cut.

Characters are those of Unicode; what a person takes for one character is a grapheme cluster
(Unicode Standard Annex #29).
"""

import unicodedata

import regex
from anyascii import anyascii
from django.core.exceptions import ValidationError
from django.utils.text import slugify

# Line breaks and other controls, and what turns the direction of text (Unicode bidi controls).
NO_LINE = r"\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
# What nobody sees, though its category says "letter" or "mark": fillers, joiners, selectors.
UNSEEN = (
    r"\s\xad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2060-\u206f\u2800\u3164"
    r"\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
)
LINE_PATTERN = f"^[^{NO_LINE}]*$"
"""What has no line break in it, as a document about the API says it."""
_NO_LINE = regex.compile(f"[{NO_LINE}]")
# Signs of scripts and scores that stand for an empty place; no pattern of the API names them.
_EMPTY_PLACES = "\U00013441\U00013442\U00016fe4\U0001d159"
_BLANK = regex.compile(rf"[{NO_LINE}{UNSEEN}\p{{DI}}{_EMPTY_PLACES}]*")
NOT_ONE_LINE = "Write it on one line, without control characters or controls of text direction."
# As \X, which looks back to the first of many letters of flags in a row at each of them.
_CLUSTER = regex.compile(r"\p{RI}{2}[\p{GCB=EX}\p{GCB=ZWJ}\p{GCB=SM}]*|\X")
_VOWEL = regex.compile("[aeio]|u(?!ser|ni)", regex.IGNORECASE)
_LONG_WORD = regex.compile(r"\S{25,}+")
_BREAK = "\N{ZERO WIDTH SPACE}"
_STRONG = ("L", "R", "AL")  # the letters (Unicode Standard Annex #9) that say which way

# The German way, which is also the one that most readers expect of an ö; all else is anyascii's.
_UMLAUTS = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss", "ẞ": "SS"}
)


def is_blank(text: str) -> bool:
    """Whether a person sees nothing in it."""
    first = text[:1]  # most texts are seen at once, and need no pattern
    return not (first.isascii() and first.isalnum()) and _BLANK.fullmatch(text) is not None


def is_one_line(text: str) -> bool:
    """Whether it has no line break, other control character, or control of text direction."""
    return text.isprintable() or _NO_LINE.search(text) is None  # none of those is printable


def validate_line(text: str) -> None:
    """Raises ValidationError unless `text` is one line."""
    if not is_one_line(text):
        raise ValidationError(NOT_ONE_LINE, "invalid")


def to_line(text: str) -> str:
    """`text` on one line: controls and runs of blanks become one blank."""
    return " ".join(_NO_LINE.sub(" ", text).split())


def with_plain_line_ends(text: str) -> str:
    """`text` with a line feed for each line break, whichever way a browser sent it."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def with_article(noun: str) -> str:
    """The noun with "a" or "an" before it, by its sound: "an estimate", "a user"."""
    return f"{'an' if _VOWEL.match(noun) else 'a'} {noun}"


def cut(text: str, length: int) -> str:
    """The beginning of `text`, of `length` characters at most, cut between grapheme clusters.

    A first cluster that is longer than that is cut all the same.
    """
    if len(text) <= length:
        return text
    end = 0
    for cluster in _CLUSTER.finditer(text):
        if cluster.end() > length:
            break
        end = cluster.end()
    return text[: end or length]


def longest_cluster(text: str) -> int:
    """How many characters are in the longest of what a person takes for one, such as a letter with
    its accents.
    """
    if text.isascii():
        return min(len(text), 1)
    return max((len(one) for one in _CLUSTER.findall(text)), default=0)


def start_of(text: str, length: int) -> str:
    """`text`, or its beginning with "…": of `length` characters at most.

    Django's truncators take quadratic time for many combining marks, and count none of them.
    """
    return text if len(text) <= length else f"{cut(text, length - 1)}…"


def some_of(texts: list[str], most: int, total: int | None = None) -> list[str]:
    """`texts`, or so many of them and how many more there are: of `total`, if that is given."""
    further = (len(texts) if total is None else total) - most
    return [*texts[:most], f"and {further:,} more"] if further > 0 else texts


def breakable(text: str) -> str:
    """`text`, in whose words of more than 24 characters a line may end anywhere."""
    broken: str = _LONG_WORD.sub(lambda word: _BREAK.join(_CLUSTER.findall(word[0])), text)
    return broken


def is_right_to_left(text: str) -> bool:
    """Whether its first letter belongs to a script that is written so: HTML's `dir="auto"`."""
    kinds = map(unicodedata.bidirectional, text)
    return next((one for one in kinds if one in _STRONG), "L") != "L"


def latin_slug(text: str) -> str:
    """Small letters a-z and digits with single dashes between, as `text` is read in Latin script.

    "" if it has neither letters nor digits.
    """
    plain = anyascii(unicodedata.normalize("NFC", text).translate(_UMLAUTS))
    return slugify(plain.replace("_", " ")).strip("-")
