"""Forms in parts (multipart/form-data, RFC 7578), as strangers write them: read in linear time.

Django has Python's parser for e-mail take the head of each part apart, of which there are
thousands, as long as a kilobyte. It takes a millisecond for one that is full of semicolons, and
longer for a text in an encoding such as IDNA.
"""

import re
from collections.abc import Iterator

from django.conf import settings
from django.core.exceptions import TooManyFieldsSent
from django.http import multipartparser
from django.http.multipartparser import MultiPartParserError

SEPARATORS_OF_A_PART = 5
"""Parameters and lines of its head, on average: a browser writes three, and four with a file."""

MOST_OF_A_STRANGER = 500
"""Parts of a form of who has not signed in: pages for them have ten fields at most, and the longest
one that brings a file, left open until the session ended, some 400."""

_LONGEST = multipartparser.MAX_TOTAL_HEADER_SIZE  # type: ignore[attr-defined]  # not in its stubs
_OTHER_TEXT = re.compile(rb";[^=;\"*]*\*[^=;\"A-Za-z]*=(?!utf-8')", re.IGNORECASE)
"""A parameter in the way of RFC 2231, of which RFC 7578 wants none, and not in UTF-8."""


def check_heads(data: bytes, boundary: bytes, *, is_signed_in: bool) -> None:
    """Raise MultiPartParserError for a form whose heads nobody but an attacker writes.

    And TooManyFieldsSent for one of more parts than there may be.
    """
    # Of parts that have a file's name and no other Django reads any number.
    most = settings.DATA_UPLOAD_MAX_NUMBER_FIELDS + settings.DATA_UPLOAD_MAX_NUMBER_FILES + 3
    most = most if is_signed_in else MOST_OF_A_STRANGER
    separators = 0
    for number, head in enumerate(_heads(data, boundary)):
        if number == most:
            raise TooManyFieldsSent("There are too many parts.")
        separators += head.count(b";") + head.count(b"\r\n")
        if separators > SEPARATORS_OF_A_PART * most:
            raise MultiPartParserError("There is too much in the heads of the parts.")
        if b"*" in head and _OTHER_TEXT.search(head):
            raise MultiPartParserError("The head of a part is not in UTF-8.")


def _heads(data: bytes, boundary: bytes) -> Iterator[bytes]:
    for found in re.finditer(re.escape(b"--" + boundary), data):
        start = found.end()
        yield data[start : start + _LONGEST].partition(b"\r\n\r\n")[0]
