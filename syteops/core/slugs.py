"""Slugs: names of objects in addresses, unique among their kind."""

from collections.abc import Collection
from typing import Any

from django.db.models import QuerySet

from syteops.core.errors import Invalid
from syteops.lib.text import latin_slug

SLUG_LENGTH = 120
NO_SLUG = "No slug can be made without a letter or digit. Give one."
SLUG_PATTERN = r"\A[a-z0-9]+(?:[-_][a-z0-9]+)*\Z"


def free_slug(
    others: QuerySet[Any],
    text: str,
    former: str = "",
    *,
    sign: str = "-",
    length: int = SLUG_LENGTH,
    reserved: Collection[str] = (),
) -> str:
    """The slug of `text`, numbered ("-2") if one of `others` has it. Call under a lock.

    It is written in Latin script, with `sign` between words, and none of those `reserved`. Raises
    Invalid for a text with neither letter nor digit, unless there is a `former` slug to go by.
    """
    base = latin_slug(text).replace("-", sign)[:length].strip(sign) or former
    if not base:
        raise Invalid.field("slug", NO_SLUG, "required")

    def numbered(number: int) -> str:
        end = f"{sign}{number}" if number > 1 else ""
        return base[: length - len(end)].strip(sign) + end

    def is_free(number: int) -> bool:
        slug = numbered(number)
        return slug not in reserved and not others.filter(slug=slug).exists()

    # Each is looked for by an index: of those that begin alike there may be very many.
    taken, free = 0, 1
    while not is_free(free):
        taken, free = free, 2 * free
    while free - taken > 1:
        between = (taken + free) // 2
        taken, free = (taken, between) if is_free(between) else (between, free)
    return numbered(free)


def own_slug(others: QuerySet[Any], slug: str, reserved: Collection[str] = ()) -> str:
    """`slug`, unless it is `reserved` or one of `others` has it. Raises Invalid (`not_unique`)."""
    if slug in reserved or others.filter(slug=slug).exists():
        raise Invalid.field("slug", "Another one has this slug.", "not_unique")
    return slug
