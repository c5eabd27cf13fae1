"""Language tags (BCP 47, RFC 5646): their form, and the one way to write each of them."""

from django.core.validators import RegexValidator

from syteops.lib.patterns import exactly

# Language, then optionally script, region and up to two variants. Left out on purpose: extensions
# and private use, which say nothing about a person's language.
PATTERN = (
    "^[A-Za-z]{2,3}(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?"
    "(-([A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3})){0,2}$"
)
MAX_LENGTH = 35

is_language = RegexValidator(exactly(PATTERN), "Use a language tag such as en or de-AT.")


def normal_tag(tag: str) -> str:
    """`tag` in the usual case (RFC 5646, section 2.1.1): "DE-at" → "de-AT"."""
    language, *rest = tag.split("-")
    return "-".join([language.lower(), *map(_subtag, rest)])


def _subtag(text: str) -> str:
    if text.isalpha() and len(text) == 4:
        return text.title()
    return text.upper() if len(text) == 2 else text.lower()
