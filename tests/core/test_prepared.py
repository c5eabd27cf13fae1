"""Statements that are composed once find and store what Django's own would."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction
from django.db.transaction import TransactionManagementError
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from syteops.audit.models import AuditEntry
from syteops.core.prepared import (
    Prepared,
    _keeps_texts,
    insert_row,
    insert_rows,
    update_row,
)
from syteops.crm.models import CrmIdentifier, CrmSystem
from syteops.roles.models import Role
from syteops.team.models import TeamMember
from tests.each import each
from tests.samples.crm import a_system
from tests.samples.roles import a_role
from tests.samples.team import a_member

pytestmark = [pytest.mark.combination, pytest.mark.django_db]


def columns(instance: Any) -> dict[str, Any]:
    return {f.attname: getattr(instance, f.attname) for f in instance._meta.concrete_fields}


def test_it_is_composed_once_and_follows_the_values() -> None:
    composed = []

    def compose(number: Any) -> Any:
        composed.append(number)
        return CrmSystem.objects.filter(number=number)

    first, second = a_system(), a_system()
    by_number = Prepared(compose)

    assert by_number(second.number) == [second]
    assert by_number(first.number) == [first]
    assert by_number(77) == []
    assert len(composed) == 1
    assert columns(by_number(first.number)[0]) == columns(CrmSystem.objects.get(pk=first.pk))


@pytest.mark.parametrize("count", [0, 1, 3, 21, 501])
def test_a_list_may_have_any_length(count: int) -> None:
    systems = [a_system() for _ in range(min(count, 22))]
    others = list(range(10**6, 10**6 + count - len(systems)))
    a_system()
    found = Prepared(lambda ids: CrmSystem.objects.filter(pk__in=ids).order_by("pk"))

    assert found([*others, *(one.pk for one in systems)]) == systems


def test_related_objects_come_along(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    member, system = a_member(), a_system()
    CrmIdentifier.objects.create(member=member, system=system, identifier="A-1")
    role = a_role()
    role.assignments.create(member=member)
    joined = Prepared(lambda pk: CrmIdentifier.objects.filter(member=pk).select_related("system"))
    fetched = Prepared(lambda pk: Role.objects.filter(pk=pk).prefetch_related("assignments"))

    with django_assert_num_queries(1):
        assert joined(member.pk)[0].system == system
    with django_assert_num_queries(2):
        assert [one.member_id for one in fetched(role.pk)[0].assignments.all()] == [member.pk]


def test_rows_of_values_and_moments() -> None:
    a_system()
    entry = AuditEntry.objects.latest("id")
    since = Prepared(lambda at: AuditEntry.objects.filter(at__gte=at).values_list("id", "at"))

    assert since(entry.at) == [(entry.pk, entry.at)]
    assert since(entry.at + timedelta(microseconds=1)) == []
    assert len(since(datetime(1, 1, 2, tzinfo=UTC))) == AuditEntry.objects.count() > 1


@pytest.mark.django_db(transaction=True)
def test_a_lock_needs_a_transaction_each_time() -> None:
    system = a_system()
    locked = Prepared(lambda pk: CrmSystem.objects.select_for_update(of=("self",)).filter(pk=pk))
    with (
        transaction.atomic(),
        CaptureQueriesContext(
            connection,
        ) as asked,
    ):
        assert locked(system.pk) == [system]
    if connection.features.has_select_for_update:
        assert "FOR UPDATE" in asked.captured_queries[0]["sql"]

    with pytest.raises(TransactionManagementError):
        locked(system.pk)


def test_a_new_row_is_what_save_would_store() -> None:
    one, other = TeamMember(number=1, last_name="Ö"), TeamMember(number=2, last_name="Ö")

    insert_row(one)
    other.save(force_insert=True)

    stored, saved = TeamMember.objects.order_by("number")
    assert stored.pk == one.pk
    differ = {"id", "uid", "number", "created_at", "updated_at"}
    assert {n for n, v in columns(stored).items() if v != columns(saved)[n]} == differ
    one.first_name = "Ada"
    one.save()
    assert TeamMember.objects.count() == 2


def test_only_the_columns_named_are_changed() -> None:
    member = a_member(first_name="Ada", last_name="Lovelace", city="London")
    before = TeamMember.objects.values().get()
    member.city, member.region = "Graz", "Styria"

    update_row(member, ["city", "updated_at"])

    after = TeamMember.objects.values().get()
    assert {n for n in after if after[n] != before[n]} == {"city", "updated_at"}
    assert after["city"] == "Graz"
    assert after["updated_at"] > before["updated_at"]


def test_a_row_that_is_gone_is_not_changed_silently() -> None:
    member = a_member()
    TeamMember.objects.filter(pk=member.pk).delete()

    with pytest.raises(DatabaseError):
        update_row(member, ["city"])


def test_many_rows_are_stored_as_each_would_be() -> None:
    insert_row(TeamMember(number=1, last_name="Ö", city="Graz"))
    insert_rows([TeamMember(number=n, last_name="Ö", city="Graz") for n in (2, 3)])

    one, two, three = TeamMember.objects.order_by("number")
    differ = {"id", "uid", "number", "created_at", "updated_at"}
    assert {n for n, v in columns(two).items() if v != columns(one)[n]} == differ
    assert {n for n, v in columns(three).items() if v != columns(one)[n]} == differ


def test_pages_and_the_count_follow_what_is_stored() -> None:
    systems = [a_system() for _ in range(5)]
    everything = Prepared(lambda: CrmSystem.objects.order_by("number"))

    assert everything.page(0, 2) == systems[:2]
    assert everything.page(3, 9) == systems[3:]
    assert everything.count() == 5
    systems.append(a_system())
    assert everything.page(5, 1) == systems[5:]
    assert everything.count() == 6


@each("model", [one for one in apps.get_models() if one._meta.managed])
def test_what_is_stored_of_a_text_is_what_django_would_store(model: Any) -> None:
    """Of every column of every model that takes texts as they are."""
    for field in model._meta.concrete_fields:
        for text in ("", "Ada", "  Ö\n", "😀", "1") if _keeps_texts(field) else ():
            assert field.get_db_prep_save(text, connection) == text, field
            assert field.pre_save(model(**{field.attname: text}), add=True) == text, field


def test_texts_of_other_kinds_go_through_django() -> None:
    kept = {field.name for field in TeamMember._meta.concrete_fields if _keeps_texts(field)}
    assert {"first_name", "email", "website", "biography"} <= kept
    assert kept.isdisjoint({"profile_picture", "created_at", "uid", "number", "searched"})
    system = CrmSystem._meta
    assert not _keeps_texts(system.get_field("api_key"))
