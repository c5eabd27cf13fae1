"""A page of the admin that is refused to a person leaves an entry in the audit trail."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import models
from django.test import Client
from django.urls import reverse

from manage_api.keys.models import ManageKey
from manage_api.keys.queries import refused_uses
from syteops.audit.models import AuditEntry, Outcome
from syteops.core.actors import SYSTEM
from syteops.crm import services as crm
from syteops.crm.models import CrmSystem
from tests.docs.events import is_documented
from tests.fixtures import signed_in
from tests.samples.estimates import a_draft

pytestmark = pytest.mark.django_db


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sets the time, and stops it: no minute ends in the middle of a test."""

    def set_to(seconds: float) -> None:
        monkeypatch.setattr("syteops.core.counters.time.time", lambda: 1_800_000_000.0 + seconds)

    set_to(10)
    return set_to


@pytest.fixture(autouse=True)
def _steady(clock: Any) -> None:
    """For the tests that do not care."""


@pytest.fixture
def page(bob: User) -> Client:
    """Bob's browser. He may see and change CRM systems and nothing else."""
    return signed_in(bob)


@pytest.fixture
def system(db: None) -> CrmSystem:
    return crm.create_crm_system(SYSTEM, name="HubSpot")


def refusals() -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(outcome=Outcome.REFUSED).order_by("id"))


def test_a_page_that_a_person_may_not_open_is_recorded(
    page: Client, bob: User, system: CrmSystem
) -> None:
    address = f"/admin/crm/crmsystem/{system.pk}/delete/"

    answer = page.get(address, headers={"X-Request-ID": "trace-me-0001"})

    assert answer.status_code == 403
    [entry] = refusals()
    assert (entry.event, entry.code) == ("crm.refused", "permission_denied")
    assert (entry.actor_kind, entry.actor_id, entry.actor_label) == ("person", str(bob.pk), "bob")
    assert (entry.door, entry.operation) == ("admin", "crm.delete")
    assert (entry.object_resource, entry.object_id) == ("crm", "001")
    assert entry.object_label == str(system)
    assert (entry.request_id, entry.address) == ("trace-me-0001", "127.0.0.1")


def test_so_is_a_post_that_changes_nothing(page: Client, system: CrmSystem) -> None:
    answer = page.post(f"/admin/crm/crmsystem/{system.pk}/delete/", {"post": "yes"})

    assert answer.status_code == 403
    assert [one.operation for one in refusals()] == ["crm.delete"]
    assert CrmSystem.objects.filter(pk=system.pk).exists()


@pytest.mark.parametrize(
    ("address", "event", "operation", "object_id"),
    [
        ("/admin/crm/crmsystem/add/", "crm.refused", "crm.add", ""),
        ("/admin/crm/crmsystem/999/delete/", "crm.refused", "crm.delete", "999"),
        ("/admin/modules/modulestate/notes/switch/", "modules.refused", "modules.switch", "notes"),
        ("/admin/modules/modulestate/notes/change/", "modules.refused", "modules.change", "notes"),
        ("/admin/auth/group/add/", "groups.refused", "groups.add", ""),
        ("/admin/keys/managekey/create/", "keys.refused", "keys.create", ""),
        ("/admin/keys/managekey/abc/revoke/", "keys.refused", "keys.act", "abc"),
        (
            "/admin/autocomplete/?app_label=team&model_name=teammember&field_name=user",
            "admin.refused",
            "admin.autocomplete",
            "",
        ),
    ],
)
def test_the_entry_tells_what_the_address_tells(
    page: Client, address: str, event: str, operation: str, object_id: str
) -> None:
    assert page.get(address).status_code == 403

    [entry] = refusals()
    assert (entry.event, entry.operation, entry.object_id) == (event, operation, object_id)


def test_people_are_named(page: Client, alice: User) -> None:
    assert page.get(f"/admin/auth/user/{alice.pk}/password/").status_code == 403

    [entry] = refusals()
    assert (entry.event, entry.operation) == ("people.refused", "people.password_change")
    assert (entry.object_id, entry.object_label) == (str(alice.pk), "alice")


def test_a_button_of_an_object_counts_as_a_page(page: Client) -> None:
    draft = a_draft()

    assert page.get(f"/admin/estimates/estimate/{draft.pk}/send/").status_code == 403

    [entry] = refusals()
    assert (entry.event, entry.operation) == ("estimates_items.refused", "estimates_items.send")
    assert entry.object_id == draft.public_id


@pytest.mark.parametrize("model", admin.site._registry, ids=lambda model: model.__name__)
def test_every_list_of_the_admin_records_a_refusal_under_its_own_name(
    page: Client, bob: User, model: type[models.Model]
) -> None:
    bob.user_permissions.clear()
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"

    # What there is one of has its form in place of a list.
    assert page.get(reverse(name), follow=True).status_code == 403

    [entry] = refusals()
    assert entry.event == f"{entry.object_resource}.refused"
    assert entry.object_resource
    assert is_documented(entry.event)


def test_a_minute_keeps_one_for_each_person_and_kind_of_page(
    page: Client, system: CrmSystem, clock: Callable[[float], None]
) -> None:
    other = crm.create_crm_system(SYSTEM, name="Zoho")
    for one in (system, other):
        for _ in range(5):
            page.post(f"/admin/crm/crmsystem/{one.pk}/delete/", {"post": "yes"})
    assert len(refusals()) == 1

    page.get("/admin/crm/crmsystem/add/")
    dave = signed_in(User.objects.create_user("dave", is_staff=True))
    dave.get(f"/admin/crm/crmsystem/{system.pk}/delete/")
    assert [(one.actor_label, one.operation) for one in refusals()] == [
        ("bob", "crm.delete"),
        ("bob", "crm.add"),
        ("dave", "crm.delete"),
    ]

    clock(70)
    page.get(f"/admin/crm/crmsystem/{other.pk}/delete/")
    assert refusals()[-1].object_id == "002"


def test_a_form_from_elsewhere_is_recorded_for_whoever_is_signed_in(
    bob: User, system: CrmSystem
) -> None:
    address = f"/admin/crm/crmsystem/{system.pk}/change/"
    forged, stranger = Client(enforce_csrf_checks=True), Client(enforce_csrf_checks=True)
    forged.force_login(bob)

    assert forged.post(address, {"name": "Forged"}).status_code == 403
    assert stranger.post(address, {"name": "Forged"}).status_code == 403

    assert [(one.actor_label, one.operation) for one in refusals()] == [("bob", "crm.change")]


def test_what_is_not_refused_leaves_nothing(page: Client, charlie: User, system: CrmSystem) -> None:
    visitor = signed_in(charlie)

    assert page.get(f"/admin/crm/crmsystem/{system.pk}/change/").status_code == 200
    assert page.get("/admin/nothing/here/").status_code == 404
    assert Client().get(f"/admin/crm/crmsystem/{system.pk}/delete/").status_code == 302
    assert visitor.get(f"/admin/crm/crmsystem/{system.pk}/delete/").status_code == 302

    assert refusals() == []


def test_an_address_that_no_database_can_hold_is_refused_all_the_same(page: Client) -> None:
    strange = "a%00" + "b" * 300

    assert page.get(f"/admin/crm/crmsystem/{strange}/delete/").status_code == 403

    [entry] = refusals()
    assert entry.object_id == "a " + "b" * 198


def test_a_person_s_refusal_is_no_use_of_a_key(page: Client) -> None:
    page.get("/admin/keys/managekey/abcdefghijkl/")

    assert [one.object_resource for one in refusals()] == [ManageKey.resource]
    assert not refused_uses(7).exists()


def pages_of_nothing() -> Iterator[str]:
    """Every page of the admin that is about one object, of one that is not there."""
    of_all = {"accept", "job"}  # these are open to whoever knows the address, or began it
    for model, page in admin.site._registry.items():
        for one in page.get_urls():
            named = list(getattr(one.pattern, "converters", {}))
            kind = str(one.name).rpartition("_")[2]
            if named and one.name and kind not in of_all and "object_id" in named:
                area = _AREAS.get(model._meta.app_label, "")
                known = {"object_id": "987654", "key": UUID(int=4), "name": area}
                yield reverse(f"admin:{one.name}", kwargs={name: known[name] for name in named})


_AREAS = {"notes": "summary", "estimates": "line_items"}


def test_who_may_see_nothing_does_not_learn_what_is_there(bob: User) -> None:
    """He is refused what is not there as he is what is: rights come before reasons."""
    bob.user_permissions.clear()
    page = signed_in(bob)
    told = {path: page.get(path).status_code for path in pages_of_nothing()}
    assert len(told) > 50
    assert {path: status for path, status in told.items() if status != 403} == {}
