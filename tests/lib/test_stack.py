"""However deep they are, calls ask the system for no new memory each time."""

import resource
from collections.abc import Callable

from syteops.lib.stack import in_one_chunk


def leaf(depth: int) -> int:
    return leaf(depth - 1) if depth else 0


def churn() -> None:
    for _ in range(500):
        leaf(5)


def at_depth(depth: int, call: Callable[[], None]) -> None:
    if depth:
        at_depth(depth - 1, call)
    else:
        call()


def most_faults() -> int:
    """How many pages of memory were new to 500 calls, where they were most."""
    found = []
    for depth in range(300):
        before = resource.getrusage(resource.RUSAGE_THREAD).ru_minflt
        at_depth(depth, churn)
        found.append(resource.getrusage(resource.RUSAGE_THREAD).ru_minflt - before)
    return max(found)


def test_no_depth_costs_new_memory_at_each_call() -> None:
    assert in_one_chunk(most_faults) < 100


def test_what_is_called_is_given_what_it_needs_and_its_answer_returned() -> None:
    assert in_one_chunk(lambda *given, **named: (given, named), 1, 2, call=3) == (
        (1, 2),
        {"call": 3},
    )
