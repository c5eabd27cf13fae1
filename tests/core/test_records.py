"""A row that is read is what Django would make of it."""

from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.signals import post_init

from syteops.core.actors import SYSTEM
from syteops.core.records import Record, _asks_no_more
from syteops.team import services
from syteops.team.models import TeamMember
from tests.each import each

RECORDS = [one for one in apps.get_models() if issubclass(one, Record)]


def as_django(model: type[Record], values: list[Any]) -> Any:
    """What Django's own way makes of a row."""
    return models.Model.from_db.__func__(model, "default", _names(model), values)  # type: ignore[attr-defined]


def _names(model: type[Record]) -> list[str]:
    return [field.attname for field in model._meta.concrete_fields]


@each("model", RECORDS)
def test_it_has_the_fields_and_the_state_that_django_gives_it(model: type[Record]) -> None:
    values = [f"value {place}" for place, _ in enumerate(model._meta.concrete_fields)]
    made, wanted = model.from_db("default", _names(model), values), as_django(model, values)
    for name in ("adding", "db", "fields_cache"):
        assert getattr(made._state, name) == getattr(wanted._state, name)
    assert vars(made).keys() == vars(wanted).keys()
    for field in model._meta.concrete_fields:
        assert getattr(made, field.attname) == getattr(wanted, field.attname), field


@pytest.mark.django_db
def test_it_can_be_changed_and_stored() -> None:
    services.create_team_member(SYSTEM, full_name="Ada", email="ada@example.com")
    member = TeamMember.objects.get()
    member.full_name = "Ada Lovelace"
    member.save(update_fields=["full_name"])
    found = TeamMember.objects.get(full_name_folded="ada lovelace")
    assert (found.full_name, found.profile_picture.name) == ("Ada Lovelace", "")
    assert found.last_name_folded == wanted_folding(found)


def wanted_folding(member: TeamMember) -> str:
    fresh = TeamMember(full_name=member.full_name, last_name=member.last_name)
    return str(fresh.last_name_folded)


@pytest.mark.django_db
def test_columns_that_were_not_read_are_fetched_later() -> None:
    services.create_team_member(SYSTEM, full_name="Ada", email="ada@example.com")
    member = TeamMember.objects.only("full_name").get()
    assert "email" in member.get_deferred_fields()
    assert member.email == "ada@example.com"


@pytest.mark.django_db
def test_who_listens_is_told() -> None:
    services.create_team_member(SYSTEM, full_name="Ada")
    heard: list[Any] = []

    def listen(instance: Any, **kwargs: Any) -> None:
        heard.append(instance)

    post_init.connect(listen, sender=TeamMember)
    try:
        member = TeamMember.objects.get()
    finally:
        post_init.disconnect(listen, sender=TeamMember)
    assert heard == [member]


@each("model", RECORDS)
def test_a_column_that_asks_no_more_of_a_text_takes_every_one_that_is_not_too_long(
    model: type[Record],
) -> None:
    for field in model._meta.concrete_fields:
        for text in ("Ada", "?", "a b:c/d", "😀") if _asks_no_more(field) else ():
            assert field.clean(text, model()) == text, field


def test_a_column_with_rules_of_its_own_is_asked_for_them() -> None:
    asks = {f.name for f in TeamMember._meta.concrete_fields if not _asks_no_more(f)}
    assert {"email", "website", "country", "time_zone", "language", "uid"} <= asks
    assert asks.isdisjoint({"first_name", "job_title", "notes"})
    wrong = {"first_name": "x" * 101, "email": "none", "website": "none", "notes": "n" * 10**6}
    with pytest.raises(ValidationError) as refused:
        TeamMember(**wrong).clean_fields()
    assert wrong.keys() <= refused.value.message_dict.keys()
