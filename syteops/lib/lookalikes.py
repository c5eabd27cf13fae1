"""What people take for the same name: letters of other scripts that look like Latin ones.

Not all that look alike in some typeface: those of Cyrillic, Greek and Armenian that nobody can tell
from Latin letters, and the letters that look like digits (Unicode Technical Standard #39, 4).
"""

import unicodedata

from syteops.lib.folding import fold

_PAIRS = (
    # Cyrillic
    ("аеорсухіјѕһԁԛԝӏѵүк", "aeopcyxijshdqwlvyk"),
    ("АВЕКМНОРСТХУІЈЅԌԚԜӀҮѴ", "ABEKMHOPCTXYIJSGQWIYV"),
    # Greek
    ("αονρικυγχ", "aovpikuyx"),
    ("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX"),
    # Armenian
    ("օոսհ", "onuh"),
    # Latin
    ("ɑɡɩ", "agi"),
)
_LETTERS = {
    ord(one): other for ones, others in _PAIRS for one, other in zip(ones, others, strict=True)
}
_STROKES = str.maketrans("I10", "llO")


def looks_of(text: str) -> frozenset[str]:
    """What `text` is taken for: two texts that share one of these look alike.

    Folded as it is, by the Latin letters it looks like, and by the strokes and circles of those.
    """
    plain = unicodedata.normalize("NFKD", text).translate(_LETTERS)
    return frozenset((fold(text), fold(plain), fold(plain.translate(_STROKES))))
