"""What people take for the same name: letters of other scripts that look like Latin ones.

Not all that look alike in some typeface: those of Cyrillic, Greek and Armenian that nobody can tell
from Latin letters, and the letters that look like digits (Unicode Technical Standard #39, 4). Of
other scripts none stands in a word beside Latin ones (#39, 5), but for those of East Asia.
"""

import re
import unicodedata

from syteops.lib.folding import fold

_PAIRS = (
    # Cyrillic
    ("аеорсухіјѕһԁԛԝӏѵүк", "aeopcyxijshdqwlvyk"),
    ("АВЕКМНОРСТХУІЈЅԌԚԜӀҮѴЗҺ", "ABEKMHOPCTXYIJSGQWIYV3h"),
    # Greek
    ("αονρικυγχϲϳ", "aovpikuyxcj"),
    ("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧϹͿϺ", "ABEZHIKMNOPTYXCJM"),
    # Armenian
    ("օոսհցզյ", "onuhgqj"),
    ("ՕՍՏԼ", "OUSL"),
    # Latin
    ("ɑɡɩᴄᴏꜱᴠᴡᴢʏǀ", "agicosvwzyl"),
)
_LETTERS = {
    ord(one): other for ones, others in _PAIRS for one, other in zip(ones, others, strict=True)
}
_STROKES = str.maketrans("I10", "llO")
_WORD = re.compile(r"[^\W\d_]+")
_BESIDE_LATIN = frozenset(
    {"LATIN", "CJK", "IDEOGRAPHIC", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA"}
    | {"HANGUL", "BOPOMOFO", "MODIFIER"}  # the last: marks of many scripts, as of Hawaiian
)


def looks_of(text: str) -> frozenset[str]:
    """What `text` is taken for: two texts that share one of these look alike.

    Folded as it is, by the Latin letters it looks like, and by the strokes and circles of those.
    """
    # Some decompose into what looks otherwise (U+03F2 into a sigma), others into what looks alike.
    plain = unicodedata.normalize("NFKD", text.translate(_LETTERS)).translate(_LETTERS)
    return frozenset((fold(text), fold(plain), fold(plain.translate(_STROKES))))


def mixes_scripts(text: str) -> bool:
    """Whether a word of it has Latin letters, and beside them such as are not used like that."""
    words = _WORD.findall(unicodedata.normalize("NFKC", text))
    return any("LATIN" in scripts and scripts - _BESIDE_LATIN for scripts in map(_scripts, words))


def _scripts(word: str) -> set[str]:
    return {unicodedata.name(letter, "").partition(" ")[0] for letter in word}
