"""One folding of texts: what differs only in case, in accents or in how Unicode writes it is alike.

`MÜLLER`, `Müller` (composed or not) and `muller` fold to one text, as do `ß` and `ss`, `İ` and `i`,
a ligature and its letters. Databases differ in all of that, so texts are folded before they get
there: NFKD without accents and without what nobody sees, in folded case (Unicode Standard, 3.13).

Folded texts are stored, so every Python and every version of this product folds alike: by the
characters of Unicode 14.
"""

import unicodedata

import regex

from syteops.lib.unicode_14 import character_class

_MOST_KEPT = 10_000
_UNSEEN = regex.compile(r"\p{DI}")
_MARKS = regex.compile(r"[\p{M}--\p{ccc=0}]{2,}", regex.V1)
_KNOWN = regex.compile(f"[{character_class()}]+")
_STROKES = str.maketrans("đħıłøŧ", "dhilot")  # letters of their own to Unicode, accents to people


def fold(text: str) -> str:
    """`text` as it is compared, with single blanks. "" where it has nothing to compare.

    Texts that are canonically equivalent fold alike, as far as they are of Unicode 14, and a folded
    text folds to itself. Takes linear time, whatever the text: Unicode's own normalization takes
    quadratic time for many marks.
    """
    if text.isascii():
        return " ".join(text.lower().split())
    folded = " ".join(text.translate(_FOLDED).split())
    ordered: str = _MARKS.sub(_in_canonical_order, folded)
    return ordered


class _FoldedCharacters(dict[int, str]):
    """What each character folds to. Those met of late are kept, so that it does not grow.

    Who fills it with rare characters makes room for his own: the next text is no slower.
    """

    def __missing__(self, code: int) -> str:
        character = chr(code)
        folded = _fold_character(character) if _KNOWN.match(character) else character
        if len(self) >= _MOST_KEPT:
            self.clear()
        self[code] = folded
        return folded


_FOLDED = _FoldedCharacters()


def _fold_character(character: str) -> str:
    plain = unicodedata.normalize("NFKD", character).casefold().translate(_STROKES)
    parts = unicodedata.normalize("NFKD", plain)
    return "".join(one for one in parts if not _is_accent(one) and not _UNSEEN.match(one))


def _is_accent(character: str) -> bool:
    """Whether it is a mark that people leave out.

    Marks of the other classes spell other letters: in scripts of India, Tibet and Thailand, and in
    Japanese.
    """
    kind = unicodedata.combining(character)
    return kind == 1 or 10 <= kind <= 36 or kind >= 200


def _in_canonical_order(marks: "regex.Match[str]") -> str:
    """The marks sorted as far as each is known to every Python; others stay in their place."""
    ordered: str = _KNOWN.sub(_sorted, marks[0])
    return ordered


def _sorted(marks: "regex.Match[str]") -> str:
    return "".join(sorted(marks[0], key=unicodedata.combining))
