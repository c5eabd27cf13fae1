"""Indents are taken out of templates, and nothing that anybody sees."""

from typing import Any

import pytest
from django.template import engines

from syteops.server.templates import without_indents


@pytest.mark.parametrize(
    ("written", "compiled"),
    [
        ("<p>\n    text\n\n  more</p>", "<p>\ntext\nmore</p>"),
        ("<b>one</b>  <i>two</i>", "<b>one</b>  <i>two</i>"),  # what is on one line
        ("<pre>\n  as\n    written</pre>\n  <p>", "<pre>\n  as\n    written</pre>\n<p>"),
        ("<textarea rows=2>\n  kept</textarea>", "<textarea rows=2>\n  kept</textarea>"),
        ("{% blocktranslate %}\n  a\n  b{% endblocktranslate %}\n  c",
         "{% blocktranslate %}\n  a\n  b{% endblocktranslate %}\nc"),
        ("<preface>\n  text", "<preface>\ntext"),
    ],
)  # fmt: skip
def test_only_indents_go(written: str, compiled: str) -> None:
    assert without_indents(written) == compiled


def test_the_templates_of_the_theme_are_read_so() -> None:
    found: Any = engines["django"].get_template("admin/change_list.html")
    source = found.template.source
    assert "\n    " not in source
    assert "\n{%" in source
