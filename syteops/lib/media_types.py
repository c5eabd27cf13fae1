"""Media types and their parameters (RFC 9110, section 8.3), as strangers write them."""

from django.utils.http import parse_header_parameters

LONGEST = 1000
"""Characters: Django takes quadratic time for quoted parameters."""


def read_media_type(text: str) -> tuple[str, dict[str, str]]:
    """The type in lower case, and its parameters. Raises ValueError for what cannot be one.

    Django's parser is Python's for e-mail, in which a parameter may name any encoding that Python
    knows, or none: it raises whatever that encoding raises.
    """
    if len(text) > LONGEST:
        raise ValueError("This media type is too long.")
    try:
        found: tuple[str, dict[str, str]] = parse_header_parameters(text)
    except Exception as error:
        raise ValueError("This media type cannot be read.") from error
    return found
