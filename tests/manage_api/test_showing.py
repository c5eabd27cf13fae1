"""What is shown quickly is what DRF would show: of every read, of every field that is a column."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from rest_framework import serializers

from manage_api.operations import all_operations
from manage_api.serializers import StrictModelSerializer, StrictSerializer
from manage_api.showing import plan_for
from tests.fixtures import Api
from tests.manage_api.gets import READS, url_of

AS_DRF_DOES_IT = serializers.Serializer.to_representation


class Shout(str):
    """A text of a class of its own."""

    __slots__ = ()

    def __str__(self) -> str:
        return "KO!"


VALUES: list[Any] = [
    *(None, "", "text", "001", Shout("Ko"), 5, 2**62, True, False, {"a": [1, None]}, ["x"]),
    datetime(2026, 1, 31, 12, 30, 15, 120, tzinfo=UTC),
    datetime(987, 1, 31, 12, tzinfo=timezone(timedelta(hours=5, minutes=30))),
    date(2026, 1, 31),
]


@pytest.mark.django_db
@pytest.mark.parametrize("name", READS)
def test_every_read_answers_what_drf_would_answer(
    name: str, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = url_of(name).removeprefix("/api/manage/v1")
    quick = api.get(url)
    monkeypatch.setattr(StrictSerializer, "to_representation", AS_DRF_DOES_IT)

    assert quick.content == api.get(url).content
    assert quick.status_code == 200


def outputs() -> Iterator[Any]:
    """The serializers of answers that show a model."""
    for one in all_operations():
        output: Any = one.output
        if isinstance(output, type) and issubclass(output, StrictModelSerializer):
            yield output


def columns() -> Iterator[tuple[str, Any, Any]]:
    """The fields of answers that show a column, with its model."""
    for one in outputs():
        model = one.Meta.model
        stored = {field.attname for field in model._meta.concrete_fields}
        for name, field in one().fields.items():
            if field.source in stored and not field.write_only:
                yield f"{one.__name__}.{name}", field, model


@pytest.mark.parametrize("name", sorted({name for name, *_ in columns()}))
def test_a_column_shows_whatever_it_holds_as_drf_does(name: str) -> None:
    """Also what nobody would have stored there, such as a number in a text."""
    _, field, model = next(one for one in columns() if one[0] == name)
    plan = plan_for({name: field}, model)
    for value in VALUES:
        shown = model()
        vars(shown)[field.source] = value
        try:
            wanted = as_drf_shows(field, shown)
        except Exception as error:  # noqa: BLE001 - whichever it is: this it cannot hold
            with pytest.raises(type(error)):
                plan.show(shown)
        else:
            assert plan.show(shown) == {name: wanted}, value


def as_drf_shows(field: Any, instance: Any) -> Any:
    value = field.get_attribute(instance)
    return None if value is None else field.to_representation(value)


def test_lists_and_names_of_texts_are_shown_as_drf_shows_them() -> None:
    class Texts(StrictSerializer):
        several = serializers.ListField(child=serializers.CharField())
        named = serializers.DictField(child=serializers.CharField())

    class Thing:
        several: Any = ["a", "b"]
        named: Any = {"001": "a"}

    for several, named in (
        (["a", ""], {"001": "a", "2": ""}),
        ([1, None, Shout("Ko")], {1: "a", "2": None}),
        (("a", "b"), {Shout("Ko"): 5}),
        ([], {}),
    ):
        thing = Thing()
        thing.several, thing.named = several, named
        serializer = Texts()
        shown = serializer.to_representation(thing)
        assert shown == AS_DRF_DOES_IT(serializer, thing)
        assert shown["several"] is not several
        assert shown["named"] is not named


def test_fields_are_shown_in_the_order_in_which_they_are_declared() -> None:
    for one in outputs():
        fields = one().fields
        wanted = [name for name, field in fields.items() if not field.write_only]
        assert list(plan_for(fields, one.Meta.model).names) == wanted
