"""Reading what a language model answers."""

from datetime import date

import pytest

from syteops.lib.answers import date_of, objects_in, text_of


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ('[{"a": 1}]', [{"a": 1}]),
        ('Sure:\n```json\n[{"a": 1}, 2, {"b": []}]\n```\nBye.', [{"a": 1}, {"b": []}]),
        ("[]", []),
        ("", None),
        ("no list", None),
        ('{"a": 1}', None),
        ("][", None),
        ("[1, 2", None),
        ('[{"a": NaN}]', None),
        ('[{"a": 1, "a": 2}]', None),
        (r'[{"a": "x\ud800y"}]', None),
        ("[" * 100_000 + "]" * 100_000, None),
    ],
    ids=range(12),
)
def test_only_objects_of_a_list_count(answer: str, found: list[object] | None) -> None:
    assert objects_in(answer) == found


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("  a\n b ", "a b"),
        ("abcdef", "abcd"),
        ("a\x00b", "ab"),
        ("a\ud800b", "ab"),
        (5, ""),
        (None, ""),
        (["a"], ""),
    ],
)
def test_a_text_is_one_line_of_a_length(value: object, text: str) -> None:
    assert text_of(value, 4) == text


@pytest.mark.parametrize("value", ["soon", "", None, 20261124, "2026-13-01", ["2026-01-01"]])
def test_what_is_no_date_is_none(value: object) -> None:
    assert date_of(value) is None
    assert date_of("2026-11-24") == date(2026, 11, 24)
