"""What goes in comes out: every text field of every entity, through the model, API and admin."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django import forms
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import models
from django.test import RequestFactory
from rest_framework import serializers

from estimates.services import create_estimate
from manage_api.fields import StrictCharField
from manage_api.operations import all_operations
from notes.services import create_note
from syteops.adminkit.catalogue import CatalogueAdmin
from syteops.adminkit.service_admin import ServiceAdmin
from syteops.ai.services import create_ai_provider
from syteops.audit.models import AuditEntry
from syteops.automation.choices import ValueType, canonical
from syteops.automation.services import create_variable, create_variable_set
from syteops.core.actors import SYSTEM
from syteops.core.entities import Entity
from syteops.core.form_fields import (
    EmailField,
    JsonField,
    LineField,
    ListField,
    SecretField,
    SlugField,
    TextField,
    WebAddressField,
)
from syteops.core.json_text import JsonTextField
from syteops.core.records import Record
from syteops.core.schemas import problems
from syteops.crm.services import create_crm_system
from syteops.events.models import Event
from syteops.roles.services import create_role
from syteops.team.services import create_team_member
from tests.admin_forms import untouched
from tests.each import each
from tests.filled_in import filled_in
from tests.fixtures import signed_in
from tests.samples.webhooks import a_webhook

HOSTILE = ("a\nb", "a\rb", "a\u202eb", "a\u2066b", "a\x1bb", "a\u2028b", "a\u200fb")
OWN = (LineField, TextField, ListField, JsonField, SecretField, forms.UUIDField)
LINES = "\n\n  indented\n\n\ttab \n"


def _text_fields() -> Iterator[Any]:
    for model in apps.get_models():
        if issubclass(model, Record):
            for field in model._meta.concrete_fields:
                is_text = isinstance(field, models.CharField) and not field.choices
                if is_text and field.model is model:
                    yield model, field


@each(("model", "field"), _text_fields())
def test_a_one_line_column_holds_one_line(model: type[Record], field: Any) -> None:
    for text in HOSTILE:
        others = [one.name for one in model._meta.fields if one is not field]
        with pytest.raises(ValidationError) as refused:
            model(**{field.attname: text}).clean_fields(exclude=others)
        [error] = refused.value.error_dict[field.name]
        assert error.code == "invalid"


def test_every_model_that_people_write_to_is_guarded() -> None:
    """An event has the texts of its entry."""
    seen = 0
    for model in apps.get_models():
        if issubclass(model, Entity) or any(
            isinstance(one, models.ForeignKey) and issubclass(one.related_model, Entity)
            for one in model._meta.fields
        ):
            texts = [f for f in model._meta.concrete_fields if isinstance(f, models.CharField)]
            assert not texts or issubclass(model, Record) or model is Event, model
            seen += bool(texts)
    assert seen


def _inputs() -> Iterator[tuple[str, Any]]:
    for one in all_operations():
        if one.input:
            yield from _leaves(f"{one.resource}.{one.action}", one.input())


def _leaves(name: str, field: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(field, serializers.Serializer):
        for inner, one in field.fields.items():
            if not one.read_only:
                yield from _leaves(f"{name}.{inner}", one)
    elif child := getattr(field, "child", None):
        yield from _leaves(name, child)
    else:
        yield name, field


def test_every_text_that_the_api_takes_is_strict_and_one_line_unless_it_may_have_many() -> None:
    seen = 0
    for name, field in _inputs():
        if not isinstance(field, serializers.CharField):
            continue
        assert isinstance(field, StrictCharField), name
        for text in HOSTILE if field.one_line else ():
            with pytest.raises(serializers.ValidationError) as refused:
                field.run_validation(text)
            assert refused.value.get_codes() == ["invalid"], name
            seen += 1
    assert seen > 100


def test_what_is_too_long_meets_no_pattern() -> None:
    seen = 0
    for name, field in _inputs():
        if isinstance(field, StrictCharField) and field.max_length:
            with pytest.raises(serializers.ValidationError) as refused:
                field.run_validation("a\n" * 500_000)
            assert refused.value.get_codes() == ["max_length"], name
            seen += 1
    assert seen


def test_what_nobody_sees_is_blank_to_the_api() -> None:
    seen = set()
    for name, field in _inputs():
        if isinstance(field, StrictCharField) and not isinstance(field, serializers.EmailField):
            if field.allow_blank:
                assert field.run_validation("\u200b") == "", name
            else:
                with pytest.raises(serializers.ValidationError) as refused:
                    field.run_validation("\u200b")
                assert refused.value.get_codes() == ["blank"], name
            seen.add(field.allow_blank)
    assert seen == {True, False}


def test_no_door_takes_an_address_that_mail_cannot_be_sent_to() -> None:
    """One among the recipients of an integration kept all others from getting their mail."""
    columns = [
        field
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if issubclass(model, Record) and isinstance(field, models.EmailField)
    ]
    inputs = [one for _, one in _inputs() if isinstance(one, serializers.EmailField)]
    taking: list[Any] = [*columns, *inputs]
    doors = [one.run_validators for one in taking]
    doors += [EmailField().clean, partial(canonical, ValueType.EMAIL)]
    for take in doors:
        take("a@b\u00fccher.example")
        with pytest.raises((ValidationError, serializers.ValidationError)):
            take("a@\u05d01.com")
    recipients = {"type": "array", "items": {"type": "string", "format": "email"}}
    schema = {"type": "object", "properties": {"recipients": recipients}}
    assert [one.code for one in problems(schema, {"recipients": ["a@\u05d01.com"]})] == ["invalid"]
    assert len(columns) > 4
    assert inputs


MAKERS: dict[str, Callable[[], Any]] = {
    "note": lambda: create_note(
        SYSTEM, title="T", content=LINES, excerpt=LINES, attendee_names=["Dr. Eva"],
        action_items=[{"text": "call"}], meta={"a": [1, 2.50, "ü"]}, tags=["a b"],
    ),
    "estimate": lambda: create_estimate(
        SYSTEM, title="T", content=LINES, excerpt=LINES, client_name="C", meta={"b": {"a": None}},
        line_items=[{"description": "d", "unit_price": "1.50"}],
    ),
    "team_member": lambda: create_team_member(
        SYSTEM, first_name="A", biography=LINES, notes="\r\nold\r\n", website="HTTP://Crm:8080",
    ),
    "role": lambda: create_role(SYSTEM, name="R", description="d"),
    "crm_system": lambda: create_crm_system(SYSTEM, name="H", url="https://a_b.example.com"),
    "variable": lambda: create_variable(SYSTEM, key="k", value=LINES, description="d"),
    "variable_set": lambda: create_variable_set(
        SYSTEM, name="S", acronym="acme", values=[{"suffix": "s", "type": "text", "value": LINES}]
    ),
    "ai_provider": lambda: create_ai_provider(
        SYSTEM, slug="own", name="Own", base_url="https://ai.example.com/v1"
    ),
    "webhook": a_webhook,
}  # fmt: skip


def _admins() -> list[Any]:
    found = [one for one in admin.site._registry.values() if isinstance(one, ServiceAdmin)]
    return [one for one in found if not isinstance(one, CatalogueAdmin) and is_written(one)]


def is_written(page: Any) -> bool:
    """Whether people both add and change it: an invitation is made, and never changed."""
    return bool(page.service("create") and page.service("update"))


LINE = "\"'<&amp;&#10;e\u0301 \U0001f468\u200d\U0001f469\u200d\U0001f467 =1+1, sha256:"
ODD: list[tuple[type[Any], list[Any]]] = [
    (JsonTextField, [{" a ": [1e-7, 1.0, 10**18, -0.0, None, {}, "\r\n\u2028"], "": {"z": []}}]),
    (models.JSONField, [[" a ", "b,c"], ["a, b"]]),
    (models.TextField, ["\n\n \t</textarea>&#13;e\u0301\u2028\r\n b\r\n", LINE]),
    (models.CharField, [LINE, LINE[:20], "HTTPS://b\u00fccher.example/\u00e4?q=%C3%A4"]),
    (models.DecimalField, [Decimal("0.10"), Decimal("0.00")]),
    (models.DateTimeField, [datetime(2026, 10, 25, 0, 30, 1, 999_999, tzinfo=UTC)]),
    (models.DateField, [date(999, 2, 28), date(2028, 2, 29)]),
]
"""Values that a form may take for others: the first one counts that a column of that type takes."""


def _fill_oddly(model: Any, pk: Any) -> int:
    """Store them past the services; in how many columns."""
    columns = {}
    for field in model._meta.concrete_fields:
        if field.choices or not field.editable or field.unique or field.is_relation:
            continue
        odd = next((values for kind, values in ODD if isinstance(field, kind)), [])
        others = [one for one in model._meta.concrete_fields if one is not field]
        for value in odd:
            item = model._base_manager.get(pk=pk)
            setattr(item, field.attname, value)
            with suppress(ValidationError):
                item.clean_fields(exclude=[one.name for one in others])
                columns[field.attname] = getattr(item, field.attname)
                break
    model._base_manager.filter(pk=pk).update(**columns)
    return len(columns)


@pytest.mark.parametrize("is_odd", [False, True], ids=["usual", "odd"])
@pytest.mark.parametrize("page", _admins(), ids=lambda page: page.model.noun)
def test_saving_a_form_without_a_change_changes_nothing(
    alice: User, page: Any, is_odd: bool
) -> None:
    item = MAKERS[page.model.noun]()
    if is_odd:
        rows = [(page.model, item.pk), *_rows_of(item)]
        assert sum(_fill_oddly(model, pk) for model, pk in rows)
    client = signed_in(alice)
    before = (_stored(item), AuditEntry.objects.count())

    url = f"/admin/{page.opts.app_label}/{page.opts.model_name}/{item.pk}/change/"
    answer = client.post(url, filled_in(client.get(url).content.decode()))

    assert answer.status_code == 302, answer.context["errors"]
    assert (_stored(item), AuditEntry.objects.count()) == before


def _rows_of(item: Any) -> list[tuple[Any, Any]]:
    """What belongs to it, by model and primary key."""
    return [
        (one.related_model, pk)
        for one in item._meta.related_objects
        if issubclass(one.related_model, Record)
        for pk in one.related_model._base_manager.filter(**{one.field.name: item.pk}).values_list(
            "pk", flat=True
        )
    ]


def _stored(item: Any) -> list[Any]:
    """The columns of it and of its rows."""
    return [
        model._base_manager.filter(pk=pk).values()[0]
        for model, pk in [(type(item), item.pk), *_rows_of(item)]
    ]


def test_every_text_of_every_admin_form_is_one_that_the_api_takes(alice: User) -> None:
    request = RequestFactory().get("/admin/")
    request.user = alice
    lines, texts, limited = 0, 0, 0
    for page in admin.site._registry.values():
        if not isinstance(page, ServiceAdmin) or isinstance(page, CatalogueAdmin):
            continue
        fields = page.get_form(request)().fields
        for inline in page.get_inline_instances(request):
            fields |= inline.get_formset(request).form().fields
        fields.pop("own_password", None)  # compared, and stored nowhere
        for name, field in fields.items():
            assert not isinstance(field, forms.CharField) or isinstance(field, OWN), (
                f"{page}.{name}"
            )
            if isinstance(field, LineField):
                lines += 1
                for text in HOSTILE:
                    with pytest.raises(ValidationError):
                        field.clean(text)
            if isinstance(field, TextField):
                texts += 1
                assert field.clean("  a\r\nb\r\n") == "  a\nb\n"
            if isinstance(field, TextField) and field.max_length:
                limited += 1
                with pytest.raises(ValidationError):
                    field.clean("a" * (field.max_length + 1))
    assert lines
    assert texts
    assert limited


@pytest.mark.parametrize(
    ("kind", "right"),
    [
        (LineField, "a"),
        (SlugField, "a"),
        (EmailField, "a@example.com"),
        (WebAddressField, "https://a.example"),
    ],
)
def test_a_line_break_around_a_line_is_one_too(kind: Callable[[], Any], right: str) -> None:
    assert kind().clean(f" {right} ") == right
    for text in (f"\n{right}", f"{right}\r\n", f"{right}\u2028"):
        with pytest.raises(ValidationError):
            kind().clean(text)


@pytest.mark.parametrize("mask", ["••••", "xxxx", "sk-****", "som_a1B2…x9Yz"])
def test_a_mask_is_no_secret_in_the_admin_either(mask: str) -> None:
    assert SecretField().clean("a-secret") == "a-secret"
    with pytest.raises(ValidationError) as refused:
        SecretField().clean(mask)
    assert refused.value.code == "masked_secret"


@pytest.mark.parametrize(
    "meta", ['{"a": NaN}', '{"a": Infinity}', '{"a": 1, "a": 2}', '{"a": 1e999}', "{"]
)
def test_the_admin_reads_json_as_the_api_does(alice: User, meta: str) -> None:
    note = create_note(SYSTEM, title="T")
    client = signed_in(alice)
    url = f"/admin/notes/note/{note.pk}/change/"

    answer = client.post(url, {**untouched(client.get(url)), "meta": meta})

    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors.keys() == {"meta"}
    note.refresh_from_db()
    assert note.meta == {}
