"""Many rows are deleted or restored in the background: looked at first, and all of them or none."""

import json
import re
from contextlib import nullcontext
from functools import partial
from html import unescape
from itertools import count
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from benchmarks.records import fill
from syteops.audit.models import AuditEntry
from syteops.core import long_writes
from syteops.core.actors import SYSTEM
from syteops.core.counters import CounterKind, counters
from syteops.core.errors import Forbidden, LimitReached
from syteops.crm.models import CrmSystem
from syteops.crm.services import create_crm_system, delete_crm_system
from syteops.tasks.models import Job
from syteops.team import services
from syteops.team.models import TeamMember
from syteops.transfer import budget, files, pages, restoring
from syteops.transfer.budget import A_ROW, PER_FILE, WINDOW, in_turn, spend
from syteops.transfer.models import Import
from syteops.transfer.uploads import GONE
from tests.background import outcome, run_tasks
from tests.fixtures import signed_in
from tests.transfer.transferring import SHEETS, address, as_file, confirm, upload

pytestmark = pytest.mark.django_db
MEMBERS, SYSTEMS = "/admin/team/teammember/", "/admin/crm/crmsystem/"


@pytest.fixture(autouse=True)
def _two_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "AT_ONCE_DELETED", 2)


@pytest.fixture
def team(db: None) -> list[TeamMember]:
    names = ("Ada", "Bert", "Cleo")
    return [services.create_team_member(SYSTEM, first_name=name) for name in names]


def choose(client: Client, action: str, chosen: list[Any], place: str) -> Any:
    data = {"action": action, "_selected_action": [one.pk for one in chosen]}
    return client.post(place, data, follow=True)


def told(answer: Any) -> list[str]:
    """The messages, without a link to undo it."""
    return [str(one).partition(" <a ")[0] for one in answer.context["messages"]]


def changes_offered(page: Client, answer: Any) -> list[str]:
    """Where the message leads on: the events of the entries that are listed there."""
    (message,) = answer.context["messages"]
    link = re.search(r'class="so-link so-undo" href="([^"]+)">([^<]+)</a>', str(message))
    assert link
    assert link[2] == "Look at the changes"
    listed: Any = page.get(unescape(link[1]))
    return [one.event for one in listed.context["cl"].result_list]


def there() -> list[str]:
    return list(TeamMember.objects.order_by("number").values_list("first_name", flat=True))


def test_many_are_looked_at_and_then_deleted_with_a_bar(
    page: Client, team: list[TeamMember]
) -> None:
    waiting = choose(page, "delete_selected", team, MEMBERS)
    assert "<progress" in waiting.content.decode()
    seen = outcome(page, waiting)
    html = seen.content.decode()
    assert "Ada (001)" in html
    assert "Delete 3 now" in html
    assert there() == ["Ada", "Bert", "Cleo"]

    done = outcome(page, page.post(seen.request["PATH_INFO"], follow=True))

    assert told(done) == ["Done: 3 deleted."]
    assert there() == []
    entries = AuditEntry.objects.filter(event="team_member.deleted")
    assert {(one.operation, one.actor_label) for one in entries} == {("users.delete", "alice")}
    assert entries.count() == 3
    assert changes_offered(page, done) == ["team_member.deleted"] * 3


def test_what_was_changed_since_is_shown_again(page: Client, team: list[TeamMember]) -> None:
    seen = outcome(page, choose(page, "delete_selected", team, MEMBERS))
    services.delete_team_member(SYSTEM, team[1])
    again = outcome(page, page.post(seen.request["PATH_INFO"], follow=True))
    assert "something was changed meanwhile" in told(again)[0]
    assert there() == ["Ada", "Cleo"]


def test_many_of_every_entity_are_deleted_so(page: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "AT_ONCE_DELETED", 0)
    fill(1, 3)
    gone = []
    for prefix, sheet in SHEETS.items():
        where, model = address(sheet), sheet.viewset.model()
        keys = list(model._default_manager.values_list("pk", flat=True))
        if "destroy" not in sheet.viewset.operations or not keys:
            continue
        data = {"action": "delete_selected", "_selected_action": keys}
        seen = outcome(page, page.post(where, data, follow=True))
        if seen.context["report"].problems:  # such as a role of the system
            assert model._default_manager.count() == len(keys)
            continue
        done = outcome(page, page.post(seen.request["PATH_INFO"], follow=True))
        assert told(done) == [f"Done: {len(keys)} deleted."], prefix
        assert not model._default_manager.exists()
        gone.append(prefix)
    assert len(gone) > 5


def test_a_few_are_asked_about_and_deleted_as_before(page: Client, team: list[TeamMember]) -> None:
    asked = choose(page, "delete_selected", team[:2], MEMBERS)
    assert "Are you sure" in asked.content.decode()
    sent = {"action": "delete_selected", "_selected_action": [t.pk for t in team[:2]], "post": "y"}
    page.post(MEMBERS, sent)
    assert there() == ["Cleo"]


def test_it_takes_the_right_to_delete_also_by_then(bob: User, team: list[TeamMember]) -> None:
    rights = Permission.objects.filter(codename__in=("view_teammember", "delete_teammember"))
    bob.user_permissions.set(rights)
    client = signed_in(bob)
    seen = outcome(client, choose(client, "delete_selected", team, MEMBERS))
    waiting = client.post(seen.request["PATH_INFO"], follow=True)
    bob.user_permissions.set(rights.filter(codename="view_teammember"))
    run_tasks()
    assert there() == ["Ada", "Bert", "Cleo"]
    assert client.get(seen.request["PATH_INFO"]).status_code == 403
    assert choose(client, "delete_selected", team, MEMBERS).context["messages"] is not None
    assert Import.objects.count() <= 1
    assert waiting.status_code == 200


def test_whoever_may_not_read_members_sees_no_value_of_theirs_go(
    bob: User, team: list[TeamMember], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "AT_ONCE_DELETED", 0)
    system = create_crm_system(SYSTEM, name="Hub")
    services.update_team_member(SYSTEM, team[0], crm_ids={"001": "H-secret"})
    names = ("view_crmsystem", "delete_crmsystem")
    bob.user_permissions.set(Permission.objects.filter(codename__in=names))
    shown = {}
    for may_read in (False, True):
        if may_read:
            bob.user_permissions.add(Permission.objects.get(codename="view_teammember"))
        page = signed_in(bob)
        waiting = choose(page, "delete_selected", [system], SYSTEMS)
        run_tasks()
        shown[may_read] = page.get(waiting.redirect_chain[-1][0], follow=True).content.decode()

    assert "Hub (001)" in shown[False]
    assert ["H-secret" in one for one in shown.values()] == [False, True]


def test_many_that_have_no_table_are_too_many(page: Client, alice: User) -> None:
    people = [User.objects.create_user(name) for name in ("a", "b", "c")]
    answer = choose(page, "delete_selected", people, "/admin/auth/user/")
    assert told(answer) == ["Choose 2 rows at most."]
    assert User.objects.count() == 4


def test_many_are_restored_all_or_none(page: Client, team: list[TeamMember]) -> None:
    for one in team:
        services.delete_team_member(SYSTEM, one)
    waiting = choose(page, "restore", team, f"{MEMBERS}?state=deleted")
    assert there() == []
    done = outcome(page, waiting)
    assert told(done) == ["3 are back."]
    assert changes_offered(page, done) == ["team_member.restored"] * 3
    assert there() == ["Ada", "Bert", "Cleo"]


def test_one_that_cannot_be_restored_keeps_all_away(page: Client, settings: Any) -> None:
    systems = [create_crm_system(SYSTEM, name=name) for name in ("A", "B", "C")]
    for one in systems:
        delete_crm_system(SYSTEM, one)
    waiting = choose(page, "restore", systems, f"{SYSTEMS}?state=deleted")
    settings.MAX_CRM_SYSTEMS = 2
    answer = outcome(page, waiting)
    assert "are back" not in told(answer)[0]
    assert not CrmSystem.objects.exists()


@pytest.mark.parametrize("lost", ["the rights", "the desk", "the account"])
def test_whoever_may_not_restore_any_more_restores_nothing(
    bob: User, team: list[TeamMember], lost: str
) -> None:
    bob.user_permissions.set(
        Permission.objects.filter(codename__in=("view_teammember", "add_teammember"))
    )
    for one in team:
        services.delete_team_member(SYSTEM, one)
    choose(signed_in(bob), "restore", team, f"{MEMBERS}?state=deleted")
    if lost == "the rights":
        bob.user_permissions.clear()
    bob.is_staff, bob.is_active = lost != "the desk", lost != "the account"
    bob.save()
    run_tasks()
    assert there() == []
    assert Job.objects.latest("begun_at").problem
    # Nor does the work itself, if a worker did not look at rights before.
    with pytest.raises(Forbidden):
        restoring.restore(Import.objects.get(), SYSTEM, lambda *_: None, nullcontext)
    assert there() == []


@pytest.mark.parametrize("page_of_others", ["import", "edit", "deletion"])
def test_what_is_to_be_restored_is_neither_imported_nor_edited_nor_deleted(
    page: Client, team: list[TeamMember], page_of_others: str
) -> None:
    """Nor is anything else taken for what it is not: each page shows its own kind."""
    for one in team:
        services.delete_team_member(SYSTEM, one)
    choose(page, "restore", team, f"{MEMBERS}?state=deleted")
    address = f"{MEMBERS}{page_of_others}/{Import.objects.get().pk}/"
    for answer in (page.get(address, follow=True), page.post(address, follow=True)):
        assert told(answer) == [GONE]
    run_tasks()
    assert there() == ["Ada", "Bert", "Cleo"]


def test_nobody_has_more_rows_looked_through_than_others_can_wait_for(
    page: Client, team: list[TeamMember], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each file keeps writers waiting for seconds, and nothing counted how many somebody sent."""
    sheet = SHEETS["team-members"]
    file = as_file([["first_name"], ["Dora"], ["Emil"]])

    def refusals() -> list[str]:
        edited = choose(page, "edit_chosen", team, MEMBERS)
        form = page.post(edited.request["PATH_INFO"], {"use": "city", "city": "Rome"}).context
        sent = page.post(address(sheet, "import/"), {"file": SimpleUploadedFile("a.csv", file)})
        listed = page.post(address(sheet, "export/"), follow=True)
        return [
            *told(page.get(tried.request["PATH_INFO"], follow=True)),
            *told(page.post(tried.request["PATH_INFO"], follow=True)),
            *form["form"].non_field_errors(),
            *sent.context["form"].errors["file"],
            *told(choose(page, "delete_selected", team, MEMBERS)),
            *told(listed),
        ]

    tried = upload(page, sheet, file)
    monkeypatch.setattr(budget, "MOST", -1)
    found = refusals()

    assert len(found) == 5
    assert all("others want to work" in one for one in found)
    assert there() == ["Ada", "Bert", "Cleo"]
    assert not Job.objects.exists()
    for one in team:
        services.delete_team_member(SYSTEM, one)
    assert "others want" in told(choose(page, "restore", team, f"{MEMBERS}?state=deleted"))[0]
    monkeypatch.undo()
    counters().clear()
    monkeypatch.setattr(pages, "AT_ONCE_DELETED", 0)
    monkeypatch.setattr(files, "MOST_ROWS", 2)
    assert told(choose(page, "restore", team, f"{MEMBERS}?state=deleted")) == [
        "Choose 2 rows at most."
    ]


def test_the_largest_files_are_imported_five_at_a_time(alice: User, bob: User) -> None:
    for _ in range(5):
        spend(alice, PER_FILE)
        for _ in ("tried", "stored"):
            spend(alice, files.MOST_ROWS - PER_FILE // 2)
    with pytest.raises(LimitReached, match=r"Go on in \d min"):
        spend(alice, 1)
    spend(bob, files.MOST_ROWS)


def test_rows_that_take_long_count_as_many_and_end_before_others_give_up(
    alice: User, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    """2,000 notes of 190 action items are a file of 5 MB, and kept the lock for half a minute."""
    settings.DATABASE_TIMEOUT = 10
    clock = count(0, 1)
    for module in (budget, long_writes):
        monkeypatch.setattr(module, "monotonic", lambda: next(clock))
    with pytest.raises(LimitReached, match=r"such as 8\."):
        [*in_turn(range(100), alice, lambda *_: None)]

    counted = counters().read(CounterKind.ROWS_OF_PERSON, str(alice.pk), WINDOW)
    assert counted == 11 / A_ROW - 100


def test_a_few_that_take_long_are_deleted_and_restored_all_or_none(
    page: Client, team: list[TeamMember], monkeypatch: pytest.MonkeyPatch
) -> None:
    """45 members who hold a hundred roles each kept everybody from writing for 24 seconds."""
    two = team[1:]

    def slowly(action: str, place: str, **also: str) -> str:
        chosen = {"action": action, "_selected_action": [one.pk for one in two], **also}
        with monkeypatch.context() as slow:
            slow.setattr(long_writes, "monotonic", partial(next, count(0, 10)))
            return told(page.post(place, chosen, follow=True))[0]

    assert "such as 1." in slowly("delete_selected", MEMBERS, post="yes")
    assert there() == ["Ada", "Bert", "Cleo"]
    for one in two:
        services.delete_team_member(SYSTEM, one)
    assert "such as 1." in slowly("restore", f"{MEMBERS}?state=deleted")
    assert there() == ["Ada"]


def test_a_few_long_rows_are_tried_and_stored_in_the_background(page: Client) -> None:
    """250 notes of 200 action items each kept the thread that answers all for five seconds."""
    items = json.dumps([{"text": f"{n} {'long ' * 90}"} for n in range(200)])
    rows = [[f"N{n}", items] for n in range(3)]

    shown = upload(page, SHEETS["notes"], as_file([["title", "action_items"], *rows]))

    assert Job.objects.count() == 1
    assert told(confirm(page, shown)) == ["Imported: 3 new."]
    assert Job.objects.count() == 2
