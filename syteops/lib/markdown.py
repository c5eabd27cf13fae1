"""Markdown (CommonMark with tables): as HTML that is safe to show, and as plain text."""

from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any

from django.utils.safestring import SafeString
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode

from syteops.lib.text import cut

_LOOKED_THROUGH = 4000
_READ_FOR_EXCERPT = (4, 20)  # times the length wanted: markup is longer than what it shows
_STEPS_FOR_EXCERPT = 1000
_MOST_REPEATED = 500_000
_MOST_STEPS = 40_000
_DEEPEST = 20


def render(text: str) -> SafeString:
    """The HTML of a Markdown text. Safe to show whoever wrote it.

    HTML in the text is shown as text, links lead only to harmless schemes, pictures stay links'
    text: a picture from elsewhere would tell its server who reads the page.
    """
    # html=False: all that was typed is escaped
    parser = _parser()
    return SafeString(parser.renderer.render(_parsed(text), parser.options, {}))


to_html = lru_cache(maxsize=128)(render)
"""As `render`, for what was saved: a page that is called often does not pay for it again."""


def to_tree(text: str) -> list[dict[str, Any]]:
    """What `to_html` shows, as data for whoever lays it out otherwise: nodes within nodes.

    A node has its `kind` (markdown-it's name for it), and its `nodes` or its `text`; a heading its
    `level`, a numbered list its `start`, a link its `href`.
    """
    return _nodes(SyntaxTreeNode(_parsed(text)))


def _nodes(parent: SyntaxTreeNode) -> list[dict[str, Any]]:
    return [_node(one) for one in parent.children]


def _node(one: SyntaxTreeNode) -> dict[str, Any]:
    if one.type == "inline":
        return {"kind": "inline", "nodes": _nodes(one)}
    shown: dict[str, Any] = {"kind": one.type, "text": one.content, "nodes": _nodes(one)}
    match one.type:
        case "heading":
            shown["level"] = int(one.tag[1:])
        case "ordered_list":
            shown["start"] = one.attrGet("start") or 1
        case "link":
            shown["href"] = one.attrGet("href")
    return shown


def to_text(text: str, steps: int = _MOST_STEPS) -> str:
    """What a reader of a Markdown text reads, on one line."""
    return " ".join(" ".join(texts_of(_parsed(text, steps))).split())


def says_something(text: str) -> bool:
    """Whether a reader of a Markdown text sees anything. One that is long is taken to say it.

    The parser takes quadratic time for some, such as brackets that are never closed.
    """
    return len(text) > _LOOKED_THROUGH or bool(to_text(text))


def excerpt(text: str, length: int = 160) -> str:
    """The beginning of a Markdown text as plain text, "…" where cut.

    It has `length` characters at most, and the sign of the cut. It ends at a word's end if there
    is one in its second half, else between grapheme clusters.
    """
    plain = ""
    for times in _READ_FOR_EXCERPT:  # no more than it takes: a bulk has hundreds of texts
        if len(plain) <= 2 * length:
            plain = to_text(cut(text, times * length), _STEPS_FOR_EXCERPT)
    if len(plain) <= length:
        return plain
    words = plain[: length + 1].rpartition(" ")[0]
    short = words if 2 * len(words) >= length else cut(plain, length)
    return short.rstrip(" ,;:.-–—") + "…"


class _Targets(dict[str, dict[str, Any]]):
    """What reference links lead to (`[name]: address`), until too much is repeated of it.

    An address is written once and repeated at each link: without an end, 100 kB of text would make
    600 MB of HTML. The links after it stay the text that was typed.
    """

    left = _MOST_REPEATED

    def get(self, label: str, default: Any = None) -> Any:
        if label not in self:
            return default
        self.left -= len(self[label]["href"]) + len(self[label]["title"])
        return self[label] if self.left >= 0 else default


def _parsed(text: str, steps: int = _MOST_STEPS) -> list[Token]:
    """The tokens of a text; where they take more steps, one of the text as it was typed.

    The parser needs a second or many for some texts that nobody writes by chance, such as brackets
    that are never closed, or lines that twenty quotations go on with. Steps are counted and not
    seconds, so that a text looks the same on every machine.
    """
    try:
        return _parser().parse(text, {"references": _Targets(), "left": steps})
    except _TooMuch:
        return [Token("code_block", "code", 0, content=text)]


class _TooMuch(Exception):
    """The text has too much markup."""


def _count(state: StateBlock | StateInline, *_: Any) -> bool:
    """As a rule: never fits, but is tried at each place where another might begin."""
    state.env["left"] -= 1
    if state.env["left"] < 0:
        raise _TooMuch
    return False


def _count_blocks(state: StateCore) -> None:
    """Cells that a row leaves out are made without a look at any rule."""
    if len(state.tokens) > 2 * _MOST_STEPS:
        raise _TooMuch


def _refuse_deeper(state: StateInline) -> None:
    """Blocks have a bound of the parser's; emphasis within emphasis has none."""
    if any(one.level > _DEEPEST for one in state.tokens):
        raise _TooMuch


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    parser.disable("image")
    parser.add_render_rule("link_open", _open_link)
    lines = ["paragraph", "reference", "blockquote", "list"]
    parser.block.ruler.before("table", "count", _count, {"alt": lines})
    parser.inline.ruler.before("text", "count", _count)
    parser.inline.ruler2.after("fragments_join", "depth", _refuse_deeper)
    parser.core.ruler.after("block", "count", _count_blocks)
    return parser


def _open_link(
    renderer: RendererHTML, tokens: list[Token], index: int, options: Any, env: Any
) -> str:
    tokens[index].attrSet("rel", "noopener noreferrer nofollow")
    return renderer.renderToken(tokens, index, options, env)


def texts_of(tokens: list[Token]) -> Iterator[str]:
    """What a reader reads in each of the blocks: a paragraph, a heading, a cell, a code block."""
    for token in tokens:
        if token.type == "inline":
            yield "".join(_inline(token.children or []))
        elif token.type in ("fence", "code_block"):
            yield token.content


def _inline(tokens: list[Token]) -> Iterator[str]:
    for token in tokens:
        yield " " if token.type in ("softbreak", "hardbreak") else token.content
