"""No page of the admin grows with what there is: neither its length nor its statements do.

`make bench-pages` measures the same at 10,000 records of each entity, and how long it takes.
"""

from django.test import Client

from benchmarks.records import fill
from tests.every_page import every_page, visit

LONGEST = 150_000
"""Bytes of HTML."""
SOME, MORE = 200, 300
"""Records of each entity: enough to fill every page, also of what a word is found in."""
ELSEWHERE = "/(guides|delete|erase|switch)/"
"""Pages of fixed texts; and those that try what they announce, with a statement for each change."""


def test_no_page_grows_with_what_there_is(page: Client) -> None:
    fill(1, SOME + 1)
    visited = list(every_page(page, but=ELSEWHERE))
    fill(SOME + 1, MORE + 1)
    found = []
    for before in visited:
        after, _ = visit(page, before.path)
        assert after is not None, before.path
        if after.size > LONGEST:
            found.append(f"{before.path} has {after.size} bytes")
        if after.size > before.size + 3_000:
            found.append(f"{before.path} grew from {before.size} to {after.size} bytes")
        if after.queries > before.queries:
            found.append(f"{before.path} runs {after.queries} statements, not {before.queries}")
    assert not found, "\n".join(found)
    assert len(visited) > 120
