"""The pages of `docs/` and those beside README.md, read once in a process.

README.md is the table of contents: its table says which pages there are, in which order, and what
each is about.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.templatetags.static import static
from django.utils.safestring import SafeString
from markdown_it import MarkdownIt
from markdown_it.token import Token

from syteops.lib.folding import fold
from syteops.lib.markdown import texts_of
from syteops.lib.plain_files import read_text
from syteops.lib.text import start_of

_ROW = re.compile(r"^\| \[[^\]]+\]\(([\w/]+\.md)\) \| (.+) \|$", re.MULTILINE)
_BESIDE = {
    "SECURITY.md": "what is promised, against whom, and what is not",
    "CHANGELOG.md": "what is new",
    "CONTRIBUTING.md": "how the code is made, tested and changed",
    "README.md": "what SyteOps is, and how to start it",
}
_SHOWN = 220  # characters of a paragraph in which words were found
_NO_PART_OF_AN_ANCHOR = re.compile(r"[^\w\- ]")


@dataclass(frozen=True)
class Section:
    """What stands under one heading. `folded` is what a search looks into."""

    anchor: str
    title: str
    level: int
    paragraphs: tuple[str, ...]
    folded: str


@dataclass(frozen=True)
class Guide:
    """A page, by the name of its file without the ending."""

    name: str
    title: str
    summary: str
    html: SafeString
    sections: tuple[Section, ...]


@cache
def guides() -> dict[str, Guide]:
    """Every guide by its name, in the order of the README."""
    readme = read_text(_root() / "README.md")
    listed = dict(_ROW.findall(readme)) | _BESIDE
    read = [_read(path, summary) for path, summary in listed.items()]
    return {one.name: one for one in read}


def _root() -> Path:
    root: Path = settings.BASE_DIR
    return root


def _read(path: str, summary: str) -> Guide:
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = parser.parse(read_text(_root() / path))
    sections = tuple(_sections(tokens))
    title = next(place for place, one in enumerate(tokens) if one.type == "heading_close")
    del tokens[: title + 1]  # the page that shows it has its title for a heading
    for token in tokens:
        if token.type == "code_block":
            token.type = "fence"
        if token.type in ("table_open", "fence"):
            token.attrSet("tabindex", "0")  # they scroll, and by keyboard only where it can stop
        for one in token.children or ():
            _lead_somewhere(one, path)
    html = SafeString(parser.renderer.render(tokens, parser.options, {}))
    return Guide(name_of(path), sections[0].title, summary, html, sections)


def name_of(path: str) -> str:
    """The name of the guide that a file of Markdown is."""
    return Path(path).stem.lower()


# --- Sections --------------------------------------------------------------------------------


def _sections(tokens: list[Token]) -> Iterator[Section]:
    """The parts of a page; its headings get their anchors."""
    seen: Counter[str] = Counter()
    starts = [place for place, one in enumerate(tokens) if one.type == "heading_open"]
    for start, end in zip(starts, [*starts[1:], len(tokens)], strict=True):
        title, *paragraphs = _paragraphs(tokens[start:end])
        words = anchor_of(tokens[start + 1].content)
        # As GitHub tells headings of the same words apart.
        anchor = f"{words}-{before}" if (before := seen[words]) else words
        seen[words] += 1
        tokens[start].attrSet("id", anchor)
        folded = fold(" ".join([title, *paragraphs]))
        yield Section(anchor, title, int(tokens[start].tag[1:]), tuple(paragraphs), folded)


def _paragraphs(tokens: list[Token]) -> Iterator[str]:
    """What a reader reads at once: a paragraph, a row of a table, a line of code."""
    row: list[str] | None = None
    for token in tokens:
        texts = [line for text in texts_of([token]) for line in text.splitlines() if line]
        if token.type == "tr_open":
            row = []
        elif token.type == "tr_close" and row:
            yield " · ".join(row)
            row = None
        elif row is None:
            yield from texts
        else:
            row += texts


def anchor_of(heading: str) -> str:
    """The anchor that GitHub gives to a heading, so that a link leads to the same place here."""
    return _NO_PART_OF_AN_ANCHOR.sub("", heading.lower()).replace(" ", "-")


# --- Links and pictures ----------------------------------------------------------------------


def _lead_somewhere(token: Token, path: str) -> None:
    """Let a link or a picture of the page at `path` lead to where this site has it."""
    if token.type == "link_open":
        token.attrSet("href", _address(str(token.attrGet("href")), path))
    elif token.type == "image":
        token.attrSet("src", _address(str(token.attrGet("src")), path))
        token.attrSet("loading", "lazy")


def _address(target: str, path: str) -> str:
    parts = urlsplit(target)
    if parts.scheme or not parts.path:
        return target
    found = (_root() / path).parent.joinpath(parts.path).resolve().relative_to(_root())
    if found.suffix == ".md":
        return f"../{name_of(found.name)}/" + (f"#{parts.fragment}" if parts.fragment else "")
    return static(f"syteops/{found.relative_to('docs').as_posix()}")


# --- Search ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Found:
    """A section that has every word that was looked for, and where it says so."""

    guide: Guide
    section: Section
    excerpt: str


def search(text: str, *, at_most: int = 30) -> list[Found]:
    """The sections in which each word of `text` occurs; first those with all of them in the title.

    Case, accents and the order of the words do not matter.
    """
    words = fold(text).split()
    if not words:
        return []
    hits = [
        (guide, section)
        for guide in guides().values()
        for section in guide.sections
        if all(word in section.folded for word in words)
    ]
    hits.sort(key=lambda hit: not all(word in fold(hit[1].title) for word in words))
    return [Found(guide, one, _excerpt(one, words)) for guide, one in hits[:at_most]]


def _excerpt(section: Section, words: list[str]) -> str:
    """The beginning of the paragraph of the section that has the most of the words."""
    if not section.paragraphs:
        return ""
    best = max(section.paragraphs, key=lambda one: sum(word in fold(one) for word in words))
    return start_of(best, _SHOWN)
