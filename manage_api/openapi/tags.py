"""The groups of operations, named as people call what they are about."""

from typing import NamedTuple

from django.utils.text import capfirst

from manage_api.operations import Operation, all_operations


class Tag(NamedTuple):
    """A group, and a sentence about it."""

    name: str
    description: str


API = Tag(
    "Discovery and dispatch",
    "What the caller is and may do, and every operation through one address.",
)
DRY_RUNS = Tag(
    "Dry runs",
    "Every write once more, at an address at which nothing is ever stored. With `dry_run=true` the "
    "write's own address answers the same.",
)


def of_operation(one: Operation | None) -> Tag:
    """The group of an operation (None: of a fixed address)."""
    if one is None:
        return API
    return Tag(
        one.viewset.title or capfirst(str(one.viewset.model()._meta.verbose_name_plural)),
        one.viewset.about,
    )


def all_tags() -> list[Tag]:
    """Every group that has an operation."""
    return [API, DRY_RUNS, *{of_operation(one) for one in all_operations()}]
