"""The pages of the docs, and what stands in them."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from tests.environment import ROOT

DOCS = ROOT / "docs"
PAGES = {
    path.relative_to(ROOT).as_posix(): path for path in (*ROOT.glob("*.md"), *DOCS.glob("*.md"))
}

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"(?:^|\s)# (.*)$")


def text_of(page: str) -> str:
    """The text of a page, such as `docs/api.md`."""
    return PAGES[page].read_text(encoding="utf-8")


def everything() -> str:
    """All pages in one."""
    return "\n".join(map(text_of, PAGES))


def blocks(page: str, language: str) -> list[str]:
    """The fenced blocks of that language, in order."""
    return [text for found, text in _FENCE.findall(text_of(page)) if found == language]


def without_blocks(page: str) -> str:
    """The text outside of fenced blocks."""
    return _FENCE.sub("", text_of(page))


def commands(page: str) -> list[str]:
    """The commands in the `sh` blocks, each with all its lines and its comment."""
    return [command for block in blocks(page, "sh") for command in _commands(block)]


def _commands(block: str) -> Iterator[str]:
    command = ""
    for line in block.splitlines(keepends=True):
        command += line
        if command.strip() and not command.endswith("\\\n") and _is_whole(command):
            yield command.lstrip("\n")
            command = ""
    assert not command.strip(), f"this command has no end: {command}"


def _is_whole(command: str) -> bool:
    try:
        shlex.split(command, comments=True)
    except ValueError:  # an open quotation
        return False
    return True


def comment_of(command: str) -> str:
    """What is said behind the command; "" if nothing is."""
    found = _COMMENT.search(command.rstrip())
    return found[1] if found else ""


def linked(page: str) -> list[tuple[Path, str]]:
    """The files, with anchors, that the links and pictures of a page lead to."""
    targets = re.findall(r"\]\(([^)\s]+)\)", without_blocks(page))
    inside = [one.partition("#") for one in targets if "://" not in one]
    return [
        ((PAGES[page].parent / file).resolve() if file else PAGES[page], anchor)
        for file, _, anchor in inside
    ]


def anchors(path: Path) -> list[str]:
    """The anchors that GitHub gives to the headings of a page: to the second of the same words,
    one with "-1" behind them."""
    headings = re.findall(
        r"^#+ (.+)$", _FENCE.sub("", path.read_text(encoding="utf-8")), re.MULTILINE
    )
    words = [re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings]
    before = [words[:place].count(one) for place, one in enumerate(words)]
    return [f"{one}-{n}" if n else one for one, n in zip(words, before, strict=True)]


def titled_blocks(page: str) -> dict[str, str]:
    """The fenced blocks that stand under the name of a file (**`name`**), by that name."""
    found = re.findall(r"^\*\*`([^`]+)`\*\*\n\n```\w+\n(.*?)^```$", text_of(page), re.M | re.S)
    return dict(found)
