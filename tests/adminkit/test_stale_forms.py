"""A form in the admin does not overwrite what others changed while it was open."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.http import HttpRequest
from django.test import Client

from notes import services as notes
from notes.models import Note
from syteops.adminkit.service_admin import ServiceAdmin
from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.crm import services
from syteops.crm.models import CrmSystem
from tests.fixtures import Api, signed_in

CONFLICT = "Others changed this while you had it open"
BOB = {"username": "bob", "email": "bob@example.com", "is_active": "on", "is_staff": "on"}


class Form:
    """A form in a person's browser: opened, filled in, sent."""

    def __init__(self, client: Client, address: str) -> None:
        self.client, self.address = client, address
        self.page = client.get(address).content.decode()
        self.seen = seen_in(self.page)

    def send(self, **values: Any) -> Any:
        """The answer to saving; the form remembers what it was shown then."""
        answer = self.client.post(self.address, {"_seen": self.seen, "_continue": "1", **values})
        if answer.status_code == 200:
            self.page = answer.content.decode()
            self.seen = seen_in(self.page)
        return answer


def seen_in(page: str) -> str:
    """The hidden field that says what the form has seen."""
    found = re.search(r'name="_seen" value="(\d*)"', page)
    assert found
    return found[1]


@pytest.fixture
def system(db: None) -> CrmSystem:
    return services.create_crm_system(SYSTEM, name="HubSpot", url="https://hubspot.example")


@pytest.fixture
def open_form(alice: User) -> Callable[[Any], Form]:
    """Opens the form of an object as Alice."""
    client = signed_in(alice)

    def open_(obj: Any) -> Form:
        meta = obj._meta
        return Form(client, f"/admin/{meta.app_label}/{meta.model_name}/{obj.pk}/change/")

    return open_


@pytest.fixture
def form(open_form: Callable[[Any], Form], system: CrmSystem) -> Form:
    return open_form(system)


def stored(system: CrmSystem) -> tuple[str, str]:
    system.refresh_from_db()
    return system.name, system.url


def test_a_change_made_meanwhile_is_shown_and_not_overwritten(
    form: Form, system: CrmSystem, api: Api
) -> None:
    api.patch("/crm-systems/001", {"url": "https://eu.hubspot.example"})
    before = AuditEntry.objects.count()

    answer = form.send(name="HubSpot EU", url="https://hubspot.example")

    assert answer.status_code == 200
    assert stored(system) == ("HubSpot", "https://eu.hubspot.example")
    assert AuditEntry.objects.count() == before
    assert CONFLICT in form.page
    for told in ("Site key", "https://hubspot.example", "https://eu.hubspot.example"):
        assert told in form.page
    assert 'value="HubSpot EU"' in form.page  # what Alice entered is not lost


def test_saving_again_overwrites_knowingly(form: Form, system: CrmSystem, api: Api) -> None:
    api.patch("/crm-systems/001", {"url": "https://eu.hubspot.example"})
    form.send(name="HubSpot EU", url="https://hubspot.example")

    answer = form.send(name="HubSpot EU", url="https://hubspot.example")

    assert answer.status_code == 302
    assert stored(system) == ("HubSpot EU", "https://hubspot.example")
    changes = AuditEntry.objects.filter(actor_label="alice").latest("id").changes
    assert changes["url"]["before"] == "https://eu.hubspot.example"


def test_a_further_change_between_the_two_savings_is_shown_again(
    form: Form, system: CrmSystem, api: Api
) -> None:
    api.patch("/crm-systems/001", {"name": "One"})
    form.send(name="Mine")
    api.patch("/crm-systems/001", {"name": "Two"})

    answer = form.send(name="Mine")

    assert answer.status_code == 200
    shown = form.page.partition(CONFLICT)[2]
    assert "Two" in shown
    assert stored(system)[0] == "Two"


def test_a_mistake_in_the_form_does_not_hide_the_change(
    form: Form, system: CrmSystem, api: Api
) -> None:
    form.send(name="")
    api.patch("/crm-systems/001", {"name": "Theirs"})
    form.send(name="")
    assert CONFLICT in form.page

    fresh = form.seen
    form.send(name="")
    assert form.seen == fresh


def test_an_invalid_form_still_has_seen_only_what_it_had(
    form: Form, system: CrmSystem, api: Api
) -> None:
    seen = form.seen
    form.send(name="")
    assert form.seen == seen
    api.patch("/crm-systems/001", {"name": "Theirs"})

    assert form.send(name="Mine").status_code == 200
    assert stored(system)[0] == "Theirs"


def test_of_a_secret_changed_meanwhile_only_that_is_said(
    form: Form, system: CrmSystem, api: Api
) -> None:
    api.put("/crm-systems/001/secret", {"api_key": "canary-4711"})

    form.send(name="Mine")

    assert CONFLICT in form.page
    assert "api key" in form.page
    assert "canary-4711" not in form.page
    assert stored(system)[0] == "HubSpot"


def test_a_refused_attempt_is_no_change(
    form: Form, system: CrmSystem, make_key: Callable[..., str]
) -> None:
    Api(make_key("crm:read")).patch("/crm-systems/001", {"name": "Not allowed"})

    assert form.send(name="Mine", url="").status_code == 302
    assert stored(system) == ("Mine", "")


def test_a_change_of_another_object_is_none_of_its_business(
    form: Form, system: CrmSystem, api: Api
) -> None:
    api.post("/crm-systems", {"name": "Other"})

    assert form.send(name="Mine", url="").status_code == 302


def test_an_object_that_was_deleted_meanwhile_is_not_brought_back(
    form: Form, system: CrmSystem, api: Api
) -> None:
    api.delete("/crm-systems/001?confirm=true")
    api.post("/crm-systems", {"name": "New owner of 001"})

    answer = form.send(name="Mine")

    assert answer.status_code == 302
    assert set(CrmSystem.objects.values_list("name", flat=True)) == {"New owner of 001"}


def test_a_change_in_the_very_last_moment_is_noticed(
    form: Form, system: CrmSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = ServiceAdmin.locked

    def locked_a_little_late(admin: ServiceAdmin, pk: Any) -> Any:
        services.update_crm_system(SYSTEM, CrmSystem.objects.get(pk=pk), name="Theirs")
        monkeypatch.undo()
        return locked(admin, pk)

    monkeypatch.setattr(ServiceAdmin, "locked", locked_a_little_late)

    answer = form.send(name="Mine", url="")

    # Here theirs was undone with it: in one process there is only one transaction.
    assert answer.status_code == 200
    assert "Others changed this" in form.page
    assert stored(system)[0] == "HubSpot"


def test_a_form_that_says_nothing_about_what_it_saw_is_saved(
    form: Form, system: CrmSystem, api: Api
) -> None:
    api.patch("/crm-systems/001", {"name": "Theirs"})
    form.seen = ""

    assert form.send(name="A script's", url="").status_code == 302
    assert stored(system)[0] == "A script's"


@pytest.mark.parametrize("nonsense", ["-1", "1 OR 1=1", "9" * 30, "\x00", "x"])
def test_nonsense_about_what_was_seen_does_no_harm(
    form: Form, system: CrmSystem, nonsense: str
) -> None:
    form.seen = nonsense

    assert form.send(name="Mine", url="").status_code == 302
    assert stored(system)[0] == "Mine"


# --- Objects with rows -------------------------------------------------------------------------


@pytest.fixture
def note(db: None) -> Note:
    items = [{"text": "First"}, {"text": "Second"}]
    return notes.create_note(SYSTEM, title="Minutes", content="Text", action_items=items)


def rows_of(note: Note) -> list[str]:
    return list(note.action_items.order_by("position").values_list("text", flat=True))


def sent_with(note: Note, rows: list[tuple[int | str, str]]) -> dict[str, Any]:
    """The form of a note as a browser sends it; a row is its id and its text."""
    known = sum(1 for pk, _ in rows if pk)
    sent: dict[str, Any] = {
        "title": note.title, "content": note.content, "status": note.status, "slug": note.slug,
        "excerpt": note.excerpt, "meta": "{}", "attendee_names": "[]", "tags": "",
        "action_items-TOTAL_FORMS": len(rows), "action_items-INITIAL_FORMS": known,
        "action_items-MIN_NUM_FORMS": 0, "action_items-MAX_NUM_FORMS": 1000,
    }  # fmt: skip
    for index, (pk, text) in enumerate(rows):
        row = {"id": pk, "note": note.pk, "text": text, "position": index}
        sent |= {f"action_items-{index}-{name}": value for name, value in row.items()}
    return sent


def test_rows_that_were_removed_meanwhile_are_shown_and_can_be_brought_back(
    open_form: Callable[[Any], Form], note: Note
) -> None:
    form = open_form(note)
    first, second = note.action_items.order_by("position")
    rows: list[tuple[int | str, str]] = [(first.pk, "First, mine"), (second.pk, "Second")]
    fresh = Note.objects.get(pk=note.pk)
    notes.update_note(SYSTEM, fresh, action_items=[{"id": second.pk, "text": "Second, theirs"}])

    refused = form.send(**sent_with(note, rows))

    assert refused.status_code == 200
    assert CONFLICT in form.page
    assert rows_of(note) == ["Second, theirs"]
    assert re.search(r'name="action_items-INITIAL_FORMS" value="1"', form.page)
    assert "First, mine" in form.page

    again = sent_with(note, [(second.pk, "Second"), ("", "First, mine")])
    assert form.send(**again).status_code == 302
    assert rows_of(note) == ["Second", "First, mine"]


# --- People ---------------------------------------------------------------------------------------


def test_rights_taken_from_a_person_meanwhile_are_not_given_back(
    open_form: Callable[[Any], Form], bob: User
) -> None:
    form = open_form(bob)
    other = signed_in(User.objects.create_superuser("dora"))
    theirs = Form(other, form.address)
    assert theirs.send(**{**BOB, "is_staff": ""}).status_code == 302

    answer = form.send(**BOB, first_name="Robert")

    assert answer.status_code == 200
    assert "is staff" in form.page.partition(CONFLICT)[2]
    bob.refresh_from_db()
    assert (bob.first_name, bob.is_staff) == ("", False)
    assert form.send(**BOB, first_name="Robert").status_code == 302
    bob.refresh_from_db()
    assert (bob.first_name, bob.is_staff) == ("Robert", True)


def test_that_a_person_signed_in_is_no_reason_to_refuse(
    open_form: Callable[[Any], Form], bob: User
) -> None:
    form = open_form(bob)
    assert Client().login(request=HttpRequest(), username="bob", password="bob-password")

    assert form.send(**BOB, first_name="Robert").status_code == 302


def test_a_group_is_guarded_as_well(open_form: Callable[[Any], Form]) -> None:
    group = Group.objects.create(name="Team")
    form, theirs = open_form(group), open_form(group)
    assert theirs.send(name="Their team").status_code == 302

    answer = form.send(name="My team")

    assert answer.status_code == 200
    assert "Their team" in form.page
    group.refresh_from_db()
    assert group.name == "Their team"
    assert form.send(name="My team").status_code == 302


# --- Catalogues --------------------------------------------------------------------------------


def test_the_config_of_a_module_is_guarded_as_well(alice: User, api: Api) -> None:
    client = signed_in(alice)
    form = Form(client, "/admin/modules/modulestate/estimates/change/")
    mine = {"config_company_name": "Mine", "config_currency": "USD", "config_tax_percent": "0"}
    theirs = {"config": {"company_name": "Theirs"}}
    assert api.patch("/modules/estimates/config", theirs).status_code == 200

    answer = form.send(**mine)

    assert answer.status_code == 200
    assert CONFLICT in form.page
    assert company_name(api) == "Theirs"
    assert form.send(**mine).status_code == 302
    assert company_name(api) == "Mine"


def company_name(api: Api) -> str:
    return str(api.get("/modules/estimates/config").json()["config"]["company_name"])
