"""Markdown is safe to show, and short as plain text."""

import json
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syteops.lib import markdown
from syteops.lib.markdown import excerpt, says_something, to_html, to_text, to_tree
from tests.each import each
from tests.effort import takes_over

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "a <b onmouseover=alert(1)>b</b>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:msgbox)",
    "![x](javascript:alert(1))",
    "![x](https://spy.example/pixel.gif)",
    "<javascript:alert(1)>",
    '[x](https://a.example "onclick=alert(1)")',
    '[x](https://a.example/"onmouseover="alert(1))',
    "[x]: javascript:alert(1)\n\n[x]",
    "`<script>`\n\n```\n<script>\n```\n\n    <script>",
    "| a |\n|---|\n| <script> |",
    "<!-- --><style>*{}</style>",
    "\x00<scr\x00ipt>",
]


@each("text", HOSTILE)
def test_nothing_typed_becomes_active(text: str) -> None:
    html = to_html(text)

    for tag in ("<script", "<img", "<style", "<iframe", "<!--", "<b "):
        assert tag not in html.lower(), html
    for scheme in ("javascript", "vbscript", "data"):
        assert f'href="{scheme}' not in html.lower(), html
    for attribute in (' onmouseover="', " onerror=alert(1)>", " onclick="):
        assert attribute not in html.replace("&quot;", '\\"'), html


@given(st.text(alphabet="<>\"'&[]()!`*_#|-:/\\ \nabcjs", max_size=80))
def test_no_text_whatever_opens_a_tag_of_its_own(text: str) -> None:
    tags = set(__import__("re").findall(r"<(/?[a-z0-9]+)", to_html(text)))

    assert not tags & {"script", "img", "iframe", "style", "object", "svg"}


LONGEST = 100_000
REPEATED = [
    "[", "![", "[a](", "[](", "*a ", "*a_ ", "**", "**a**", "`a", "> ", "- a\n", "* a\n+ a\n",
    "1. a\n", "a* b_ ", "<", "&", "~~a ", "|a", "|a\n|-\n", "[a]: b\n", "\\", "[x](y) ", "# a\n",
    "a\n=\n", "a\n\n",
]  # fmt: skip
COMPOSED = [
    "> " * 20 + "a\n" + "b\n" * (LONGEST // 2),
    ">" * (LONGEST // 2) + "a\n" * (LONGEST // 4),
    "|a" * 12_500 + "\n" + "|-" * 12_500 + "\n" + "a\n" * 25_000,
    "*" * (LONGEST // 2 - 1) + "a" + "*" * (LONGEST // 2 - 1),
    "*a **a " * 7_000 + "a** a* " * 7_000,
    "[" * (LONGEST // 2) + "](" * (LONGEST // 4),
]
"""What a parser goes through once for each that surrounds it, or makes something of nothing."""


def test_the_longest_text_is_read_in_bounded_time() -> None:
    for text in (*COMPOSED, *((unit * LONGEST)[:LONGEST] for unit in REPEATED)):
        assert not takes_over(2.5, to_tree, text), text[:30]


@each("unit", ["[ ", "[a](", "*a_ "])
def test_nor_do_many_short_ones_add_up(unit: str) -> None:
    text = (unit * LONGEST)[:3_000]

    assert not takes_over(1, lambda: [excerpt(text) for _ in range(50)]), unit


@each("text", COMPOSED)
def test_what_takes_too_much_work_is_shown_as_it_was_typed(text: str) -> None:
    assert unescape(to_html(text)) == f"<pre><code>{text}</code></pre>\n"
    assert to_tree(text) == [{"kind": "code_block", "text": text, "nodes": []}]


def test_emphasis_within_emphasis_has_an_end() -> None:
    assert to_html("**" * 10 + "a" + "**" * 10).count("<strong>") == 10
    assert to_html("**" * 500 + "a" + "**" * 500).count("<strong>") == 0


@each("line", ["- Call Eva about the offer\n", "A line of prose, as *long* as lines are.\n\n"])
def test_as_much_as_people_write_is_shown_as_markdown(line: str) -> None:
    assert "<pre>" not in to_html((line * LONGEST)[:LONGEST])


@each("named", ["[a]: https://a.example/{}", "[a]: /a '{}'"])
@each("link", ["[a] ", "[a][] ", "[b][a] "])
def test_what_links_have_in_common_does_not_make_a_page_endless(named: str, link: str) -> None:
    text = f"{named.format('x' * 50_000)}\n\n{link * 2_000}"

    html, shown = to_html(text), json.dumps(to_tree(text))

    assert max(len(html), len(shown)) < 2_000_000
    assert html.count("<a ") == shown.count('"kind": "link"') > 3
    assert html.endswith(f"{link.strip()}</p>\n"), "what is too much is text"


def test_links_may_share_an_address_as_often_as_people_do() -> None:
    html = to_html("[a]: https://a.example\n\n" + "[a] " * 5_000)

    assert html.count('href="https://a.example"') == 5_000


def test_a_text_is_rendered_once(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = to_html("# Shown *twice*")
    monkeypatch.setattr(markdown, "_parser", None)
    assert to_html("# Shown *twice*") is shown


def test_a_link_tells_its_target_nothing() -> None:
    assert to_html("[x](https://a.example)") == (
        '<p><a href="https://a.example" rel="noopener noreferrer nofollow">x</a></p>\n'
    )


def test_headings_lists_tables_and_code_are_shown() -> None:
    html = to_html("# A\n\n- b\n\n| c |\n|---|\n| d |\n\n```\ne < f\n```\n\n~~g~~")

    for part in ("<h1>A</h1>", "<li>b</li>", "<td>d</td>", "e &lt; f", "<s>g</s>"):
        assert part in html


def test_a_tree_has_what_the_page_has() -> None:
    heading, listed = to_tree("## One [two](https://example.com)\n\n3. three")

    [line] = heading["nodes"]
    assert (heading["kind"], heading["level"]) == ("heading", 2)
    assert [one["kind"] for one in line["nodes"]] == ["text", "link"]
    assert line["nodes"][1]["href"] == "https://example.com"
    assert (listed["kind"], listed["start"]) == ("ordered_list", 3)
    assert to_tree("[x](javascript:alert(1))")[0]["nodes"][0]["nodes"][0]["kind"] == "text"


def test_text_is_what_a_reader_reads() -> None:
    text = "# A *b*\n\n1. `c` [d](https://e.example)\n   f\n\n> g  \n> h &amp; <i>"

    assert to_text(text) == "A b c d f g h & <i>"


@given(st.text(max_size=400), st.integers(10, 100))
def test_an_excerpt_is_one_short_line(text: str, length: int) -> None:
    short = excerpt(text, length)

    assert len(short) <= length + 1
    assert "\n" not in short
    assert short == short.strip()


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("", ""),
        ("short", "short"),
        ("exactly10!", "exactly10!"),
        ("three words here", "three…"),
        ("word, word word", "word, word…"),
        ("unbreakableword", "unbreakabl…"),
    ],
)
def test_an_excerpt_ends_at_a_words_end(text: str, short: str) -> None:
    assert excerpt(text, 10) == short


@each(
    ("text", "says"),
    [("", False), (" \n", False), ("[a]: x", False), ("a", True), ("a" * 100_000, True)],
)
def test_whether_it_says_something(text: str, says: bool) -> None:
    assert says_something(text) is says


@each("piece", ["[", "![", "*a_", "[a]: x\n", "`a", "<a "])
def test_that_takes_no_time_whatever_the_text(piece: str) -> None:
    for text in (piece * (100_000 // len(piece)), (piece * (100_000 // len(piece)))[::-1]):
        assert not takes_over(0.5, says_something, text)
