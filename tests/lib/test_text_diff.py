"""What is different between two texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syteops.lib.text_diff import Effort, Line, diff_lines
from tests.effort import takes_over


def words(between: str) -> str:
    """A thousand words of one letter: each second one is `between`, fifty others come in turn."""
    return " ".join(f"{between} {chr(0x100 + n % 50)}" for n in range(500))


COUNTED = "\n".join(map(str, range(20_000)))


def shown(before: str, after: str) -> list[str]:
    """Each line with its sign; what is marked in brackets."""
    signs = {"same": " ", "removed": "-", "added": "+", "gap": "…"}
    return [signs[line.kind] + "".join(f"[{t}]" if m else t for t, m in line.parts)
            for line in diff_lines(before, after)]  # fmt: skip


def test_a_changed_word_is_marked_on_both_sides() -> None:
    assert shown("We start on Monday.", "We start on Tuesday.") == [
        "-We start on [Monday.]",
        "+We start on [Tuesday.]",
    ]


def test_lines_far_from_a_change_are_left_out() -> None:
    before = [f"line {n}" for n in range(20)]
    after = [*before[:9], "new", *before[9:]]
    assert shown("\n".join(before), "\n".join(after)) == [
        "…", " line 7", " line 8", "+new", " line 9", " line 10", "…",
    ]  # fmt: skip


def test_two_changes_far_apart_are_two() -> None:
    before = [f"line {n}" for n in range(400)]
    after = ["first", *before[1:-1], "last"]
    assert shown("\n".join(before), "\n".join(after)) == [
        "-[line 0]", "+[first]", " line 1", " line 2", "…", " line 397", " line 398",
        "-[line 399]", "+[last]",
    ]  # fmt: skip


def test_a_line_that_became_two_is_marked_in_the_first() -> None:
    assert shown("a b", "a c\nd") == ["-a [b]", "+a [c]", "+d"]


def test_a_last_line_break_counts() -> None:
    assert shown("a", "a\n") == [" a", "+"]


def test_what_is_compared_takes_of_a_shared_effort() -> None:
    effort = Effort()
    left = [effort.left]
    for _ in range(3):
        diff_lines(words("x"), words("y"), effort)
        left.append(effort.left)
    assert left == sorted({*left}, reverse=True)


def sides(lines: list[Line], kind: str) -> list[str]:
    return ["".join(t for t, _ in one.parts) for one in lines if one.kind in ("same", kind)]


@given(st.lists(st.sampled_from(["a", "b c", "", "d"])), st.lists(st.sampled_from(["a", "b", ""])))
def test_both_texts_can_be_read_from_it(old: list[str], new: list[str]) -> None:
    before, after = "\n".join(old), "\n".join(new)
    lines = diff_lines(before, after)
    if all(line.kind != "gap" for line in lines):
        assert "\n".join(sides(lines, "removed")) in (before, "")
        assert "\n".join(sides(lines, "added")) in (after, "")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("a\n" * 50_000, "b\n" + "a\n" * 49_000, id="all alike"),
        pytest.param("ab\n" * 30_000, "ba\n" * 30_000, id="nothing alike"),
        pytest.param("a b " * 25_000, "b a " * 25_000, id="one long line"),
        pytest.param(COUNTED, "\n".join(reversed(COUNTED.split("\n"))), id="in another order"),
        pytest.param("a\nb\n" * 500, "b\nb\na\n" * 300, id="short lines"),
        pytest.param("x" * 100_000, "y" * 100_000, id="one long word"),
        pytest.param("a b c d e f g\n" * 7_000, "g f e d c b a\n" * 7_000, id="words in each"),
        pytest.param("\n".join([words("x")] * 15), "\n".join([words("y")] * 15),
                     id="lines that would be quick alone"),
    ],
)  # fmt: skip
def test_long_texts_take_no_long_time(before: str, after: str) -> None:
    assert not takes_over(1, diff_lines, before, after)
