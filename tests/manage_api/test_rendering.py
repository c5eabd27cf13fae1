"""JSON in and out: hostile bodies are refused in plain words, whatever a parser would let pass."""

import json
import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.exceptions import ParseError

from manage_api.rendering import JsonRenderer, dump, load, parse
from syteops.lib.json_reader import MAX_DEPTH
from tests.each import each
from tests.fixtures import Api, is_refusal

# Each with the reason why it is dangerous to take.
HOSTILE = {
    "two readers would see two names": b'{"name": "a", "name": "b"}',
    "the same one level down": b'{"a": {"x": 1, "x": 2}}',
    "the same by another spelling": rb'{"a": 1, "\u0061": 2}',
    "no JSON number": b'{"a": NaN}',
    "no JSON number either": b'{"a": Infinity}',
    "nor this": b'{"a": -Infinity}',
    "becomes infinite": b'{"a": 1e999}',
    "becomes infinite below": b'{"a": -1e999}',
    "beyond 64 bits": b'{"a": 9223372036854775808}',
    "beyond 64 bits below": b'{"a": -9223372036854775809}',
    "would take a second to convert": b'{"a": ' + b"9" * 5000 + b"}",
    "deeper than any real input": b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1),
    "exhausts the parser": b"[" * 100_000,
    "exhausts the parser by objects": b'{"a":' * 100_000,
    "not UTF-8": b'{"a": "\xff"}',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "an overlong NUL": b'{"a": "\xc0\x80"}',
    "half a surrogate pair": rb'{"a": "\ud800"}',
    "half a surrogate pair in a name": rb'{"\udfff": 1}',
    "raw surrogates": b'{"a": "\xed\xa0\x80"}',
    "no database stores NUL": rb'{"a": "x\u0000y"}',
    "NUL in a name": rb'{"\u0000": 1}',
    "a byte order mark": b"\xef\xbb\xbf{}",
    "two values": b"{} {}",
    "a comment": b"{} // x",
    "single quotes": b"{'a': 1}",
    "a trailing comma": b'{"a": 1,}',
    "cut short": b'{"a": ',
    "nothing but blanks": b"  ",
}


@each("body", HOSTILE.values())
def test_it_is_refused(body: bytes) -> None:
    with pytest.raises(ParseError):
        parse(body)


@each("body", HOSTILE.values())
def test_over_http_it_is_a_400_in_the_one_shape(api: Api, body: bytes) -> None:
    for method, path in (("POST", "/crm-systems"), ("POST", "/dispatch")):
        answer = api.call(method, path, body)
        assert (answer.status_code, answer.json()["code"]) == (400, "parse_error")
        assert is_refusal(answer)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"9223372036854775807", 2**63 - 1),
        (b"-9223372036854775808", -(2**63)),
        (b"1e308", 1e308),
        (b"1e-999", 0.0),
        ('"ü€😀"'.encode(), "ü€😀"),
        (rb'"\ud83d\ude00"', "😀"),
        (b"[" * MAX_DEPTH + b"]" * MAX_DEPTH, json.loads("[" * MAX_DEPTH + "]" * MAX_DEPTH)),
        (b' {"a": [1, 2.5, "x", null, true]} ', {"a": [1, 2.5, "x", None, True]}),
    ],
)
def test_the_limits_themselves_are_fine(body: bytes, value: Any) -> None:
    assert parse(body) == value


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.text(st.characters(codec="ascii", exclude_characters="\x00")), inner)
    ),
    max_leaves=20,
)


@given(json_values)
def test_what_goes_out_comes_in_again(value: Any) -> None:
    assert parse(dump(value)) == load(dump(value)) == value


@given(st.binary(max_size=200))
def test_no_bytes_crash_it(body: bytes) -> None:
    try:
        value = parse(body)
    except ParseError:
        return
    assert json.loads(body) == value


def test_no_number_goes_out_that_is_none() -> None:
    assert dump({"a": math.nan, "b": Decimal("1.10")}) == b'{"a":null,"b":"1.10"}'


def test_bytes_are_taken_as_rendered_and_none_as_no_body() -> None:
    assert JsonRenderer().render(b'{"a":1}') == b'{"a":1}'
    assert JsonRenderer().render(None) == b""
