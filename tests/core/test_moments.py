"""Moments: in UTC as they are told, and none at which some time zone ends."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import models
from django.test import Client
from pytest_django import Settings
from rest_framework import serializers

from manage_api.fields import MomentField
from manage_api.operations import all_operations
from syteops.core.records import Record
from tests.admin_forms import untouched
from tests.each import each


def test_every_moment_in_an_answer_is_in_utc() -> None:
    """DRF's own fields show them in the zone of the site."""
    answers = [one.output() for one in all_operations() if one.output]
    shown = [field for one in answers for field in _shown(one)]
    moments = {type(one) for one in shown if isinstance(one, serializers.DateTimeField)}
    assert moments == {MomentField}


def _shown(field: Any) -> Iterator[Any]:
    if isinstance(field, serializers.Serializer):
        for one in field.fields.values():
            yield from _shown(one)
    elif child := getattr(field, "child", None):
        yield from _shown(child)
    else:
        yield field


def _moments() -> list[Any]:
    models_ = [one for one in apps.get_models() if issubclass(one, Record)]
    fields = [field for one in models_ for field in one._meta.concrete_fields]
    return [one for one in fields if isinstance(one, models.DateTimeField)]


@each("edge", [datetime.min, datetime.max])
@each("field", _moments())
def test_no_moment_lies_where_some_time_zone_ends(field: Any, edge: datetime) -> None:
    others = [one.name for one in field.model._meta.concrete_fields if one is not field]
    item = field.model(**{field.name: edge.replace(tzinfo=UTC)})

    with pytest.raises(ValidationError) as refused:
        item.clean_fields(exclude=others)

    assert list(refused.value.error_dict) == [field.name]


@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Kiritimati"])
@pytest.mark.parametrize("edge", [("0001-01-01", "00:00:00"), ("9999-12-31", "23:59:59")])
def test_the_ends_of_time_are_refused_beside_the_field(
    page: Client, settings: Settings, zone: str, edge: tuple[str, str]
) -> None:
    settings.TIME_ZONE = zone
    url = "/admin/site/license/1/change/"
    sent = untouched(page.get(url)) | {"expires_at_0": edge[0], "expires_at_1": edge[1]}

    answer = page.post(url, sent)

    assert answer.status_code == 200
    assert "expires_at" in answer.context["adminform"].form.errors
