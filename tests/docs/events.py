"""The events that docs/events.md lists."""

import re
from functools import cache

from manage_api.operations import all_operations
from tests.docs.pages import text_of


@cache
def documented() -> frozenset[str]:
    """Every event in the tables of the page."""
    rows = re.findall(r"^\| `([a-z_<>]+\.[a-z_]+)` \|", text_of("docs/events.md"), re.MULTILINE)
    return frozenset(rows)


def is_documented(event: str) -> bool:
    """Whether the page lists it, or its kind."""
    noun, _, done = event.partition(".")
    is_resource = noun in {one.resource for one in all_operations()}
    return event in documented() or (done == "refused" and is_resource)
