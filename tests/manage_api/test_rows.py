"""What a list shows from rows is what it shows of objects, and what DRF would."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db import IntegrityError, models, transaction
from rest_framework import serializers

from manage_api import viewsets
from manage_api.rows import plan_rows
from manage_api.serializers import StrictModelSerializer
from manage_api.shared import row_plan
from syteops.core.columns import columns_of
from syteops.core.errors import DomainError
from syteops.team.api import TeamMemberViewSet
from syteops.team.models import TeamMember
from syteops.webhooks.models import Webhook
from tests.fixtures import Api
from tests.manage_api.gets import READS, url_of
from tests.samples import all_samples
from tests.samples.team import a_deleted_member, a_member

pytestmark = [pytest.mark.combination, pytest.mark.django_db]

LISTS = sorted(name for name in READS if name.endswith(".list"))
OURS = ("syteops", "notes", "estimates", "manage_api")
AS_DRF_DOES_IT = serializers.Serializer.to_representation


@pytest.fixture
def as_objects(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """What has lists show objects from now on."""

    def show_objects() -> None:
        monkeypatch.setattr("manage_api.viewsets.row_plan", lambda viewset: None)
        viewsets._settled.cache_clear()

    yield show_objects
    viewsets._settled.cache_clear()


@pytest.mark.parametrize("name", LISTS)
def test_a_list_answers_from_rows_what_it_answers_of_objects(
    name: str, api: Api, as_objects: Any
) -> None:
    url = url_of(name)
    from_rows = api.get(url)
    as_objects()

    assert from_rows.status_code == 200
    assert from_rows.content == api.get(f"{url}&").content


def test_members_are_the_same_whatever_they_have(api: Api, as_objects: Any) -> None:
    odd_members()
    asked = ("", "?ordering=-full_name", "?per_page=3&page=2", "?search=o")
    from_rows = {query: api.get(f"/team-members{query}").content for query in asked}
    shown = api.get("/team-members").json()["users"]
    as_objects()

    assert from_rows == {
        query: api.get(f"/team-members{query}&").content for query in asked[1:]
    } | {"": api.get("/team-members?").content}
    assert [one["full_name"] for one in shown] == ["", "Ada L.", "Ödön", "Bo", "Cy Young", "Eve"]
    assert [one["user"] for one in shown] == [None, "ada", None, None, None, None]
    assert [bool(one["profile_picture"]) for one in shown] == [False] * 4 + [True, False]
    assert shown[3]["crm_ids"] == {"001": "bo-1"}
    assert shown[5]["roles"] == ["site_owner"]


def odd_members() -> None:
    """Each differs from the others in what it has and lacks; one is deleted."""
    samples = all_samples()
    samples["crm.get"]()
    nobody: dict[str, Any] = dict.fromkeys(("first_name", "last_name", "email"), "")
    a_member(**nobody)
    a_member(full_name="Ada L.", user=User.objects.create_user("ada"))
    a_member(**{**nobody, "first_name": "Ödön"}, biography="<b>\u2028\U0001f600\n", notes='"\\')
    a_member(**{**nobody, "last_name": "Bo"}, crm_ids={"001": "bo-1"})
    pictured = a_member(first_name="Cy", last_name="Young", country="AT", time_zone="Europe/Vienna")
    a_deleted_member(first_name="Di")
    TeamMember.objects.filter(pk=pictured.pk).update(profile_picture="team/x/me.png")
    holder = a_member(**{**nobody, "first_name": "Eve"})
    held = apps.get_model("roles.Role").objects.get(slug="site_owner")
    held.assignments.create(member=holder)


def test_members_are_shown_from_rows() -> None:
    assert row_plan(TeamMemberViewSet) is not None


def test_an_entity_of_columns_is_shown_from_rows() -> None:
    """As that of docs/modules.md: a text, an address, a number, a moment."""

    class Hooks(StrictModelSerializer):
        class Meta:
            model = Webhook
            fields = ("id", "name", "url", "active", "types", "created_at")

    assert plan_rows(Hooks().fields, Webhook.objects.all(), ()) is not None


def test_every_column_is_shown_from_rows_as_drf_shows_it_of_objects() -> None:
    """Of every model, of all that the samples make: also what no list has today."""
    for make in all_samples().values():
        try:
            with transaction.atomic():
                make()
        except (DomainError, IntegrityError):
            continue  # another sample has made the same
    odd_members_beside()
    compared = 0
    for model in apps.get_models():
        objects = model._base_manager.order_by("pk")
        if not model.__module__.startswith(OURS) or not objects:
            continue
        kind = serializer_of(model)
        plan = plan_rows(kind().fields, objects, ())
        if plan is not None:
            rows = [*objects.values_list(*plan.paths)]
            assert plan.show(rows, {}) == [AS_DRF_DOES_IT(kind(), one) for one in objects], kind
            compared += len(kind().fields)
    assert compared > 100


def odd_members_beside() -> None:
    TeamMember.objects.update(profile_picture="team/x/me.png")
    a_member(first_name="", last_name="")


def serializer_of(model: type[models.Model]) -> type[serializers.ModelSerializer[Any]]:
    """One of all the model's fields that rows can show."""
    names = [one.attname for one in model._meta.concrete_fields]
    names += [name for name in dir(model) if columns_of(getattr(model, name, None))]
    fields = _serializer(model, names)().fields.items()
    found = model._base_manager.all()
    able = [name for name, one in fields if plan_rows({name: one, "twice": one}, found, ())]
    return _serializer(model, able)


def _serializer(model: Any, names: list[str]) -> type[serializers.ModelSerializer[Any]]:
    meta = type("Meta", (), {"model": model, "fields": names})
    mapping = {**StrictModelSerializer.serializer_field_mapping}
    mapping[models.SlugField] = serializers.SlugField  # no list has one of ours
    body = {"Meta": meta, "serializer_field_mapping": mapping}
    return type("Shown", (StrictModelSerializer,), body)


def test_a_list_from_rows_makes_no_objects(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    a_member()
    monkeypatch.setattr(
        TeamMember, "from_db", classmethod(lambda *args, **more: pytest.fail("an object"))
    )

    assert api.get("/team-members").json()["users"][0]["full_name"] == "Ada Lovelace"
