"""Slugs: names of objects in addresses, unique among their kind."""

from collections.abc import Collection
from typing import Any

from django.db.models import QuerySet
from django.utils.text import slugify

from syteops.core.errors import Invalid

SLUG_LENGTH = 120
SLUG_PATTERN = r"\A[a-z0-9]+(?:[-_][a-z0-9]+)*\Z"


def free_slug(
    others: QuerySet[Any],
    text: str,
    fallback: str,
    *,
    sign: str = "-",
    length: int = SLUG_LENGTH,
    reserved: Collection[str] = (),
) -> str:
    """The slug of `text`, numbered ("-2") until none of `others` has it. Call under a lock.

    `fallback` serves for a text without any letter that a slug may hold; `sign` stands between
    words. None of those `reserved` is taken.
    """
    base = slugify(text.replace("_", " ")).replace("-", sign)[:length].strip(sign) or fallback
    alike = others.filter(slug__startswith=base[: length * 2 // 3])
    taken = {*reserved, *alike.values_list("slug", flat=True)}
    endings = ("", *(f"{sign}{number}" for number in range(2, len(taken) + 3)))
    candidates = (base[: length - len(end)].strip(sign) + end for end in endings)
    return next(one for one in candidates if one not in taken)


def own_slug(others: QuerySet[Any], slug: str) -> str:
    """`slug`, if none of `others` has it. Raises Invalid (`not_unique`) otherwise."""
    if others.filter(slug=slug).exists():
        raise Invalid.field("slug", "Another one has this slug.", "not_unique")
    return slug
