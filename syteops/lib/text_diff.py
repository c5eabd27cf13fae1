"""What is different between two texts, line by line and, within lines, word by word."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

CONTEXT = 2
"""Lines that stay, shown before and after each change."""
_A_LINE = 100
"""Steps for which a line that is shown counts: a page takes as long to write it."""
_WORDS = re.compile(r"\s+|\S+\s*")

Part = tuple[str, bool]
"""A piece of a line, and whether it is only on this side."""
Step = tuple[str, int, int, int, int]


class Line(NamedTuple):
    """A line of either text: `kind` is "same", "removed", "added", or "gap" for lines left out."""

    kind: str
    parts: list[Part]


class Effort:
    """How many steps may be taken yet, by one comparison or by several that share it."""

    def __init__(self, steps: int = 500_000) -> None:
        self.left = steps

    def allows(self, old: Sequence[str], new: Sequence[str]) -> bool:
        """Whether difflib may compare these; takes its steps, or those to find out.

        It looks at all pairs that are equal again for each run of them.
        """
        self.left -= len(old) + len(new)
        there = Counter(new)
        pairs = sum(there[one] for one in old)
        steps = min(len(old), len(new), pairs) * (len(old) + pairs)
        if steps > self.left:
            return False
        self.left -= steps
        return True


def diff_lines(before: str, after: str, effort: Effort | None = None) -> list[Line]:
    """How the one text became the other, without the lines that are far from any change.

    Where comparing would take more than the effort, all that lies between the first and the last
    change is told as removed and added. That takes linear time.
    """
    effort = effort or Effort()
    old, new = before.split("\n"), after.split("\n")
    lines: list[Line] = []
    steps = _steps(old, new, effort)
    for place, (kind, a, b, c, d) in enumerate(steps):
        if kind == "equal":
            lines += _around(old[a:b], first=place == 0, last=place == len(steps) - 1)
        else:
            lines += _changed(old[a:b], new[c:d], effort)
    effort.left -= len(lines) * _A_LINE
    return lines


def _around(same: list[str], *, first: bool, last: bool) -> list[Line]:
    head, tail = 0 if first else CONTEXT, 0 if last else CONTEXT
    shown = [Line("same", [(one, False)]) for one in same]
    if len(same) <= head + tail:
        return shown
    return [*shown[:head], Line("gap", []), *shown[len(same) - tail :]]


def _changed(old: list[str], new: list[str], effort: Effort) -> Iterator[Line]:
    """The lines that went, and those that came; word by word where lines stand for each other."""
    pairs = [_marked(*pair, effort) for pair in zip(old, new, strict=False)]
    yield from (Line("removed", parts) for parts, _ in pairs)
    yield from (Line("removed", [(one, False)]) for one in old[len(pairs) :])
    yield from (Line("added", parts) for _, parts in pairs)
    yield from (Line("added", [(one, False)]) for one in new[len(pairs) :])


def _marked(old: str, new: str, effort: Effort) -> tuple[list[Part], list[Part]]:
    before, after = _WORDS.findall(old), _WORDS.findall(new)
    removed: list[Part] = []
    added: list[Part] = []
    for kind, a, b, c, d in _steps(before, after, effort):
        removed += [("".join(before[a:b]), kind != "equal")] if a < b else []
        added += [("".join(after[c:d]), kind != "equal")] if c < d else []
    return removed, added


def _steps(old: Sequence[str], new: Sequence[str], effort: Effort) -> list[Step]:
    """As difflib's opcodes, in bounded time."""
    start = _alike(old, new)
    rest = min(len(old), len(new)) - start
    end = _alike(old[::-1][:rest], new[::-1][:rest])
    a, b, c, d = start, len(old) - end, start, len(new) - end
    found: list[Step] = [("equal", 0, a, 0, c)] if start else []
    if effort.allows(old[a:b], new[c:d]):
        matcher = SequenceMatcher(None, old[a:b], new[c:d], autojunk=False)
        found += [(k, i + a, j + a, m + c, n + c) for k, i, j, m, n in matcher.get_opcodes()]
    else:
        found.append(("replace", a, b, c, d))
    return [*found, *([("equal", b, len(old), d, len(new))] if end else [])]


def _alike(old: Sequence[str], new: Sequence[str]) -> int:
    """How many of them are the same, from the beginning."""
    pairs = enumerate(zip(old, new, strict=False))
    return next((n for n, (one, other) in pairs if one != other), min(len(old), len(new)))
