"""A person who was erased is nowhere any more, and the trail can still be verified."""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Permission, User
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.test import Client
from jsonschema import Draft202012Validator
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from manage_api.models import IdempotencyRecord
from manage_api.openapi.document import operation_schemas
from notes import services as notes
from notes.models import Note
from syteops.audit import chain, verification
from syteops.audit.erasing import Remainder, erase_values
from syteops.audit.models import AuditEntry
from syteops.audit.queries import entries_of
from syteops.audit.services import record_refusal
from syteops.core.actors import SYSTEM
from syteops.core.entities import get_any
from syteops.core.errors import Protected
from syteops.crm import services as crm
from syteops.crm.models import CrmSystem
from syteops.history.reverting import revert
from syteops.lib.folding import fold
from syteops.roles import services as roles
from syteops.team import services
from syteops.team.models import TeamMember
from tests.fixtures import Api, signed_in
from tests.pictures import picture_bytes, upload
from tests.processes import manage
from tests.samples.crm import a_system
from tests.samples.roles import a_role
from tests.samples.team import a_member

CANARIES = (
    "Zyxwvut", "Qponmlk", "Formerly", "canary@zyx.example", "private@zyx.example",
    "+43 660 7654321", "Bio of a canary", "note about a canary", "crm-canary-1", "crm-canary-2",
)  # fmt: skip


@pytest.fixture(autouse=True)
def uploads(settings: Settings, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "uploads"
    return tmp_path / "uploads"


@pytest.fixture
def erased(db: None, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks) -> Any:
    """Erases a member, and does what follows the commit."""

    def erase(member: TeamMember) -> dict[str, Any]:
        with django_capture_on_commit_callbacks(execute=True):
            return services.erase_team_member(SYSTEM, member)

    return erase


def a_canary(api: Api, user: User | None = None) -> TeamMember:
    """Somebody who is known wherever somebody can be known."""
    made = {"first_name": "Formerly", "last_name": "Qponmlk", "email": "canary@zyx.example"}
    retry = {"Idempotency_Key": "made"}
    pk = api.post("/team-members", made, **retry).json()["id"]
    member: TeamMember = TeamMember.objects.get(pk=pk)
    first, second = a_system(), a_system()
    services.update_team_member(
        SYSTEM,
        member,
        first_name="Zyxwvut",
        email_personal="private@zyx.example",
        phone_mobile="+43 660 7654321",
        biography="Bio of a canary",
        notes="note about a canary",
        crm_ids={first.slot: "crm-canary-1", second.slot: "crm-canary-2"},
        user=user,
        profile_picture=upload(picture_bytes()),
    )
    crm.delete_crm_system(SYSTEM, second)
    roles.assign(SYSTEM, a_role(), member)
    note: dict[str, Any] = {"title": "Meeting", "author": member.slot, "attendees": [member.slot]}
    note |= {"action_items": [{"text": "Call", "assignee": member.slot, "done": True}]}
    api.post("/notes", note, Idempotency_Key="noted")
    items = [{"action": "update", "params": {"user_num": member.slot, "city": "Graz"}}]
    api.post("/team-members/bulk", {"items": items}, Idempotency_Key="in-bulk")
    member.refresh_from_db()
    return member


def found_anywhere(uploads: Path) -> set[str]:
    """The canaries that some table or file still holds, folded or as they were, and where."""
    tables = {m._meta.db_table for m in apps.get_models(include_auto_created=True)}
    places = {}
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            places[table] = str(cursor.fetchall())
    for path in uploads.rglob("*"):
        places[str(path)] = str(path) + (
            path.read_bytes().decode("latin1") if path.is_file() else ""
        )
    return {
        f"{text} in {place}"
        for place, held in places.items()
        for text in CANARIES
        if text in held or fold(text) in held
    }


@pytest.mark.combination
@pytest.mark.parametrize("deleted", [False, True])
def test_nothing_of_the_person_is_left(
    api: Api, bob: User, uploads: Path, erased: Any, deleted: bool
) -> None:
    member = a_canary(api)
    signed_in(bob).get(f"/admin/team/teammember/{member.pk}/change/")  # refused, with the name
    if deleted:
        services.delete_team_member(SYSTEM, member)
    other = a_member(first_name="Grace")
    assert {one.partition(" in ")[0] for one in found_anywhere(uploads)} == set(CANARIES)
    assert [path for path in uploads.rglob("*") if path.is_file()]

    told = erased(member)

    assert found_anywhere(uploads) == set()
    assert not [path for path in uploads.rglob("*") if path.is_file()]
    assert verification.verify().problem == ""
    assert told["removed"] == {
        "roles": 0 if deleted else 1,
        "notes": 1,
        "stored_answers": 3,
        "crm_ids": 1,
        "pictures": 1,
        "audit_entries": told["removed"]["audit_entries"],
    }
    assert told["removed"]["audit_entries"] > 4
    assert api.get("/team-members?search=zyxwvut").json()["users"] == []
    assert [one["id"] for one in api.get("/team-members").json()["users"]] == [other.pk]
    assert AuditEntry.objects.filter(object_label="Grace Lovelace").exists()


def test_an_attempt_on_a_namesake_keeps_its_name(erased: Any) -> None:
    member, namesake = a_member(first_name="Grace"), a_member(first_name="Grace")
    for one in (member, namesake):
        record_refusal(SYSTEM, one.resource, one.slot, "permission_denied", label=str(one))
    refused = AuditEntry.objects.filter(outcome="refused").order_by("pk")
    assert [one.object_label for one in refused] == ["Grace Lovelace", "Grace Lovelace"]

    erased(member)

    assert [one.object_label for one in refused.all()] == ["", "Grace Lovelace"]


def test_a_namesake_under_the_same_number_keeps_it_where_the_trail_knows_whom(erased: Any) -> None:
    member = a_member(first_name="Grace")
    pk = member.pk
    services.delete_team_member(SYSTEM, member)
    namesake = a_member(first_name="Grace")
    for one in (str(pk), str(namesake.pk)):
        record_refusal(SYSTEM, "users", "001", "permission_denied", label="Grace Lovelace", pk=one)
    refused = AuditEntry.objects.filter(outcome="refused").order_by("pk")

    erased(member)

    assert [one.object_label for one in refused] == ["", "Grace Lovelace"]


def test_an_attempt_on_a_deleted_member_loses_the_name(bob: User, erased: Any) -> None:
    member = a_member(first_name="Zyxwvut")
    services.delete_team_member(SYSTEM, member)
    signed_in(bob).get(f"/admin/team/teammember/{member.pk}/change/?state=deleted")
    # As an entry of an earlier version, which did not keep whom it was about.
    record_refusal(SYSTEM, "users", member.public_id, "permission_denied", label=str(member))
    refused = AuditEntry.objects.filter(outcome="refused").order_by("pk")
    assert [one.object_label for one in refused] == ["Zyxwvut Lovelace"] * 2
    assert [one.object_pk for one in refused] == [str(member.pk), ""]

    erased(member)

    assert [one.object_label for one in refused.all()] == ["", ""]
    assert verification.verify().problem == ""


def test_a_note_forgets_who_it_was_and_keeps_the_rest(api: Api, erased: Any) -> None:
    member, grace = a_canary(api), a_member(first_name="Grace")
    note = Note.objects.get()
    notes.update_note(SYSTEM, note, attendees=[member, grace], attendee_names=["Somebody"])
    note.refresh_from_db()

    erased(member)

    shown = api.get(f"/notes/{note.pk}").json()
    assert (shown["author"], shown["author_name"]) == (None, None)
    assert (shown["attendees"], shown["attendee_names"]) == ([grace.slot], ["Somebody"])
    [item] = shown["action_items"]
    assert (item["text"], item["assignee"], item["done"]) == ("Call", None, True)


def test_a_retry_is_still_answered_and_done_once(api: Api, erased: Any) -> None:
    member = a_canary(api)
    pk = member.pk
    erased(member)
    made = {"first_name": "Formerly", "last_name": "Qponmlk", "email": "canary@zyx.example"}

    again = api.post("/team-members", made, Idempotency_Key="made")

    assert again.headers["Idempotent-Replayed"] == "true"
    assert {name: value for name, value in again.json().items() if value} == {
        "id": pk,
        "user_num": "001",
        "created_at": again.json()["created_at"],
        "updated_at": again.json()["updated_at"],
    }
    Draft202012Validator(operation_schemas("users.create")[1]).validate(again.json())
    assert not TeamMember.all_objects.exists()
    assert IdempotencyRecord.objects.count() == 3


@pytest.mark.combination
def test_other_answers_keep_what_is_merely_spelled_like_the_name(api: Api, erased: Any) -> None:
    """A member may be called as a status, a tag, a number, or as somebody else."""
    member = a_member(first_name="draft", last_name="")
    for name in ("urgent", "002", "Linus Lovelace", "members"):
        services.update_team_member(SYSTEM, member, full_name=name)
    a_member(first_name="Linus")
    calls: tuple[tuple[str, Any], ...] = (
        ("/notes", {"title": "urgent", "tags": ["urgent"], "author": "002", "meta": {
            "id": member.pk, "user_num": "001", "author_name": "urgent"}}),
        ("/notes/bulk", {"items": [{"action": "create", "params": {"title": "draft"}}]}),
        ("/crm-systems", {"name": "002"}),
        ("/crm-systems", {"name": "urgent"}),
        ("/estimates", {"title": "draft", "crm_num": "002"}),
        ("/roles", {"name": "members", "slug": "urgent"}),
    )  # fmt: skip
    told = [api.post(path, body, Idempotency_Key=f"{n}") for n, (path, body) in enumerate(calls)]
    assert [one.status_code for one in told] == [201, 200, 201, 201, 201, 201]

    erased(member)

    again = [api.post(path, body, Idempotency_Key=f"{n}") for n, (path, body) in enumerate(calls)]
    assert [one.headers["Idempotent-Replayed"] for one in again] == ["true"] * len(calls)
    assert [one.json() for one in again] == [one.json() for one in told]


def test_a_stored_note_names_the_member_no_more_and_others_still(api: Api, erased: Any) -> None:
    member, grace = a_member(first_name="Zyxwvut"), a_member(first_name="Grace")
    gone = a_member(first_name="Zyxwvut", last_name="Qponmlk")
    people = [member.slot, grace.slot, gone.slot]
    note = {"title": "Meeting", "author": member.slot, "attendees": people}
    api.post("/notes", note, Idempotency_Key="noted")
    made = api.post("/notes", note).json()
    services.delete_team_member(SYSTEM, gone)
    body = {"attendee_names": [str(gone), "Somebody"]}
    bulk = {"items": [{"action": "update", "params": {"id": str(made["id"]), **body}}]}
    api.post("/notes/bulk", bulk, Idempotency_Key="departed")

    erased(member)
    erased(gone)

    shown = api.post("/notes", note, Idempotency_Key="noted").json()
    assert (shown["author"], shown["author_name"]) == (people[0], None)
    assert shown["attendees"] == people
    [item] = api.post("/notes/bulk", bulk, Idempotency_Key="departed").json()["items"]
    assert item["data"]["attendee_names"] == ["Somebody"]
    assert item["data"]["author_name"] is None


def test_the_login_stays_and_the_report_says_so(api: Api, alice: User, erased: Any) -> None:
    member = a_canary(api, user=alice)

    assert erased(member)["login_kept"] is True
    assert User.objects.filter(pk=alice.pk).exists()


def test_an_erasure_cannot_be_undone(api: Api, erased: Any) -> None:
    member = a_canary(api)
    pk = member.pk
    erased(member)

    entries = AuditEntry.objects.filter(object_resource="users", object_pk=str(pk))
    assert {one.event for one in entries} >= {"team_member.deleted", "team_member.erased"}
    for entry in entries:
        with pytest.raises(Protected, match="erased for good"):
            revert(SYSTEM, entry)
    assert not TeamMember.all_objects.filter(pk=pk).exists()


def test_others_keep_their_identifiers_when_a_crm_system_comes_back(api: Api, erased: Any) -> None:
    member = a_canary(api)
    system = a_system()
    grace = a_member(first_name="Grace", crm_ids={system.slot: "grace-1"})
    linus = a_member(first_name="Linus", crm_ids={system.slot: "linus-1"})
    crm.delete_crm_system(SYSTEM, system)
    erased(linus)
    erased(member)

    revert(SYSTEM, AuditEntry.objects.filter(event="crm_system.deleted").latest("pk"))

    assert verification.verify().problem == ""
    slot = CrmSystem.objects.get(pk=system.pk).slot
    assert TeamMember.objects.get(pk=grace.pk).crm_ids == {slot: "grace-1"}


# --- Over the API ----------------------------------------------------------------------------


def test_it_asks_first_and_tells_exactly_what_goes(api: Api, uploads: Path) -> None:
    member = a_canary(api)
    before = AuditEntry.objects.count()

    asked = api.post("/team-members/erase", {"id": member.pk})

    impact = asked.json()["impact"]
    assert (asked.status_code, impact["undo"]) == (428, "impossible")
    assert impact["name"] == "Zyxwvut Qponmlk"
    assert AuditEntry.objects.count() == before
    assert default_storage.exists(str(member.profile_picture.name))
    tried = api.post("/team-members/erase?dry_run=true", {"id": member.pk}).json()
    done = api.post("/team-members/erase?confirm=true", {"id": member.pk}).json()
    assert done == tried["data"]
    assert done == {
        "id": member.pk,
        "user_num": "001",
        "erased": True,
        "removed": impact["removed"],
        "login_kept": False,
    }


def test_a_key_that_reads_nobody_learns_no_name(api: Api, make_key: Any) -> None:
    member = a_canary(api)
    deleter = Api(make_key("users:delete"))

    asked = deleter.post("/team-members/erase", {"id": member.pk})
    done = deleter.post("/team-members/erase?confirm=true", {"id": member.pk})

    assert "Zyxwvut" not in asked.content.decode() + done.content.decode()
    assert done.json() == {"user_num": "001", "erased": True}


def test_a_copy_of_the_list_learns_of_it(api: Api) -> None:
    member = a_canary(api)
    since = AuditEntry.objects.latest("pk").at.isoformat().replace("+00:00", "Z")

    api.post("/team-members/erase?confirm=true", {"id": member.pk})

    [gone] = api.get(f"/team-members?updated_since={since}").json()["deleted"]
    assert (gone["id"], gone["user_num"]) == (member.pk, "001")


# --- In the admin ----------------------------------------------------------------------------


def test_the_admin_says_what_goes_before_it_erases(api: Api, page: Client) -> None:
    member = a_canary(api)
    address = f"/admin/team/teammember/{member.pk}/erase/"
    assert f'href="{address}"' in page.get(address.replace("erase", "change")).content.decode()

    shown = page.get(address).content.decode()

    assert "This cannot be undone" in shown
    assert "notes: 1" in shown
    assert "CRM ids: 1" in shown
    assert TeamMember.objects.filter(pk=member.pk).exists()
    answer = page.post(address, follow=True)
    assert "Erased for good" in answer.content.decode()
    assert not TeamMember.all_objects.filter(pk=member.pk).exists()


def test_a_deleted_member_is_erased_from_the_list(api: Api, page: Client) -> None:
    member = a_canary(api)
    services.delete_team_member(SYSTEM, member)
    chosen = {"action": "erase_chosen", "_selected_action": [member.pk]}

    answer = page.post("/admin/team/teammember/?state=deleted", chosen)

    address = f"/admin/team/teammember/{member.pk}/erase/"
    assert answer.headers["Location"] == address
    page.post(address)
    assert not TeamMember.all_objects.exists()


@pytest.mark.parametrize("method", ["get", "post"])
def test_whoever_comes_too_late_is_told_and_led_back(
    page: Client, erased: Any, method: str
) -> None:
    member = a_member()
    address = f"/admin/team/teammember/{member.pk}/erase/"
    erased(member)

    answer = getattr(page, method)(address, follow=True)

    assert answer.redirect_chain == [("/admin/team/teammember/", 302)]
    assert "There is no team member" in answer.content.decode()


@pytest.mark.combination
@pytest.mark.postgresql_only
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("method", ["get", "post"])
def test_two_who_erase_at_once_take_turns(page: Client, method: str) -> None:
    member = a_member()
    address = f"/admin/team/teammember/{member.pk}/erase/"
    page.raise_request_exception = False

    def ask() -> tuple[int, str]:
        try:
            answer = getattr(page, method)(address)
            return answer.status_code, answer.headers.get("Location", "")
        finally:
            connection.close()

    with ThreadPoolExecutor() as threads:
        with transaction.atomic():
            services.erase_team_member(SYSTEM, get_any(TeamMember, member.pk, lock=True))
            other = threads.submit(ask)
            with pytest.raises(TimeoutError):
                other.result(timeout=1)

        assert other.result(timeout=30) == (302, "/admin/team/teammember/")


def test_it_takes_a_right_of_its_own(api: Api, bob: User) -> None:
    member = a_canary(api)
    every_other = Permission.objects.exclude(codename="erase_teammember")
    bob.user_permissions.set(every_other)
    browser, address = signed_in(bob), f"/admin/team/teammember/{member.pk}/erase/"

    assert browser.get(address).status_code == browser.post(address).status_code == 403
    assert address not in browser.get(address.replace("erase", "change")).content.decode()
    bob.user_permissions.add(Permission.objects.get(codename="erase_teammember"))
    assert signed_in(bob).get(address).status_code == 200


# --- The trail -------------------------------------------------------------------------------


@pytest.fixture
def trail(api: Api, erased: Any) -> AuditEntry:
    """An entry that lost its values; everything is sealed."""
    member = a_canary(api)
    pk = member.pk
    erased(member)
    chain.seal_pending()
    assert verification.verify().problem == ""
    return entries_of(TeamMember(pk=pk)).earliest("pk")


def test_what_is_left_cannot_be_altered(trail: AuditEntry) -> None:
    found_by = fold(f"Somebody else {trail.actor_label}")
    AuditEntry.objects.filter(pk=trail.pk).update(object_label="Somebody else", searched=found_by)

    assert f"id {trail.pk} " in verification.verify().problem


def test_nor_can_what_it_is_found_by(trail: AuditEntry) -> None:
    AuditEntry.objects.filter(pk=trail.pk).update(searched="somebody else")

    assert f"id {trail.pk} " in verification.verify().problem


def test_values_cannot_be_taken_out_without_a_signed_erasure(api: Api, db: None) -> None:
    a_member()
    chain.seal_pending()
    entry = AuditEntry.objects.latest("pk")
    found_by = fold(entry.actor_label)  # what else would tell that a value is gone
    AuditEntry.objects.filter(pk=entry.pk).update(changes={}, object_label="", searched=found_by)
    bare = AuditEntry.objects.get(pk=entry.pk)
    told: Any = {"entries": {"before": None, "after": [[entry.pk, chain.mac_of(bare)]]}}
    faked = AuditEntry(
        actor_kind="system", door="system", event="audit.erased", object_resource="audit",
        changes=told, mac="0" * 64,
    )  # fmt: skip
    faked.save(force_insert=True)

    assert f"id {entry.pk} " in verification.verify().problem


def test_neither_does_an_erasure_go_unnoticed_that_is_removed(trail: AuditEntry) -> None:
    AuditEntry.objects.filter(event="audit.erased").filter(sequence__gt=0).delete()

    assert verification.verify().problem


def test_nor_one_that_is_taken_back(api: Api, erased: Any) -> None:
    member = a_canary(api)
    entry = entries_of(member).earliest("pk")
    erased(member)

    AuditEntry.objects.filter(pk=entry.pk).update(
        changes=entry.changes, object_label=entry.object_label, searched=entry.searched
    )

    assert f"id {entry.pk}, " in verification.verify().problem


def test_an_altered_entry_is_not_signed_anew(db: None) -> None:
    member = a_member()
    entry = entries_of(member).get()
    AuditEntry.objects.filter(pk=entry.pk).update(actor_label="Somebody else")

    with pytest.raises(chain.TrailBroken):
        erase_values(SYSTEM, [Remainder(entries_of(member).get(), {}, "")])


# --- The database's files --------------------------------------------------------------------

LIFE = """
import os, pathlib
from syteops.core.actors import SYSTEM
from syteops.team import services
long = "biography of a canary " * 500
made = dict(first_name="Zyxwvut", email="canary@zyx.example", biography=long)
gone = services.create_team_member(SYSTEM, **made)
services.create_team_member(SYSTEM, first_name="Kept-canary")
services.update_team_member(SYSTEM, gone, phone_mobile="+43 660 7654321")
if "{end}" == "erase":
    services.erase_team_member(SYSTEM, gone)
# While the database is open: its journal goes when it is closed.
files = pathlib.Path(os.environ["SYTEOPS_DATA_DIR"]).rglob("*")
held = b"".join(one.read_bytes() for one in files if one.is_file()).lower()
texts = "Kept-canary", "Zyxwvut", "canary@zyx.example", "7654321", "biography of a canary"
print("held:", [text for text in texts if text.lower().encode() in held])
"""


@pytest.mark.sqlite_only
@pytest.mark.parametrize(("end", "held"), [("erase", 1), ("keep", 5)])
def test_the_files_of_sqlite_hold_nothing_either(tmp_path: Path, end: str, held: int) -> None:
    data_dir = tmp_path / "site"
    assert manage("migrate", data_dir=data_dir).returncode == 0

    done = manage("shell", "-c", LIFE.replace("{end}", end), data_dir=data_dir)

    assert done.returncode == 0, done.stderr
    found = re.findall("'([^']+)'", done.stdout.rpartition("held:")[2])
    assert (found[0], len(found)) == ("Kept-canary", held)


def test_the_trail_tells_nobody_which_entries_were_emptied(api: Api, erased: Any) -> None:
    erased(a_canary(api))

    [shown] = api.get("/audit?event=audit.erased").json()["entries"]

    told = AuditEntry.objects.get(event="audit.erased").changes["entries"]["after"]
    assert shown["changes"] == {"entries": {"before": None, "after": len(told)}}
    assert len(told) > 4


READER = """
import sqlite3
from django.conf import settings
from syteops.dashboard.tasks import failing_tasks
from syteops.server import housekeeping
reader = sqlite3.connect(settings.DATABASES["default"]["NAME"], isolation_level=None)
reader.execute("BEGIN")
reader.execute("SELECT count(*) FROM team_teammember").fetchone()
{erase}
housekeeping.run()
print("failing:", [one.name for one in failing_tasks()])
reader.execute("ROLLBACK")
housekeeping.run()
print("failing:", [one.name for one in failing_tasks()])
"""


@pytest.mark.sqlite_only
def test_the_journal_of_sqlite_is_emptied_once_nobody_reads_it(tmp_path: Path) -> None:
    data_dir = tmp_path / "site"
    assert manage("migrate", data_dir=data_dir).returncode == 0
    made, _, rest = LIFE.partition('if "{end}" == "erase":\n')
    erasing, _, held = rest.partition("\n#")
    script = f"{made}{READER.replace('{erase}', erasing.strip())}#{held}"

    done = manage("shell", "-c", script, data_dir=data_dir)

    assert done.returncode == 0, done.stderr
    assert "failing: ['empty_journal']\nfailing: []" in done.stdout
    assert "held: ['Kept-canary']" in done.stdout
