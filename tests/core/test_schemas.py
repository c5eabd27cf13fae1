"""Configs: merging, defaults and what is told about a wrong one."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syteops.core.schemas import merge_patch, missing, problems, with_defaults
from tests.each import each

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 5},
        "count": {"type": "integer", "minimum": 1, "default": 3},
        "mail": {"type": "string", "format": "email"},
        "url": {"type": "string", "format": "web-url"},
        "kind": {"enum": ["a", "b"]},
        "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 2},
        "look": {
            "type": "object",
            "properties": {"dark": {"type": "boolean", "default": True}, "size": {}},
            "additionalProperties": False,
        },
    },
    "required": ["name"],
    "additionalProperties": False,
}

# From RFC 7396, appendix A.
MERGES = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    (["a", "b"], ["c", "d"], ["c", "d"]),
    ({"a": "b"}, ["c"], ["c"]),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]


@each(("target", "patch", "merged"), MERGES)
def test_patches_merge_as_the_standard_has_it(target: Any, patch: Any, merged: Any) -> None:
    assert merge_patch(target, patch) == merged


def test_merging_leaves_both_sides_alone() -> None:
    target, patch = {"a": {"b": 1}}, {"a": {"c": [1]}}
    merged = merge_patch(target, patch)
    merged["a"]["c"].append(2)
    merged["a"]["b"] = 9
    assert (target, patch) == ({"a": {"b": 1}}, {"a": {"c": [1]}})


NAMES = st.sampled_from("abc")  # few, so that target and patch often name the same
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 9),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner),
    max_leaves=10,
)


@given(st.dictionaries(NAMES, JSON), st.dictionaries(NAMES, JSON))
def test_the_same_patch_twice_changes_nothing_more(target: Any, patch: Any) -> None:
    once = merge_patch(target, patch)
    assert merge_patch(once, patch) == once


def test_defaults_fill_only_what_is_not_there() -> None:
    assert with_defaults(SCHEMA, {}) == {"count": 3, "look": {"dark": True}}
    full = with_defaults(SCHEMA, {"count": 5, "look": {"size": 2}})
    assert full == {"count": 5, "look": {"dark": True, "size": 2}}


def test_defaults_are_copies() -> None:
    schema = {"properties": {"tags": {"default": ["a"]}}}
    with_defaults(schema, {})["tags"].append("b")
    assert with_defaults(schema, {}) == {"tags": ["a"]}


def test_a_config_that_is_no_object_where_one_belongs_is_left_for_validation() -> None:
    assert with_defaults(SCHEMA, {"look": 5})["look"] == 5


WRONG: list[tuple[dict[str, Any], tuple[Any, ...], str]] = [
    ({}, ("config", "name"), "required"),
    ({"name": "x", "no": 1}, ("config", "no"), "unknown_field"),
    ({"name": "x", "look": {"no": 1}}, ("config", "look", "no"), "unknown_field"),
    ({"name": 5}, ("config", "name"), "invalid"),
    ({"name": "longer"}, ("config", "name"), "too_long"),
    ({"name": " "}, ("config", "name"), "invalid"),
    ({"name": "\u200b\u00ad"}, ("config", "name"), "invalid"),
    ({"name": "x", "tags": ["a", "\n"]}, ("config", "tags", 1), "invalid"),
    ({"name": "x", "count": 0}, ("config", "count"), "out_of_range"),
    ({"name": "x", "count": True}, ("config", "count"), "invalid"),
    ({"name": "x", "count": 1.5}, ("config", "count"), "invalid"),
    ({"name": "x", "mail": "no mail"}, ("config", "mail"), "invalid"),
    ({"name": "x", "url": "http://10.0.0.1/"}, ("config", "url"), "invalid"),
    ({"name": "x", "kind": "c"}, ("config", "kind"), "invalid_choice"),
    ({"name": "x", "tags": ["a", 5]}, ("config", "tags", 1), "invalid"),
    ({"name": "x", "tags": ["a", "b", "c"]}, ("config", "tags"), "out_of_range"),
]


@each(("config", "path", "code"), WRONG)
def test_each_problem_has_its_path_and_code(config: Any, path: Any, code: str) -> None:
    found = problems(SCHEMA, config)
    assert [(one.path, one.code) for one in found] == [(path, code)]


def test_all_problems_are_told_at_once() -> None:
    found = problems(SCHEMA, {"no": 1, "count": 0, "tags": [1, 2]})
    assert {one.path[1:] for one in found} == {
        ("no",),
        ("name",),
        ("count",),
        ("tags", 0),
        ("tags", 1),
    }


def test_no_message_repeats_what_was_sent() -> None:
    for config, _, _ in WRONG:
        canary = dict.fromkeys(SCHEMA["properties"], "canary-value") | {"canary-name": 1}
        for one in problems(SCHEMA, {**config, **canary}):
            assert "canary" not in one.detail


def test_an_incomplete_config_may_lack_what_is_required_and_nothing_else() -> None:
    assert problems(SCHEMA, {}, incomplete=True) == []
    assert problems(SCHEMA, {"name": 5}, incomplete=True)
    assert missing(SCHEMA, {}) == ["name"]
    assert missing(SCHEMA, {"name": "x"}) == []


def test_names_that_a_pattern_allows_are_known() -> None:
    schema = {"patternProperties": {"^x-": {"type": "string"}}, "additionalProperties": False}
    assert problems(schema, {"x-a": "b"}) == []
    assert [one.path for one in problems(schema, {"x-a": "b", "y": 1})] == [("config", "y")]


# --- In linear time -------------------------------------------------------------------------


LISTS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "short": {
            "type": "array",
            "items": {"type": "string"},
            "maxItems": 20,
            "uniqueItems": True,
        },
        "long": {"type": "array", "uniqueItems": True},
        "text": {"type": "string", "maxLength": 10, "pattern": "^(a|a)*$"},
    },
    "additionalProperties": False,
}


def test_a_list_that_is_too_long_is_not_looked_into() -> None:
    (error,) = problems(LISTS, {"short": [1] * 200_000})
    assert (error.code, error.detail) == ("out_of_range", "Give 20 at most.")


def test_a_text_that_is_too_long_meets_no_pattern() -> None:
    (error,) = problems(LISTS, {"text": "a" * 100 + "!"})
    assert error.code == "too_long"


def test_whether_items_are_unique_is_told_in_linear_time() -> None:
    assert problems(LISTS, {"long": [{"at": number} for number in range(20_000)]}) == []


@pytest.mark.parametrize(
    ("items", "unique"),
    [
        ([1, 1.0], False),
        ([1, True], True),
        ([0, False], True),
        ([[1], [True]], True),
        ([{"a": 1, "b": [2]}, {"b": [2], "a": 1.0}], False),
        ([{"a": 1}, {"a": True}], True),
        ([[], {}], True),
        (["1", 1], True),
        ([None, None], False),
        ([[1, 2], [2, 1]], True),
    ],
)
def test_items_are_equal_as_json_has_it(items: list[Any], unique: bool) -> None:
    assert (problems(LISTS, {"long": items}) == []) is unique


def test_of_many_problems_a_hundred_are_told() -> None:
    assert len(problems(LISTS, {str(number): 1 for number in range(10_000)})) == 100
    many = {"type": "object", "properties": {"x": {"items": {"type": "string"}}}}
    assert len(problems(many, {"x": [1] * 10_000})) == 100
