"""After a conflict in the admin, what nobody touched is never put back.

Each form is sent as a browser sends it: with what its fields held, hidden.
"""

from typing import Any

import pytest
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.http import QueryDict
from django.test import Client, RequestFactory
from django.urls import NoReverseMatch

from notes import services as notes
from notes.models import Note
from syteops.adminkit.merging import with_choices
from syteops.adminkit.rows import PartsInline
from syteops.adminkit.stale_forms import GuardedAdmin
from syteops.audit.rows import MAX_ROWS
from syteops.core.actors import SYSTEM
from syteops.crm import services
from syteops.crm.models import CrmSystem
from syteops.roles.services import create_role
from syteops.team.services import create_team_member
from tests.effort import takes_over
from tests.fixtures import Api
from tests.manage_api.pages import Page

CONFLICT = "Others changed this while you had it open"


class Form:
    """A form in a browser: what it sends is what it shows, but for what is typed."""

    def __init__(self, client: Client, obj: Any) -> None:
        meta = obj._meta
        self.client = client
        self.address = f"/admin/{meta.app_label}/{meta.model_name}/{obj.pk}/change/"
        self.read(client.get(self.address))

    def read(self, answer: Any) -> None:
        self.page = answer.content.decode()
        forms = Page(self.page).forms
        self.values = next(one.values for one in forms if "_seen" in one.values)

    def send(self, **typed: Any) -> Any:
        self.values |= typed
        answer = self.client.post(self.address, self.values)
        if answer.status_code == 200:
            self.read(answer)
        return answer


@pytest.fixture
def system(db: None) -> CrmSystem:
    return services.create_crm_system(SYSTEM, name="HubSpot", url="https://hubspot.example")


@pytest.fixture
def note(db: None) -> Note:
    items = [{"text": "First"}, {"text": "Second"}]
    return notes.create_note(SYSTEM, title="Minutes", content="Text\nof two", action_items=items)


def stored(system: CrmSystem) -> tuple[str, str, bool]:
    system.refresh_from_db()
    return system.name, system.url, system.link_admin_only


def rows_of(note: Note) -> list[str]:
    return list(note.action_items.order_by("position").values_list("text", flat=True))


def test_what_nobody_touched_is_what_others_stored(
    page: Client, system: CrmSystem, api: Api
) -> None:
    form = Form(page, system)
    api.patch("/crm-systems/001", {"url": "https://eu.example", "link_admin_only": True})

    assert form.send(name="Mine").status_code == 200
    assert CONFLICT in form.page
    assert "_take-" not in form.page  # there is nothing to choose
    assert form.values["url"] == "https://eu.example"
    assert stored(system) == ("HubSpot", "https://eu.example", True)

    assert form.send().status_code == 302
    assert stored(system) == ("Mine", "https://eu.example", True)


def test_nothing_is_to_be_corrected_and_the_title_is_the_stored_name(
    page: Client, system: CrmSystem, api: Api
) -> None:
    form = Form(page, system)
    api.patch("/crm-systems/001", {"url": "https://eu.example"})
    form.send(name="Only typed")

    assert "errornote" not in form.page
    assert "Please correct" not in form.page
    title = form.page.partition("<h1")[2].partition("</h1>")[0]
    assert "HubSpot" in title
    assert "Only typed" not in title
    assert "Only typed" not in form.page.partition("<title>")[2].partition("</title>")[0]


@pytest.mark.parametrize(("take", "kept"), [("mine", "Mine"), ("theirs", "Theirs")])
def test_what_both_changed_is_chosen(
    page: Client, system: CrmSystem, api: Api, take: str, kept: str
) -> None:
    form = Form(page, system)
    api.patch("/crm-systems/001", {"name": "Theirs"})
    form.send(name="Mine")

    assert form.values["_take-name"] == "mine"
    shown = form.page.partition("which shall it be?")[2].partition("</fieldset>")[0]
    assert "Mine" in shown
    assert "Theirs" in shown
    assert stored(system)[0] == "Theirs"

    assert form.send(**{"_take-name": take}).status_code == 302
    assert stored(system)[0] == kept


def test_both_entering_the_same_is_no_choice(page: Client, system: CrmSystem, api: Api) -> None:
    form = Form(page, system)
    api.patch("/crm-systems/001", {"name": "Same"})
    form.send(name="Same")
    assert CONFLICT in form.page
    assert "_take-" not in form.page


def test_a_switch_that_was_turned_stays_turned(page: Client, system: CrmSystem, api: Api) -> None:
    form = Form(page, system)
    api.patch("/crm-systems/001", {"name": "Theirs"})
    form.send(link_admin_only="on")
    assert form.send().status_code == 302
    assert stored(system) == ("Theirs", "https://hubspot.example", True)


def test_rows_are_merged_one_by_one(page: Client, note: Note) -> None:
    form = Form(page, note)
    first, second = note.action_items.order_by("position")
    theirs = [{"id": first.pk, "text": "First"}, {"id": second.pk, "text": "Second, theirs"},
              {"text": "Third, theirs"}]  # fmt: skip
    notes.update_note(SYSTEM, Note.objects.get(pk=note.pk), title="Theirs", action_items=theirs)

    form.send(**{"action_items-0-text": "First, mine"})
    assert CONFLICT in form.page
    assert "_take-" not in form.page
    assert form.send().status_code == 302

    assert rows_of(note) == ["First, mine", "Second, theirs", "Third, theirs"]
    note.refresh_from_db()
    assert note.title == "Theirs"


def test_the_same_row_changed_by_both_is_chosen(page: Client, note: Note) -> None:
    form = Form(page, note)
    second = note.action_items.get(position=1)
    theirs = [{"id": second.pk, "text": "Second, theirs"}]  # the first one is gone
    notes.update_note(SYSTEM, Note.objects.get(pk=note.pk), action_items=theirs)

    form.send(**{"action_items-1-text": "Second, mine"})
    assert form.values["_take-action_items-0-text"] == "mine"
    assert form.send(**{"_take-action_items-0-text": "theirs"}).status_code == 302
    assert rows_of(note) == ["Second, theirs"]


LONG = "\n".join(f"Line {number} of what was said." for number in range(900))


@pytest.fixture
def long_note(note: Note) -> Note:
    notes.update_note(SYSTEM, note, content=LONG)
    return note


def content_of(note: Note) -> str:
    note.refresh_from_db()
    return note.content


def test_no_page_holds_a_long_text_twice(page: Client, long_note: Note) -> None:
    form = Form(page, long_note)
    assert form.page.count("Line 899 of") == 1
    form.send(title="")
    assert form.page.count("Line 899 of") == 1
    assert form.send(title="Other").status_code == 302
    assert content_of(long_note) == LONG


def test_a_long_text_that_nobody_touched_is_what_others_stored(
    page: Client, long_note: Note
) -> None:
    form, theirs = Form(page, long_note), f"{LONG}\nAnd more."
    notes.update_note(SYSTEM, long_note, content=theirs)
    form.send(title="Other")
    assert CONFLICT in form.page
    assert form.values["content"] == theirs
    assert form.send().status_code == 302
    assert (content_of(long_note), long_note.title) == (theirs, "Other")


@pytest.mark.parametrize(("take", "kept"), [("mine", "Mine"), ("theirs", "Theirs")])
def test_a_long_text_that_both_changed_is_chosen(
    page: Client, long_note: Note, take: str, kept: str
) -> None:
    form = Form(page, long_note)
    notes.update_note(SYSTEM, long_note, content=f"{LONG}\nTheirs")
    form.send(content=f"{LONG}\nMine")
    form.send(title="", **{"_take-content": take})
    assert form.values["content"] == f"{LONG}\n{kept}"
    assert form.send(title="Other").status_code == 302
    assert content_of(long_note) == f"{LONG}\n{kept}"


def test_a_long_text_that_was_chosen_and_changed_again_by_others_is_not_put_back(
    page: Client, long_note: Note
) -> None:
    form = Form(page, long_note)
    notes.update_note(SYSTEM, long_note, content=f"{LONG}\nTheirs")
    form.send(content=f"{LONG}\nMine")
    notes.update_note(SYSTEM, long_note, content=f"{LONG}\nLast")
    form.send(**{"_take-content": "theirs"})
    assert CONFLICT in form.page
    assert form.values["content"] == f"{LONG}\nLast"
    assert form.send().status_code == 302
    assert content_of(long_note) == f"{LONG}\nLast"


def test_a_list_that_nobody_touched_is_not_put_back(page: Client, db: None) -> None:
    ada, ben = (create_team_member(SYSTEM, first_name=name) for name in ("Ada", "Ben"))
    role = create_role(SYSTEM, name="Editor", holders=[ada])
    form = Form(page, role)
    Form(page, role).send(holders=[str(ben.pk)])

    form.send(description="Edits")
    assert form.send().status_code == 302
    role.refresh_from_db()
    assert role.description == "Edits"
    assert [one.member for one in role.assignments.all()] == [ben]


def test_the_config_of_a_module_is_merged(page: Client, api: Api) -> None:
    form = Form.__new__(Form)
    form.client, form.address = page, "/admin/modules/modulestate/estimates/change/"
    form.read(page.get(form.address))
    api.patch("/modules/estimates/config", {"config": {"company_name": "Theirs"}})

    form.send(config_currency="USD")
    assert form.send().status_code == 302
    config = api.get("/modules/estimates/config").json()["config"]
    assert (config["company_name"], config["currency"]) == ("Theirs", "USD")


@pytest.fixture
def furnished(alice: User) -> None:
    call_command("seed_demo", verbosity=0)
    Group.objects.create(name="Editors")


def test_every_form_tells_what_was_touched_from_what_is_stored_by_now(
    furnished: None, page: Client, alice: User
) -> None:
    request = RequestFactory().get("/")
    request.user = alice
    looked_at = 0
    for model, owner in admin.site._registry.items():
        obj = model._base_manager.first()
        if not isinstance(owner, GuardedAdmin) or obj is None:
            continue
        try:
            form = Form(page, obj)
        except (NoReverseMatch, StopIteration):
            continue
        shown = owner.get_form(request, obj, change=True)
        sent = QueryDict(mutable=True)
        for name, value in form.values.items():
            sent.setlist(name, value if isinstance(value, list) else [value])
        others_since = model(pk=obj.pk)  # in which nothing is as it was shown
        mine = shown(sent, instance=others_since)
        carried = [name for name in mine.fields if mine[name].field.show_hidden_initial]
        assert [name for name in carried if name in mine.changed_data] == [], model
        looked_at += bool(carried)
    assert looked_at >= 8


def test_no_form_carries_a_secret(page: Client, system: CrmSystem, alice: User) -> None:
    services.set_secrets(SYSTEM, system, api_key="canary-4711")
    form = Form(page, system)
    assert "initial-name" in form.values
    assert "initial-new_api_key" not in form.values
    api_key = {"new_api_key": "typed-4711", "name": ""}
    assert form.send(**api_key).status_code == 200
    assert "typed-4711" not in form.page
    assert "initial-password" not in Form(page, alice).values


def test_nonsense_about_what_was_held_does_no_harm(page: Client, system: CrmSystem) -> None:
    form = Form(page, system)
    nonsense = {"initial-name": "\x00", "_take-name": "theirs", "_take-(": "theirs", "_take-x": "x"}
    answer = form.send(**nonsense)
    assert answer.status_code in (200, 302)
    assert stored(system)[0] == "HubSpot"


INLINES = [
    (owner, made)
    for owner in admin.site._registry.values()
    for inline in owner.inlines
    if isinstance(made := inline(owner.model, admin.site), PartsInline)
]


@pytest.mark.parametrize(("owner", "inline"), INLINES, ids=lambda one: type(one).__name__)
def test_a_form_with_all_the_rows_that_there_may_be_is_not_too_large(
    alice: User, owner: Any, inline: Any
) -> None:
    """Each field of a row is sent with what it held before."""
    request = RequestFactory().get("/")
    request.user = alice

    row = inline.get_formset(request).form().fields
    own = owner.get_form(request)().fields

    inputs = MAX_ROWS * (2 * len(row) + 3) + 3 * len(own) + 50
    assert inputs <= settings.DATA_UPLOAD_MAX_NUMBER_FIELDS


def test_choosing_many_times_takes_no_longer_than_once() -> None:
    half = settings.DATA_UPLOAD_MAX_NUMBER_FIELDS // 2
    data = QueryDict(mutable=True)
    for number in range(half):
        data[f"_take-x{number}"], data[f"initial-y{number}"] = "theirs", "a"

    assert not takes_over(0.5, with_choices, data)
