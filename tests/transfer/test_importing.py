"""Importing: told beforehand, row by row; all of it or nothing; by the services of every door."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from syteops.audit.models import AuditEntry
from syteops.automation.models import Variable
from syteops.core import reading
from syteops.core.actors import SYSTEM, Channel
from syteops.crm.models import CrmSystem
from syteops.roles.models import Role
from syteops.tasks.models import Job
from syteops.team import services
from syteops.team.models import TeamMember
from syteops.transfer import uploads
from syteops.transfer.models import Import
from syteops.transfer.uploads import CHANGED, GONE
from syteops.webhooks.models import Webhook
from tests.background import run_tasks
from tests.samples.crm import a_system
from tests.samples.roles import a_role
from tests.samples.team import a_member
from tests.transfer.transferring import (
    SHEETS,
    address,
    as_file,
    confirm,
    exported,
    report,
    rows_of,
    told,
    upload,
    with_rights,
)

pytestmark = pytest.mark.django_db
MEMBERS, ROLES, CRM = SHEETS["team-members"], SHEETS["roles"], SHEETS["crm-systems"]
HEADER = ["user_num", "first_name", "email", "crm_ids"]


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_rows_with_a_number_change_and_rows_without_one_add(browser: Client, form: str) -> None:
    ada, system = a_member(), a_system()
    same = a_member(first_name="Same", email="")
    rows = [
        HEADER,
        [ada.slot, "Augusta", "ada@example.com", ""],
        ["", "Grace", "grace@example.com", f'{{"{system.slot}": "G-1"}}'],
        [same.slot.lstrip("0"), "Same", "", ""],  # as a spreadsheet makes it of "002"
    ]
    entries = AuditEntry.objects.count()

    page = upload(browser, MEMBERS, as_file(rows, form), f"people.{form}")

    found = report(page)
    assert (found.new, found.changed, found.unchanged, found.problems) == (1, 1, 1, [])
    assert found.changes[0]["fields"] == {"first_name": ["Ada", "Augusta"]}
    assert "Augusta" in page.content.decode()
    assert (AuditEntry.objects.count(), TeamMember.objects.count()) == (entries, 2)

    done = confirm(browser, page)

    assert told(done) == ["Imported: 1 new, 1 changed."]
    ada.refresh_from_db()
    grace = TeamMember.objects.get(first_name="Grace")
    assert (ada.first_name, grace.crm_ids) == ("Augusta", {system.slot: "G-1"})
    made, changed = AuditEntry.objects.filter(object_resource="users").order_by("-pk")[:2]
    for entry, event in ((changed, "team_member.updated"), (made, "team_member.created")):
        assert (entry.event, entry.door, entry.operation) == (event, Channel.ADMIN, "users.import")
    assert not Import.objects.exists()


def test_each_wrong_row_is_named_and_then_nothing_is_stored(browser: Client) -> None:
    rows = [
        [*HEADER, "country", "full_name", "user", "roles"],
        ["", "Good", "", "", "", "", "", ""],
        ["", "Bad", "nobody", "", "Utopia", "", "", ""],
        ["099", "Gone", "", "", "", "", "", ""],
        ["", "x" * 200, "", "{", "", "", "", ""],
        ["", "Two", "", "", "", "", "no-such-login", "cook"],
        ["", "Three", "", '{"007": "x"}', "", "", "", ""],
    ]

    page = upload(browser, MEMBERS, as_file(rows))

    found = report(page)
    named = {(one.row, one.column) for one in found.problems}
    assert named == {
        (3, "email"), (3, "country"), (4, "user_num"), (5, "first_name"), (5, "crm_ids"),
        (6, "roles"), (7, "crm_ids"),
    }  # fmt: skip
    assert found.problems[-1].detail == "007: There is no such CRM system."
    assert all(one.detail and one.fix for one in found.problems)
    shown = page.content.decode()
    assert "Row 3" in shown
    assert "Import: " not in shown
    confirm(browser, page)
    assert not TeamMember.objects.exists()
    assert not AuditEntry.objects.filter(object_resource="users").exists()


def test_two_rows_about_the_same_one_are_refused(browser: Client) -> None:
    number = a_member().slot

    found = report(upload(browser, MEMBERS, as_file([HEADER[:2], [number, "A"], [number, "B"]])))

    assert [(one.row, one.column) for one in found.problems] == [(3, "user_num")]


def test_a_column_that_is_not_there_is_named_with_the_one_that_is_meant(browser: Client) -> None:
    header = ["first name", "e_mail", "email", "Email"]

    found = report(upload(browser, MEMBERS, as_file([header, ["Ada", "", "", ""]])))

    assert [(one.row, one.column) for one in found.problems] == [(1, "e_mail"), (1, "Email")]
    assert "email" in found.problems[0].fix


def test_what_was_changed_since_the_export_is_not_overwritten(browser: Client) -> None:
    member = a_member()
    header, row = rows_of(exported(browser, MEMBERS, "csv"))
    row[header.index("job_title")] = "CEO"
    services.update_team_member(SYSTEM, member, job_title="CTO")

    found = report(upload(browser, MEMBERS, as_file([header, row])))

    assert [one.column for one in found.problems] == ["updated_at"]


def test_what_is_changed_between_the_preview_and_the_import_is_shown_again(
    browser: Client,
) -> None:
    member = a_member()
    rows = [["user_num", "job_title"], [member.slot, "CEO"]]
    page = upload(browser, MEMBERS, as_file(rows))
    services.update_team_member(SYSTEM, member, job_title="CTO")

    again = confirm(browser, page)

    assert told(again) == [CHANGED]
    assert report(again).changes[0]["fields"]["job_title"] == ["CTO", "CEO"]
    member.refresh_from_db()
    assert member.job_title == "CTO"
    confirm(browser, again)
    member.refresh_from_db()
    assert member.job_title == "CEO"


def test_a_file_is_imported_once(browser: Client) -> None:
    page = upload(browser, MEMBERS, as_file([["first_name"], ["Ada"]]))
    confirm(browser, page)

    assert told(confirm(browser, page)) == [GONE]
    assert TeamMember.objects.count() == 1


def test_what_is_named_by_a_slug_is_made_under_it(browser: Client) -> None:
    rows = [["slug", "name", "color", "max_count"], ["cook", "Cook", "", ""], ["", "Baker", "", ""]]

    confirm(browser, upload(browser, ROLES, as_file(rows)))

    assert set(Role.objects.filter(system=False).values_list("slug", flat=True)) == {
        "cook",
        "baker",
    }


def test_roles_that_many_hold_are_read_one_after_the_other(
    browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("Cook", "Baker", "Editor"):
        a_role(name=name)
    monkeypatch.setattr(reading, "MOST_READ", 1)
    rows = [["slug", "name"], ["cook", "A"], ["new", "B"], ["baker", "C"], ["editor", "D"]]

    done = confirm(browser, upload(browser, ROLES, as_file(rows)))

    assert told(done) == ["Imported: 1 new, 3 changed."]
    assert Job.objects.count() == 2


def test_a_webhook_is_added_although_its_secret_is_another_each_time(browser: Client) -> None:
    rows = [["name", "url", "types"], ["Billing", "https://billing.example.com/in", "note.*"]]
    page = confirm(browser, upload(browser, SHEETS["webhooks"], as_file(rows)))

    assert told(page) == ["Imported: 1 new."]
    assert Webhook.objects.get().signing_secret is not None


def test_a_variable_is_set_and_a_blank_value_deletes_it(browser: Client) -> None:
    sheet = SHEETS["variables"]
    confirm(browser, upload(browser, sheet, as_file([["key", "value"], ["a", "1"], ["b", "2"]])))
    assert set(Variable.objects.values_list("key", "value")) == {("a", "1"), ("b", "2")}

    page = upload(browser, sheet, as_file([["key", "value"], ["a", ""], ["b", "2"]]))

    assert (report(page).deleted, report(page).unchanged) == (1, 1)
    confirm(browser, page)
    assert set(Variable.objects.values_list("key", "value")) == {("b", "2")}


def test_the_rights_are_those_of_what_each_row_does(alice: User) -> None:
    member = a_member()
    may_change = with_rights("view_teammember", "change_teammember")

    changing = upload(may_change, MEMBERS, as_file([HEADER[:2], [member.slot, "Augusta"]]))
    adding = upload(may_change, MEMBERS, as_file([HEADER[:2], ["", "Grace"]]))

    assert report(changing).changed == 1
    [problem] = report(adding).problems
    assert "add_teammember" in problem.detail


@pytest.mark.parametrize("rights", [(), ("view_teammember",), ("change_teammember",)])
def test_whoever_may_not_both_see_and_change_has_no_import(rights: tuple[str, ...]) -> None:
    client = with_rights(*rights)

    assert client.get(address(MEMBERS, "import/")).status_code == 403
    sees = "view_teammember" in rights
    assert client.get(address(MEMBERS, "export/")).status_code == (200 if sees else 403)
    if sees:
        assert "import/" not in client.get(address(MEMBERS)).content.decode()


@pytest.mark.parametrize("lost", ["the right", "the desk", "the account"])
def test_who_has_lost_it_since_the_preview_imports_nothing(
    lost: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither at once, nor once a worker comes to what was asked for while he had it."""
    monkeypatch.setattr(uploads, "AT_ONCE", 0)
    client = with_rights("view_teammember", "add_teammember")
    page = upload(client, MEMBERS, as_file([["first_name"], ["Ada"]]))
    waiting = client.post(page.request["PATH_INFO"])
    assert "/jobs/" in waiting["Location"]

    dora = User.objects.get(username="dora")
    if lost == "the right":
        dora.user_permissions.remove(Permission.objects.get(codename="add_teammember"))
    else:
        dora.is_staff, dora.is_active = lost != "the desk", lost != "the account"
        dora.save()
    run_tasks()

    assert Job.objects.latest("begun_at").problem
    assert not TeamMember.objects.exists()
    assert client.post(page.request["PATH_INFO"]).status_code in (302, 403)
    assert not TeamMember.objects.exists()


def test_the_limits_of_the_site_hold(browser: Client, settings: Any) -> None:
    settings.MAX_CRM_SYSTEMS = 2

    found = report(upload(browser, CRM, as_file([["name"], ["A"], ["B"], ["C"]])))

    assert [(one.row, one.column) for one in found.problems] == [(4, "")]
    assert not CrmSystem.objects.exists()
