"""Strict serializers: no coercion, no unknown names, no masks; all faults named at once."""

from typing import Any

import pytest
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from manage_api.fields import (
    IsSetField,
    JsonObjectField,
    SecretField,
    StrictBooleanField,
    StrictCharField,
    StrictChoiceField,
    StrictDecimalField,
    StrictIntegerField,
)
from manage_api.operations import all_operations
from manage_api.pagination import Pagination
from manage_api.serializers import StrictSerializer
from tests.each import each


class Inner(StrictSerializer):
    text = StrictCharField()


class Everything(StrictSerializer):
    text = StrictCharField(required=False, max_length=5)
    blank = StrictCharField(required=False, allow_blank=True)
    number = StrictIntegerField(required=False, min_value=-5, max_value=5)
    whole = StrictIntegerField(required=False)
    yes = StrictBooleanField(required=False)
    price = StrictDecimalField(required=False, max_digits=5, decimal_places=2)
    choice = StrictChoiceField(required=False, choices=["a", "b", "1"])
    payload = JsonObjectField(required=False)
    secret = SecretField(required=False)
    shown = serializers.CharField(read_only=True)
    inner = Inner(required=False)
    inners = serializers.ListField(child=Inner(), required=False)


def codes(data: Any, text: bool = False, cls: type[StrictSerializer] = Everything) -> Any:
    """The codes of what is wrong, in the shape of the input; {} when nothing is."""
    serializer = cls(data=data, context={"text": text})
    serializer.is_valid()
    return _codes(serializer.errors)


def _codes(errors: Any) -> Any:
    if isinstance(errors, dict):
        return {str(name): _codes(one) for name, one in errors.items()}
    if isinstance(errors, list) and errors and isinstance(errors[0], ErrorDetail):
        return errors[0].code
    return [_codes(one) for one in errors]


WRONG_TYPES: dict[str, list[Any]] = {
    "text": [5, 5.5, True, None, [], {}, ["a"]],
    "number": ["5", 1.5, True, False, None, [], {}, ""],
    "whole": [2**63, -(2**63) - 1, 1e300, "1"],
    "yes": ["true", "false", "yes", 1, 0, None, [], ""],
    "price": [True, None, [], {}, "abc", "NaN", "Infinity", "1,5"],
    "choice": [1, True, None, [], {}, "c", ""],
    "payload": ["{}", [], 5, True, None],
    "inner": ["x", [], 5],
    "inners": ["x", {}, 5],
}


@each(("name", "wrong"), [(name, one) for name, wrong in WRONG_TYPES.items() for one in wrong])
def test_the_wrong_json_type_is_refused(name: str, wrong: Any) -> None:
    assert set(codes({name: wrong})) == {name}


@each(
    "data",
    [
        {"text": "abcde"},
        {"blank": ""},
        {"number": -5},
        {"number": 5.0},
        {"whole": 2**63 - 1},
        {"yes": False},
        {"price": "-999.99"},
        {"price": 12.5},
        {"price": 12},
        {"choice": "1"},
        {"payload": {"any": [1, None, {"thing": True}]}},
        {"secret": "s3cret"},
        {"inner": {"text": "x"}, "inners": [{"text": "y"}]},
        {},
    ],
)
def test_the_right_json_type_is_taken(data: dict[str, Any]) -> None:
    assert codes(data) == {}


@pytest.mark.parametrize(
    ("text", "number"), [("5", 5), ("-5", -5), ("0", 0), ("-0", 0), ("0003", 3)]
)
def test_a_query_string_says_numbers_in_digits(text: str, number: int) -> None:
    serializer = Everything(data={"number": text}, context={"text": True})
    assert serializer.is_valid()
    assert serializer.validated_data == {"number": number}


@pytest.mark.parametrize(
    "text", [" 5", "5 ", "1_0", "٥", "５", "5.0", "0x5", "+5", "", "1e0", "5\n"]
)
def test_and_in_nothing_that_python_would_take_besides(text: str) -> None:
    assert codes({"number": text}, text=True) == {"number": "invalid"}


@pytest.mark.parametrize("text", ["True", "TRUE", "1", "0", "on", "yes", "", "t", " true"])
def test_a_query_string_says_true_or_false(text: str) -> None:
    assert codes({"yes": text}, text=True) == {"yes": "invalid"}
    for right in ("true", "false"):
        assert codes({"yes": right}, text=True) == {}


@each(
    "mask",
    [
        *("***", "********", "•••", "●●●●", "...", "…………", "xxxxxxxx", "XXXX", "---", "####"),
        *("sk-****abcd", "abcd••••", "som_6tKm…uukO", "se**********et"),
    ],
)
def test_a_mask_sent_back_is_no_secret(mask: str) -> None:
    assert codes({"secret": mask}) == {"secret": "masked_secret"}


@pytest.mark.parametrize("secret", ["a*b", "x", "xx", "s3cr3t.with-signs#", "…", "p**q", "a…b"])
def test_but_a_secret_may_contain_such_signs(secret: str) -> None:
    assert codes({"secret": secret}) == {}


def test_a_secret_is_never_shown_and_never_empty() -> None:
    assert codes({"secret": ""}) == {"secret": "blank"}
    assert "secret" not in dict(Everything({"secret": "s", "text": "t"}).data)

    class Shown(serializers.Serializer[Any]):
        is_set = IsSetField(source="key")

    assert Shown({"key": "s"}).data == {"is_set": True}
    assert Shown({"key": None}).data == {"is_set": False}


def test_unknown_and_read_only_names_are_named_with_all_else_that_is_wrong() -> None:
    data = {"txt": "x", "shown": "x", "number": "5", "inner": {"text": "x", "more": 1}}

    assert codes(data) == {
        "txt": "unknown_field",
        "shown": "read_only",
        "number": "invalid",
        "inner": {"more": "unknown_field"},
    }
    assert codes({"inners": [{"text": "x"}, {"txt": "x"}]}) == {
        "inners": {"1": {"text": "required", "txt": "unknown_field"}}
    }


def test_an_inner_object_is_whole_even_where_the_outer_one_need_not_be() -> None:
    """Under PATCH a field left out keeps its value; a row left half empty has none to keep."""

    class Outer(StrictSerializer):
        name = StrictCharField()
        inner = Inner(required=False)
        inners = serializers.ListField(child=Inner(), required=False)

    for data, wrong in (
        ({}, {}),
        ({"inner": {}}, {"inner": {"text": "required"}}),
        ({"inners": [{"text": "x"}, {}]}, {"inners": {"1": {"text": "required"}}}),
    ):
        serializer = Outer(data=data, partial=True)
        serializer.is_valid()
        assert _codes(serializer.errors) == wrong


@pytest.mark.parametrize("data", [None, [], "x", 5, True, [{}]])
def test_what_is_no_object_is_refused(data: Any) -> None:
    assert codes(data) in ({"non_field_errors": "invalid"}, {"non_field_errors": "null"})


def test_limits_are_those_that_the_schema_tells() -> None:
    assert codes({"text": "abcdef"}) == {"text": "max_length"}
    assert codes({"number": 6}) == {"number": "max_value"}
    assert codes({"price": "9999.9"}) == {"price": "max_whole_digits"}
    assert codes({"price": "1.001"}) == {"price": "max_decimal_places"}


def test_a_page_is_as_long_as_the_setting_allows(settings: Any) -> None:
    settings.MANAGE_API_MAX_PAGE_SIZE = 3
    fields = Pagination().get_fields()
    pages = type("Pages", (StrictSerializer,), fields)

    assert codes({"per_page": "3"}, text=True, cls=pages) == {}
    assert codes({"per_page": "4"}, text=True, cls=pages) == {"per_page": "max_value"}
    assert codes({"page": "0"}, text=True, cls=pages) == {"page": "min_value"}


def test_one_at_least_means_one_that_says_something() -> None:
    class Chosen(StrictSerializer):
        needs_one = True
        a = StrictBooleanField(required=False)
        b = StrictCharField(required=False, allow_blank=True)

    for nothing in ({}, {"a": False}, {"b": ""}, {"a": False, "b": ""}):
        assert codes(nothing, cls=Chosen) == {"a": "required"}
    assert codes({"a": True}, cls=Chosen) == codes({"b": "x"}, cls=Chosen) == {}


INPUTS: list[Any] = sorted(
    {one.input for one in all_operations() if one.input}, key=lambda one: one.__name__
)
TEXTS = (
    "A",
    " A ",
    "",
    " ",
    "Größe 12",
    "x" * 2000,
    "a\nb",
    "a\0b",
    "\ud800",
    "a\u202eb",
    "\u3164",
    "😀",
)


@each("serializer", INPUTS)
def test_a_plain_text_is_taken_at_once_only_where_all_validators_would_take_it(
    serializer: Any,
) -> None:
    for name, field in serializer().fields.items():
        if isinstance(field, StrictCharField) and field._plain_until >= 0:
            longest = "x" * field._plain_until if field._plain_until < 10**6 else ""
            for text in (*TEXTS, longest, f"{longest}x"):
                assert outcome(field, text) == outcome_of_all(field, text), (name, text[:20])


def outcome(field: StrictCharField, text: str) -> Any:
    try:
        return field.run_validation(text)
    except ValidationError as error:
        return error.get_codes()


def outcome_of_all(field: StrictCharField, text: str) -> Any:
    """What comes of it when every validator is asked."""
    before, field._plain_until = field._plain_until, -1
    try:
        return outcome(field, text)
    finally:
        field._plain_until = before


class Choosy(StrictCharField):
    def to_internal_value(self, data: Any) -> str:
        return super().to_internal_value(data).upper()


def test_a_field_with_rules_of_its_own_is_asked_for_them() -> None:
    def refuse(value: str) -> None:
        raise ValidationError("No.")

    assert Choosy().run_validation("ada") == "ADA"
    assert outcome(StrictCharField(validators=[refuse]), "ada") == ["invalid"]
    assert outcome(StrictCharField(min_length=4), "ada") == ["min_length"]
