"""Rows chosen in a list, edited together: each looked at first, and all of them or none."""

import re
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.test import Client

from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.team import services
from syteops.team.models import TeamMember
from syteops.transfer import uploads
from syteops.transfer.editing import EditForm, fields_of, form_for
from syteops.transfer.models import Import
from tests.background import outcome
from tests.fixtures import signed_in
from tests.samples.team import a_deleted_member
from tests.transfer.transferring import SHEETS, address

pytestmark = pytest.mark.django_db
MEMBERS = "/admin/team/teammember/"
WITH_LISTS = {
    prefix: sheet
    for prefix, sheet in SHEETS.items()
    if not hasattr(admin.site.get_model_admin(sheet.viewset.model()), "find_all")
}
every_entity = pytest.mark.parametrize("sheet", WITH_LISTS.values(), ids=WITH_LISTS)


@pytest.fixture
def team(db: None) -> list[TeamMember]:
    return [
        services.create_team_member(SYSTEM, first_name=name, city="Bonn", country="DE")
        for name in ("Ada", "Bert", "Cleo")
    ]


def choose(client: Client, members: list[TeamMember], place: str = MEMBERS) -> Any:
    data = {"action": "edit_chosen", "_selected_action": [one.pk for one in members]}
    return client.post(place, data, follow=True)


def preview(client: Client, page: Any, **values: str) -> Any:
    """The page that tells what would happen, or the form once more."""
    return outcome(client, client.post(page.request["PATH_INFO"], values, follow=True))


def agree(client: Client, page: Any) -> Any:
    return outcome(client, client.post(page.request["PATH_INFO"], follow=True))


def told(answer: Any) -> str:
    return " ".join(str(one) for one in answer.context["messages"])


def cities() -> list[str]:
    return list(TeamMember.objects.order_by("number").values_list("city", flat=True))


def test_each_row_is_seen_before_and_after_and_then_all_are_stored(
    browser: Client, team: list[TeamMember]
) -> None:
    asked = choose(browser, team[:2])
    assert "Ada (001), Bert (002)" in asked.content.decode()

    seen = preview(browser, asked, city="Köln", clear_country="on")

    shown = seen.content.decode()
    assert "Ada (001)" in shown
    assert "<del>Bonn</del> → <ins>Köln</ins>" in shown
    assert "<del>DE</del>" in shown
    assert cities() == ["Bonn"] * 3
    done = agree(browser, seen)
    assert cities() == ["Köln", "Köln", "Bonn"]
    assert told(done).startswith("Edited: 2 changed.")
    assert "Look at the changes" in told(done)
    entries = AuditEntry.objects.filter(event="team_member.updated").order_by("pk")
    assert [(one.object_id, one.operation, one.actor_label) for one in entries] == [
        ("001", "users.edit", "alice"),
        ("002", "users.edit", "alice"),
    ]
    assert {*entries[0].changes} == {"city", "country"}


def test_texts_are_what_the_form_of_one_makes_of_them(
    browser: Client, team: list[TeamMember]
) -> None:
    [one], typed = team[:1], {"biography": "\r\n  a\r\nb\r\n", "city": "  Bonn\u200b  "}
    agree(browser, preview(browser, choose(browser, [one]), **typed))
    one.refresh_from_db()
    assert (one.biography, one.city) == ("\n  a\nb\n", "Bonn\u200b")

    unseen = preview(browser, choose(browser, [one]), biography=" \r\n", city="\u200b")
    assert "Fill in at least one field" in unseen.content.decode()
    refused = preview(browser, choose(browser, [one]), city="Bonn\nBeuel")
    assert "one line" in refused.content.decode()


def test_one_message_undoes_the_edit_of_one(browser: Client, team: list[TeamMember]) -> None:
    done = agree(browser, preview(browser, choose(browser, team[:1]), city="Köln"))
    assert ">Undo</a>" in told(done)


def test_the_problem_of_each_row_is_named_and_nothing_is_stored(
    browser: Client, team: list[TeamMember]
) -> None:
    seen = preview(browser, choose(browser, team), city="Köln", email="nobody")

    problems = seen.context["problems"]
    assert [(label, one.column) for label, one in problems] == [
        ("Ada (001)", "email"),
        ("Bert (002)", "email"),
        ("Cleo (003)", "email"),
    ]
    agree(browser, seen)
    assert cities() == ["Bonn"] * 3


def test_what_was_changed_since_the_preview_is_shown_and_not_overwritten(
    browser: Client, team: list[TeamMember]
) -> None:
    seen = preview(browser, choose(browser, team), city="Köln")
    services.update_team_member(SYSTEM, team[1], city="Jena")

    again = agree(browser, seen)

    assert "Nothing was stored: something was changed meanwhile." in told(again)
    assert cities() == ["Bonn", "Jena", "Bonn"]
    stale = {label: bool(one.get("is_stale")) for label, one in again.context["changes"]}
    assert stale == {"Ada (001)": False, "Bert (002)": True, "Cleo (003)": False}
    assert "<del>Jena</del>" in again.content.decode()
    agree(browser, again)
    assert cities() == ["Köln"] * 3


def test_what_to_do_is_told_of_fields_and_not_of_a_file(
    browser: Client, team: list[TeamMember]
) -> None:
    services.delete_team_member(SYSTEM, team[1])
    asked = choose(browser, [team[0], team[2]])
    services.delete_team_member(SYSTEM, team[2])

    seen = preview(browser, asked, email="nobody", website="x")

    told_of = [f"{one.detail} {one.fix}" for _, one in seen.context["problems"]]
    assert len(told_of) > 2
    assert not [one for one in told_of if re.search("cell|column|file", one)]


def test_a_row_deleted_since_is_named(browser: Client, team: list[TeamMember]) -> None:
    seen = preview(browser, choose(browser, team), city="Köln")
    services.delete_team_member(SYSTEM, team[1])

    again = agree(browser, seen)

    [(_, problem)] = again.context["problems"]
    assert (problem.row, problem.fix) == (2, "Choose the rows again, without this one.")
    assert cities() == ["Bonn", "Bonn"]


def test_many_are_edited_in_the_background(
    browser: Client, team: list[TeamMember], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "AT_ONCE", 2)
    asked = choose(browser, team)
    seen = preview(browser, asked, city="Köln")
    assert len(seen.context["changes"]) == 3
    done = agree(browser, seen)
    assert "Edited: 3 changed." in told(done)
    assert cities() == ["Köln"] * 3


def test_nothing_to_do_is_said(browser: Client, team: list[TeamMember]) -> None:
    again = preview(browser, choose(browser, team))
    assert "Fill in at least one field" in again.content.decode()
    seen = preview(browser, choose(browser, team), city="Bonn")
    assert "Nothing would change" in seen.content.decode()


def test_deleted_ones_are_not_edited(browser: Client) -> None:
    member = a_deleted_member()
    answer = choose(browser, [member], f"{MEMBERS}?state=deleted")
    assert "None of these can be edited." in told(answer)
    assert not Import.objects.exists()


def test_it_takes_the_rights_to_see_and_to_change(bob: User, team: list[TeamMember]) -> None:
    bob.user_permissions.add(Permission.objects.get(codename="view_teammember"))
    client = signed_in(bob)

    choose(client, team)

    assert not Import.objects.exists()
    assert "Edit selected" not in client.get(MEMBERS).content.decode()


def test_nobody_edits_what_somebody_else_has_chosen(
    browser: Client, bob: User, team: list[TeamMember]
) -> None:
    asked = choose(browser, team)
    bob.user_permissions.add(
        *Permission.objects.filter(codename__in=("view_teammember", "change_teammember"))
    )
    answer = signed_in(bob).post(asked.request["PATH_INFO"], {"city": "Köln"}, follow=True)
    assert "Choose it once more" in told(answer)
    assert cities() == ["Bonn"] * 3


@every_entity
def test_only_what_a_person_may_set_in_many_is_offered(sheet: Any) -> None:
    """No secret, nothing that names a row or must differ in each, and what a change takes."""
    offered = fields_of(sheet)
    assert offered
    for name, column in offered.items():
        assert column.changed is not None
        assert not column.changed.read_only
        assert not column.shown.write_only
        assert not getattr(column.changed, "secret", False)
        assert name != sheet.lookup
        field = next((f for f in sheet.viewset.model()._meta.fields if f.name == name), None)
        assert field is None or not field.unique
    assert isinstance(form_for(sheet), EditForm)


def test_what_must_differ_in_each_is_not_offered() -> None:
    offered = {one.viewset.resource: fields_of(one) for one in SHEETS.values()}
    assert {"first_name", "country"} <= offered["users"].keys()
    assert "user" not in offered["users"]
    assert "slug" not in offered["notes_items"]
    assert {"slug", "line_items"}.isdisjoint(offered["estimates_items"])


@every_entity
def test_every_list_offers_it(browser: Client, sheet: Any) -> None:
    page = admin.site.get_model_admin(sheet.viewset.model())
    request: Any = browser.get(address(sheet)).wsgi_request
    assert next(iter(page.get_actions(request))) == "edit_chosen"
