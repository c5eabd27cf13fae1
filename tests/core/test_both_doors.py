"""Every door takes the same values: what is typed into a form, sent as JSON or stands in a file.

Each field of each entity gets the same odd spellings, also one that comes some day.
"""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.test import RequestFactory
from rest_framework import serializers

from manage_api.fields import JsonObjectField, SlotField, StrictIntegerField
from manage_api.operations import all_operations
from syteops.adminkit.catalogue import CatalogueAdmin
from syteops.adminkit.schema_forms import PREFIX, config_fields
from syteops.adminkit.service_admin import ServiceAdmin
from syteops.audit.switchables import merge_config
from syteops.core.actors import SYSTEM
from syteops.core.errors import Invalid
from syteops.core.form_fields import ListField, PictureField, SwitchField
from syteops.core.schemas import normalized, problems, with_defaults
from syteops.crm.models import CrmSystem
from syteops.modules.models import ModuleState
from syteops.transfer.editing import fields_of, form_for
from syteops.transfer.sheets import all_sheets, from_cell
from tests.core.test_line_fields import of_ours
from tests.fixtures import signed_in

pytestmark = pytest.mark.django_db

NUMBERS = (
    "1_0", "１２", "٣", " 12", "12\u00a0", "1e1", "1E1", "+1", "1.", "1,5", "1 000", "NaN", "inf",
    "0x1", "1__0", ".", "-", ".5", "-.5", "9" * 41, "1\n",
)  # fmt: skip
"""What Python takes for a number, or people may, and is none at any door."""
DAYS = (
    "2026-1-5", "20260105", "2026-W01-1", " 2026-01-31", "2026-01-31\n", "01/31/2026", "01/31/26",
    "31.01.2026", "Jan 31 2026", "２０２６-01-31", "2026-02-30", "2026-01-31T00:00",
    "2026-01-31T10:00:00.5+02:00", "0000-01-01", "2026-01-31T10:00:00Z", "-2026-01-31",
)  # fmt: skip
ODD = (
    *NUMBERS, *DAYS,
    "12", "007", "-0", "-1", "1.50", "00.10", "007.5", "1.23456", "-0.0", "100.000",
    "000100", "2026-01-31", "1", "0", "9999999999999999999",
    "true", "True", "on", "off", "yes", "no",
    "a-b", " a-b ", "a-b\t", "\u00a0a", "A-b", "a--b", "a_b", "a b", "ä-b", "ａ", "-a", "a\u200b",
    "https://a.example", " https://a.example ", "HTTPS://A.example", "a.example", "//a.example",
    "http://a b.example", "javascript:alert(1)", "https://ä.example/%zz",
    "a@b.example", " a@b.example ", "A@B.example", "a@b", "<a@b.example>", "a＠b.example",
    '{"a": 1}', ' {"a": 1} ', '{"a": 01}', '{"a": 1e5}', '{"a":1,}', "[]", "null", '"x"',
    "{'a': 1}", '\ufeff{"a":1}', "\u00a0{}", '{"a": NaN}',
    "EUR", "eur", " EUR ", "draft", "DRAFT", " draft", "DE", "de", "Europe/Berlin", "europe/berlin",
    "#ffffff", "#FFF", " #ffffff ", "de-at", "badge", " badge",
)  # fmt: skip
REFUSED = object()


def taken(take: Any, *given: Any) -> Any:
    try:
        return take(*given)
    except (ValidationError, serializers.ValidationError, Invalid):
        return REFUSED


# --- What is compared ------------------------------------------------------------------------


def pages() -> Iterator[Any]:
    for page in admin.site._registry.values():
        if isinstance(page, ServiceAdmin) and not isinstance(page, CatalogueAdmin):
            yield page


def typed_into(page: Any, person: User) -> dict[tuple[str, ...], tuple[Any, Any]]:
    """The fields of its form and of its rows, with the columns that they are of, by the names that
    the API has for them."""
    request = RequestFactory().get("/admin/")
    request.user = person
    rows = {
        (page.inline_values.get(one.model, ""),): (one.get_formset(request).form(), one.model)
        for one in page.get_inline_instances(request)
    }
    found = {}
    for path, (form, model) in {(): (page.get_form(request)(), page.model), **rows}.items():
        columns = {one.name: one for one in model._meta.fields}
        for name, field in form.fields.items():
            found[*path, name] = (field, columns.get(name))
    return found


def sent_to(model: Any, context: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The fields that the API takes of it, new and changed, by path; those alike once."""
    found = {}
    for one in all_operations():
        made: Any = one.input
        writes = one.endpoint in ("create", "partial_update", "update") and made is not None
        if writes and one.viewset.model() is model:
            for path, field in leaves(made(context=context)):
                found[path, repr(field).replace("required=False", "")] = field
    yield from ((path, field) for (path, _), field in found.items())


def leaves(serializer: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, field in serializer.fields.items():
        child = getattr(field, "child", None)
        if isinstance(child, serializers.Serializer) and not field.read_only:
            yield from leaves(child, (*path, name))
        elif not field.read_only:
            yield (*path, name), field


NOT_TYPED = (
    forms.ModelChoiceField,
    forms.ModelMultipleChoiceField,
    forms.MultipleChoiceField,
    forms.BooleanField,
    forms.MultiValueField,
)
"""What offers objects, types of events and two states by means of its own; and boxes that the API
takes under a name each, of which the walk below looks at each."""


def by_form(field: Any, column: Any, text: str) -> Any:
    value = field.clean(text)
    if column is not None and value not in (None, ""):
        column.run_validators(value)
    return value


def by_cell(field: Any, text: str) -> Any:
    return field.run_validation(from_cell(field, text))


def by_json(field: Any, text: str) -> Any:
    """The value that a client would send: of what is no text the number or object itself."""
    if isinstance(field, serializers.ListField):
        return field.run_validation([text])
    if isinstance(field, StrictIntegerField):
        return field.run_validation(int(text))
    if isinstance(field, JsonObjectField):
        return field.run_validation(json.loads(text))
    return field.run_validation(text)


# --- Fields of entities ----------------------------------------------------------------------


def test_a_form_a_file_and_the_api_take_the_same_values(alice: User) -> None:
    seen = set()
    for page in pages():
        typed, plain = typed_into(page, alice), dict(sent_to(page.model, {}))
        for path, field in sent_to(page.model, {"text": True}):
            box, column = typed.get(path, (None, None))
            if box is None or isinstance(box, NOT_TYPED):
                continue
            parts = ",[{\n" if isinstance(box, ListField) else ""
            for text in (one for one in ODD if not set(one) & set(parts)):
                where = f"{page.model.__name__} {path} {text!r}"
                found = taken(by_form, box, column, text)
                assert found == taken(by_cell, field, text), where
                if found is not REFUSED:
                    assert found == taken(by_json, plain[path], text), where
            seen.add(type(box).__name__)
    assert seen >= {"DayField", "DecimalField", "WholeField", "LineField", "MetaField", "ListField"}


def test_rows_edited_together_get_what_one_alone_would_get() -> None:
    seen = 0
    for sheet in all_sheets():
        made: Any = sheet.updates.input
        taking = made(context={"text": True}).fields
        boxes = form_for(sheet).fields
        for name in fields_of(sheet):
            is_typed = isinstance(boxes[name], forms.CharField)
            if not is_typed or isinstance(getattr(taking[name], "child", taking[name]), SlotField):
                continue
            for text in ODD:
                typed = taken(boxes[name].clean, text)
                found = REFUSED if typed is REFUSED else taken(by_cell, taking[name], typed)
                assert found == taken(by_cell, taking[name], text), (sheet, name, text)
            seen += 1
    assert seen > 20


def test_json_has_types_and_nothing_is_taken_for_another(alice: User) -> None:
    seen = 0
    for page in pages():
        for path, field in sent_to(page.model, {}):
            is_text = isinstance(field, serializers.CharField | serializers.ChoiceField)
            if is_text or isinstance(field, serializers.DateField | SlotField):
                wrong: tuple[Any, ...] = (1, 1.5, True, [], {})
            elif isinstance(field, StrictIntegerField | serializers.BooleanField | JsonObjectField):
                wrong = ODD
            else:
                continue
            for value in wrong:
                assert taken(field.run_validation, value) is REFUSED, (page, path, value)
            seen += 1
    assert seen > 50


# --- Fields of forms alone -------------------------------------------------------------------

KINDS = {
    forms.IntegerField: NUMBERS,
    forms.FloatField: NUMBERS,
    forms.DecimalField: NUMBERS,
    forms.DateField: DAYS,
    forms.TimeField: ("9:30", "09:30:00 ", "０９:30", "09:30:61", "9", "09:30Z", "09:30 pm"),
}


def all_boxes(person: User) -> Iterator[tuple[str, Any]]:
    for page in pages():
        for path, (field, _) in typed_into(page, person).items():
            yield f"{page}.{path}", field
    for form in of_ours(forms.BaseForm):
        for name, field in getattr(form, "base_fields", {}).items():
            yield f"{form}.{name}", field


def test_no_box_of_any_form_takes_what_only_python_takes(alice: User) -> None:
    seen = set()
    for name, box in all_boxes(alice):
        assert not isinstance(box, forms.DateTimeField | forms.DurationField), name
        parts: list[Any] = getattr(box, "fields", [box])
        for one in parts:
            take = one.clean
            for kind, texts in KINDS.items():
                if isinstance(one, kind):
                    wrong = [text for text in texts if taken(take, text) is not REFUSED]
                    assert wrong == [], name
                    seen.add(kind)
    assert seen == KINDS.keys() - {forms.FloatField}  # which a config's may be


def test_a_switch_is_on_or_off_and_what_looks_like_off_is_not_on(alice: User) -> None:
    form = type("Form", (forms.Form,), {"switch": SwitchField(required=False)})
    switched = {"": False, "on": True, "true": True, "True": True, "false": False, "False": False}
    for text in (*switched, "0", "1", "off", "no", "yes", "TRUE", " on", "null"):
        sent = form({"switch": text})
        assert sent.is_valid() == (text in switched), text
        assert sent.cleaned_data.get("switch") == switched.get(text)
        assert sent.has_changed() is bool(switched.get(text, True))
    switches = {n: one for n, one in all_boxes(alice) if isinstance(one, forms.BooleanField)}
    assert [n for n, one in switches.items() if not isinstance(one, SwitchField)] == []
    assert len(switches) > 10

    answer = signed_in(alice).post(
        "/admin/crm/crmsystem/add/", {"name": "A", "link_admin_only": "0"}
    )
    assert answer.context["adminform"].form.errors.keys() == {"link_admin_only"}
    assert not CrmSystem.objects.exists()


# --- Configs ---------------------------------------------------------------------------------


@cache
def settings_described() -> list[tuple[str, dict[str, Any]]]:
    """All settings of modules and integrations, and some that theirs may have."""
    found = [
        (name, schema)
        for page in admin.site._registry.values()
        if isinstance(page, CatalogueAdmin)
        for entry in page.find_all()
        for name, schema in entry.config_schema.get("properties", {}).items()
    ]
    return [
        *found,
        ("share", {"type": "number"}),
        ("day", {"type": "string", "format": "date"}),
        ("names", {"type": "array", "items": {"type": "string", "maxLength": 50}}),
    ]


def test_a_config_takes_the_same_values_over_the_api_and_in_its_form() -> None:
    seen = set()
    for name, described in settings_described():
        schema = {"type": "object", "properties": {name: described}}
        box = config_fields(schema, {})[f"{PREFIX}{name}"]
        kind = described.get("type")
        if isinstance(box, PictureField) or kind not in ("integer", "number", "string", "array"):
            continue
        for text in (one for one in ODD if kind != "array" or "\n" not in one):
            sent: Any = [text] if kind == "array" else text
            if kind in ("integer", "number"):
                read = int if kind == "integer" else float
                sent = REFUSED if text in NUMBERS else taken(read_as, read, text)
            typed = taken(box.clean, text)
            by_api, by_page = config_of(schema, name, sent), config_of(schema, name, typed)
            assert by_page == by_api, (name, text)
        seen.add(kind)
    assert seen == {"integer", "number", "string", "array"}


def config_of(schema: dict[str, Any], name: str, value: Any) -> Any:
    """What is stored of the value, if it is."""
    config = normalized(schema, {name: value})
    return REFUSED if value is REFUSED or problems(schema, config) else config[name]


def read_as(kind: Any, text: str) -> Any:
    try:
        return kind(text)
    except ValueError as error:
        raise ValidationError("no number") from error


def test_what_is_chosen_in_a_config_is_written_as_it_is_offered() -> None:
    paper = {"type": "string", "enum": ["A4"]}
    line = {"type": "string", "maxLength": 50}
    schema: dict[str, Any] = {"properties": {"paper": paper, "line": line}}
    kept = {"paper": " A4 ", "line": "A4\n", "other": None}
    assert normalized(schema, kept) == kept
    assert normalized(schema, {"line": " A4 "}) == {"line": "A4"}


def test_a_config_is_stored_normalized() -> None:
    schema = {"type": "object", "properties": {"name": {"type": "string", "maxLength": 50}}}
    state = ModuleState.objects.create(slug="own")
    merge_config(SYSTEM, state, schema, {"name": " Acme "})
    assert ModuleState.objects.get(slug="own").config == {"name": "Acme"}


def test_a_whole_number_of_a_config_is_stored_as_one_however_it_was_sent() -> None:
    """JSON Schema counts 8.0. Stored so it stopped all events, or the numbers of estimates."""
    whole = [(n, one) for n, one in settings_described() if one.get("type") == "integer"]
    assert whole
    for name, described in whole:
        least = described.get("minimum", 8)
        schema = {"properties": {name: described}}
        stored = config_of(schema, name, float(least))
        read = with_defaults(schema, {name: float(least)})[name]  # of what was stored before
        assert [(type(one), one) for one in (stored, read)] == [(int, least)] * 2, name


def test_a_small_number_of_a_config_is_shown_as_it_is_written() -> None:
    schema = {"properties": {"rate": {"type": "number"}}}
    box = config_fields(schema, {"rate": 1e-05})[f"{PREFIX}rate"]
    assert box.prepare_value(1e-05) == "0.00001"
    assert box.clean("0.00001") == 1e-05
