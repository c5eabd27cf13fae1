"""What people take for the same name: letters of other scripts that look like Latin ones.

Not all that look alike in some typeface: those of Cyrillic, Greek and Armenian that nobody can tell
from Latin letters, and the letters that look like digits (Unicode Technical Standard #39, 4).
"""

import unicodedata

from syteops.lib.folding import fold

_PAIRS = (
    # Cyrillic
    ("аеорсухіјѕһԁԛԝӏѵүк", "aeopcyxijshdqwlvyk"),
    ("АВЕКМНОРСТХУІЈЅԌԚԜӀҮѴ", "ABEKMHOPCTXYlJSGQWlYV"),
    # Greek
    ("αονρικυγχ", "aovpikuyx"),
    ("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHlKMNOPTYX"),
    # Armenian
    ("օոսհ", "onuh"),
    # Latin, and digits
    ("ɑɡɩI10", "agillO"),
)
_LOOKS = {
    ord(one): other for ones, others in _PAIRS for one, other in zip(ones, others, strict=True)
}


def looks_of(text: str) -> frozenset[str]:
    """What `text` is taken for: two texts that share one of these look alike.

    Folded as it is, for whoever reads it without looking at case, and folded by its looks.
    """
    plain = unicodedata.normalize("NFKD", text).translate(_LOOKS)
    return frozenset((fold(text), fold(plain)))
