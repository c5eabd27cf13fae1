"""The trail in the admin: read by those who may, filtered and searched, changed by nobody."""

import html
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from syteops.audit import words
from syteops.audit.models import AuditEntry, Outcome
from syteops.core.actors import SYSTEM, Actor, ActorKind, Channel, command
from syteops.crm import services as crm
from syteops.history.templatetags import audit_words
from tests.each import each
from tests.fixtures import Api, signed_in
from tests.manage_api.pages import Page

pytestmark = pytest.mark.django_db

LIST = "/admin/audit/auditentry/"


@pytest.fixture
def changed(db: None) -> AuditEntry:
    """A CRM system was added and renamed; the entry of the latter."""
    system = crm.create_crm_system(SYSTEM, name="HubSpot", url="https://a.example")
    crm.update_crm_system(command("import"), system, name="<b>Zoho</b>", url="")
    return AuditEntry.objects.latest("id")


def shown(page: Client, address: str) -> str:
    response = page.get(address)
    assert response.status_code == 200, address
    return html.unescape(response.content.decode())


def test_the_list_says_what_happened_in_words(page: Client, changed: AuditEntry) -> None:
    text = shown(page, LIST)
    assert "changed CRM system <b>Zoho</b> (001)" in text
    assert "added CRM system HubSpot (001)" in text
    assert b"<b>Zoho" not in page.get(LIST).content


def test_a_client_who_signs_as_admin_is_none(page: Client, changed: AuditEntry) -> None:
    """Whoever has the link of an estimate writes a name of choice."""
    system = crm.create_crm_system(SYSTEM, name="HubSpot")
    for name in ("alice", 'x" alice', ""):
        client = Actor(ActorKind.CLIENT, "estimates_items/1", name, Channel.PUBLIC)
        crm.update_crm_system(client, system, name=f"By {name}")
    newest = AuditEntry.objects.order_by("-id")[:3]
    labels = ["Somebody", 'client "x\' alice"', 'client "alice"']

    assert [words.actor_name(one) for one in newest] == labels
    text = shown(page, LIST)
    assert 'client "alice"' in text
    for entry, label in zip(newest, labels, strict=True):
        assert f"{label} changed" in shown(page, f"{LIST}{entry.pk}/change/")
    assert 'client "alice"' in shown(page, f"/admin/crm/crmsystem/{system.pk}/history/")


@pytest.mark.parametrize("name", ["SyteOps", "syteops", "Somebody"])
def test_a_person_who_is_called_as_the_site_itself_is_still_a_person(
    page: Client, name: str
) -> None:
    """The invited choose their names."""
    person = Actor(ActorKind.PERSON, "7", name, Channel.ADMIN)
    system = crm.create_crm_system(person, name="HubSpot")
    crm.update_crm_system(SYSTEM, system, name="Zoho")
    mine, own = AuditEntry.objects.order_by("id")[:2]
    assert [words.actor_name(one) for one in (mine, own)] == [f'person "{name}"', "SyteOps"]
    assert f'person "{name}"' in shown(page, f"{LIST}?q=person")


@each(
    ("query", "found"),
    [
        ("?outcome__exact=changed", 2),
        ("?outcome__exact=refused", 0),
        ("?door__exact=command", 1),
        ("?object_resource=crm", 2),
        ("?object_resource=users", 0),
        ("?actor=command:import", 1),
        ("?actor=person:1", 0),
        ("?actor=nonsense", 2),
        ("?q=HubSpot", 1),
        ("?q=001", 2),
        ("?q=nothing", 0),
        ("?at__year=2000", 0),
        ("?object=001", 2),
        ("?object=01", 0),
        ("?object=", 2),
        ("?object_resource=crm&object=001&door__exact=command", 1),
        ("?at_from=2000-01-01", 2),
        ("?at_from=2999-01-01", 0),
        ("?at_to=2999-01-01", 2),
        ("?at_to=2000-01-01", 0),
        ("?at_from=nonsense&at_to=", 2),
        ("?at_from=0001-01-01&at_to=9999-12-31", 2),
    ],
)
def test_filters_and_search(page: Client, changed: AuditEntry, query: str, found: int) -> None:
    response: Any = page.get(LIST + query)
    assert response.status_code == 200
    assert response.context["cl"].result_count == found


def test_applying_one_filter_keeps_the_others(page: Client, changed: AuditEntry) -> None:
    """What the form of the search, or that of the filters, sends is all that is left."""
    chosen = {
        "actor": "command:import",
        "object_resource": "crm",
        "object": "001",
        "at_from": "2000-01-01",
        "at_to": "2999-01-01",
        "outcome__exact": "changed",
        "door__exact": "command",
        "at__year": str(changed.at.year),
        "q": "Zoho",
    }

    forms = Page(shown(page, f"{LIST}?{urlencode(chosen)}")).forms
    search, filters = (one.values for one in forms if "actor" in one.values)

    for values in (search, filters):
        assert {name: first(values[name]) for name in chosen} == chosen


def first(value: str | list[str]) -> str:
    return value[0] if isinstance(value, list) else value


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Auckland", "America/Los_Angeles"])
def test_a_period_has_both_its_days_in_the_site_s_time_zone(
    page: Client, changed: AuditEntry, settings: Any, zone: str
) -> None:
    settings.TIME_ZONE = zone
    first, last = (datetime(2026, 3, day, tzinfo=ZoneInfo(zone)) for day in (1, 4))
    moments = [first, last - timedelta(seconds=1), first - timedelta(seconds=1), last]
    entries = [AuditEntry(event=f"crm_system.n{n}", at=at) for n, at in enumerate(moments)]
    AuditEntry.objects.all().delete()
    AuditEntry.objects.bulk_create(entries)

    found: Any = page.get(f"{LIST}?at_from=2026-03-01&at_to=2026-03-03")

    assert {one.event for one in found.context["cl"].result_list} == {
        "crm_system.n0",
        "crm_system.n1",
    }


def test_a_request_id_finds_its_entries(page: Client, api: Api) -> None:
    api.post("/crm-systems", {"name": "HubSpot"}, X_Request_ID="trace-me-1234")
    response: Any = page.get(f"{LIST}?q=trace-me-1234")
    assert [one.event for one in response.context["cl"].result_list] == ["crm_system.created"]


def test_an_entry_shows_each_field_before_and_after(page: Client, changed: AuditEntry) -> None:
    text = " ".join(shown(page, f"{LIST}{changed.pk}/change/").split())
    assert '<th scope="row">name</th><td>HubSpot</td><td><b>Zoho</b></td>' in text
    assert '<th scope="row">url</th><td>https://a.example</td><td>—</td>' in text
    assert b"<b>Zoho" not in page.get(f"{LIST}{changed.pk}/change/").content


def test_nobody_adds_changes_or_deletes(page: Client, changed: AuditEntry) -> None:
    before = list(AuditEntry.objects.values())
    one = f"{LIST}{changed.pk}"
    for address in (f"{LIST}add/", f"{one}/change/", f"{one}/delete/"):
        assert page.post(address, {"event": "x", "post": "yes"}).status_code == 403
    page.post(LIST, {"action": "delete_selected", "_selected_action": changed.pk, "post": "yes"})
    assert page.get(f"{LIST}add/").status_code == 403
    assert list(AuditEntry.objects.exclude(outcome=Outcome.REFUSED).values()) == before


def test_an_entry_that_is_not_there_leads_back(page: Client) -> None:
    assert page.get(f"{LIST}999999/change/").status_code == 302


def test_it_takes_its_permission(bob: User, changed: AuditEntry) -> None:
    client = signed_in(bob)
    for address in (LIST, f"{LIST}{changed.pk}/change/"):
        assert client.get(address).status_code == 403
    bob.user_permissions.add(Permission.objects.get(codename="view_auditentry"))
    for address in (LIST, f"{LIST}{changed.pk}/change/"):
        assert client.get(address).status_code == 200


def test_an_object_s_history_is_open_to_those_who_see_the_object(
    bob: User, charlie: User, changed: AuditEntry
) -> None:
    from syteops.crm.models import CrmSystem

    address = f"/admin/crm/crmsystem/{CrmSystem.objects.get().pk}/history/"
    client = signed_in(bob)
    text = shown(client, address)
    assert "changed CRM system" in text
    assert "Details" not in text  # the entry itself is not for Bob
    client.force_login(charlie)
    assert client.get(address).status_code == 302


def test_the_list_takes_a_constant_number_of_queries(
    page: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    crm.create_crm_system(SYSTEM, name="First")
    page.get(LIST)
    with CaptureQueriesContext(connection) as few:
        page.get(LIST)
    for number in range(10):
        crm.create_crm_system(SYSTEM, name=f"System {number}")
    with django_assert_num_queries(len(few)):
        page.get(LIST)


# --- Words ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"event": "person.signed_in"}, "signed in"),
        ({"event": "api.disabled"}, "disabled the API"),
        (
            {"event": "crm_system.created", "object_label": "HubSpot", "object_id": "001"},
            "added CRM system HubSpot (001)",
        ),
        (
            {"event": "strange_thing.made_up", "object_label": "", "object_id": "7"},
            "made up strange thing 7",
        ),
        (
            {"event": "crm.refused", "operation": "crm.delete", "object_id": "001"}
            | {"outcome": Outcome.REFUSED, "code": "insufficient_scope"},
            "was refused crm.delete 001: insufficient scope",
        ),
        (
            {"event": "person.sign_in_failed", "outcome": Outcome.REFUSED, "code": "throttled"},
            "failed to sign in as nobody known here: throttled",
        ),
        (
            {"event": "keys.refused", "outcome": Outcome.REFUSED, "code": "key_expired"},
            "was turned away: key expired",
        ),
        (
            {"event": "keys.refused", "operation": "keys.create", "outcome": Outcome.REFUSED}
            | {"code": "permission_denied"},
            "was refused keys.create: permission denied",
        ),
    ],
)
def test_entries_in_words(values: dict[str, Any], sentence: str) -> None:
    assert words.sentence(AuditEntry(**values)) == sentence


@pytest.mark.parametrize(
    ("stored", "text"),
    [
        (None, "—"),
        ("", "—"),
        ([], "—"),
        (True, "yes"),
        (False, "no"),
        (0, "0"),
        (["a", "b"], "a, b"),
        ({"a": 1}, '{\n  "a": 1\n}'),
    ],
)
def test_values_in_words(stored: Any, text: str) -> None:
    assert audit_words.value(stored) == text
