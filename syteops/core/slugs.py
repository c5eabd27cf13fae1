"""Slugs: names of objects in addresses, unique among their kind."""

from collections.abc import Iterator
from itertools import count
from typing import Any

from django.db.models import QuerySet
from django.utils.text import slugify

from syteops.core.errors import Invalid

SLUG_LENGTH = 120
SLUG_PATTERN = r"\A[a-z0-9]+(?:[-_][a-z0-9]+)*\Z"


def free_slug(others: QuerySet[Any], text: str, fallback: str) -> str:
    """The slug of `text`, numbered ("-2") until none of `others` has it. Call under a lock.

    `fallback` serves for a text without any letter that a slug may hold.
    """
    base = slugify(text.replace("_", " "))[:SLUG_LENGTH].strip("-") or fallback
    taken = set(others.filter(slug__startswith=base[:80]).values_list("slug", flat=True))
    return next(one for one in _candidates(base) if one not in taken)


def own_slug(others: QuerySet[Any], slug: str) -> str:
    """`slug`, if none of `others` has it. Raises Invalid (`not_unique`) otherwise."""
    if others.filter(slug=slug).exists():
        raise Invalid.field("slug", "Another one has this slug.", "not_unique")
    return slug


def _candidates(base: str) -> Iterator[str]:
    yield base
    for number in count(2):
        ending = f"-{number}"
        yield base[: SLUG_LENGTH - len(ending)].strip("-") + ending
