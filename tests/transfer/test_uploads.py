"""Files that were uploaded for an import: tried in the background, sealed and forgotten."""

import re
from threading import Thread
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from notes import services as notes
from notes.models import Note
from syteops.audit.models import AuditEntry
from syteops.core import reading, texts
from syteops.core.actors import SYSTEM, Actor, ActorKind, Channel
from syteops.core.errors import Conflict, LimitReached
from syteops.core.tasks import TaskResultStatus
from syteops.tasks.jobs import begin, tell_progress
from syteops.tasks.models import Job
from syteops.team import services
from syteops.team.models import TeamMember
from syteops.team.places import begin_erasure
from syteops.transfer import budget, downloads, hourly, importing, tasks, uploads
from syteops.transfer.choices import Kind
from syteops.transfer.erasure import forget_uploads
from syteops.transfer.files import Table
from syteops.transfer.models import Download, Import
from syteops.transfer.uploads import GONE
from tests.background import run_tasks
from tests.each import each
from tests.samples.team import a_member
from tests.threads import keeps_somebody_waiting
from tests.transfer.transferring import (
    SHEETS,
    address,
    as_file,
    confirm,
    report,
    told,
    upload,
    with_rights,
)
from tests.waiting import PATIENCE, becomes_true

pytestmark = pytest.mark.django_db
MEMBERS = SHEETS["team-members"]


def test_nobody_sees_or_imports_the_upload_of_somebody_else(browser: Client) -> None:
    page = upload(browser, MEMBERS, as_file([["first_name"], ["Ada"]]))
    other = with_rights("view_teammember", "change_teammember", "add_teammember")

    assert told(confirm(other, page)) == [GONE]
    assert not TeamMember.objects.exists()


def test_of_one_person_the_latest_files_are_kept(
    alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A script could fill the disk with some that have a hundred megabytes."""
    monkeypatch.setattr(budget, "MOST_KEPT", 2)
    table = Table(["first_name"], [(2, ["Ada"])])
    his = uploads.keep(bob, MEMBERS, table, "his.csv")
    mine = [uploads.keep(alice, MEMBERS, table, f"{n}.csv") for n in range(3)]
    made = [downloads.keep(alice, MEMBERS, []) for _ in range(3)]
    assert {*Import.objects.all()} == {his, *mine[1:]}
    assert {*Download.objects.all()} == {*made[1:]}


def test_none_goes_that_a_task_waits_to_work_through(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An import that was agreed to was not done, and said to be done."""
    monkeypatch.setattr(budget, "MOST_KEPT", 2)
    table = Table(["first_name"], [(2, ["Ada"])])
    asked_for = uploads.keep(alice, MEMBERS, table, "asked.csv")
    job = waiting(alice, asked_for)
    mine = [uploads.keep(alice, MEMBERS, table, f"{n}.csv") for n in range(3)]
    assert {*Import.objects.all()} == {asked_for, *mine[1:]}

    given_up = waiting(alice, mine[1])
    with pytest.raises(LimitReached, match="wait to be worked through"):
        uploads.keep(alice, MEMBERS, table, "one more.csv")
    assert Import.objects.count() == 3
    Job.objects.filter(pk=job.pk).update(ended_at=timezone.now())
    uploads.keep(alice, MEMBERS, table, "one more.csv")
    other = waiting(alice, mine[2])
    with pytest.raises(LimitReached):
        uploads.keep(alice, MEMBERS, table, "yet one.csv")
    DBTaskResult.objects.filter(pk=given_up.task).update(status=TaskResultStatus.FAILED)
    uploads.keep(alice, MEMBERS, table, "yet one.csv")
    assert Import.objects.filter(pk=other.object_id).exists()


def waiting(alice: User, kept: Import) -> Job:
    actor = Actor(kind=ActorKind.PERSON, id=str(alice.pk), label="alice", door=Channel.ADMIN)
    return begin(actor, tasks.try_file, kept, needs=[], title="Try", name=str(kept.pk))


@pytest.mark.parametrize("task", [tasks.try_file, tasks.store_file, tasks.restore_rows])
def test_a_file_that_is_gone_is_no_success(alice: User, task: Any) -> None:
    kept = uploads.keep(alice, MEMBERS, Table(["first_name"], []), "gone.csv")
    actor = Actor(kind=ActorKind.PERSON, id=str(alice.pk), label="alice", door=Channel.ADMIN)
    job = begin(actor, task, kept, needs=[], title="Gone", name=str(kept.pk))
    kept.delete()
    run_tasks()
    job.refresh_from_db()
    assert job.problem
    assert GONE in str(job.problem)


@pytest.mark.parametrize("task", [tasks.try_file, tasks.store_file, tasks.restore_rows])
def test_a_file_that_was_given_to_somebody_else_is_gone(alice: User, bob: User, task: Any) -> None:
    """Whoever writes to the database had his own stored with the rights of another."""
    kept = uploads.keep(bob, MEMBERS, Table(["first_name"], []), "mine.csv")
    actor = Actor(kind=ActorKind.PERSON, id=str(bob.pk), label="bob", door=Channel.ADMIN)
    job = begin(actor, task, kept, needs=[], title="Mine", name=str(kept.pk))
    Import.objects.update(person=alice)
    run_tasks()
    job.refresh_from_db()
    assert GONE in str(job.problem)


@each(("column", "value"), [("resource", "roles"), ("kind", Kind.DELETION)])
def test_a_file_is_for_nothing_else_than_it_was_kept_for(
    alice: User, column: str, value: str
) -> None:
    """Whoever writes to the database had other objects restored than were chosen."""
    uploads.keep(alice, MEMBERS, Table(["first_name"], []), "mine.csv")
    assert uploads.table_of(Import.objects.get()).header == ["first_name"]
    Import.objects.update(**{column: value})
    with pytest.raises(Conflict):
        uploads.table_of(Import.objects.get())


def test_a_large_file_is_tried_and_imported_in_the_background(
    browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "AT_ONCE", 10)
    page = upload(browser, MEMBERS, as_file([["first_name"], *[[f"P{n}"] for n in range(200)]]))
    assert report(page).new == 200
    assert not TeamMember.objects.exists()

    done = confirm(browser, page)

    assert told(done) == ["Imported: 200 new."]
    assert TeamMember.objects.count() == 200
    entry = AuditEntry.objects.filter(event="team_member.created").latest("pk")
    assert (entry.actor_label, entry.operation) == ("alice", "users.import")


def test_long_objects_are_read_one_after_the_other_in_the_background(
    browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of 3 kB about 250 notes of 99,000 emoji took four seconds and hundreds of MB."""
    sheet = SHEETS["notes"]
    made = [str(notes.create_note(SYSTEM, title=f"N{n}", content="long").pk) for n in range(5)]
    names = [made[0], "999", made[1], "none", made[2], *made[3:]]
    wrong, right = (
        as_file([["id", "content"], *([one, "new"] for one in some)]) for some in (names, made)
    )
    before = report(upload(browser, sheet, wrong))
    assert [one.row for one in before.problems] == [3, 5]
    assert not Job.objects.exists()
    monkeypatch.setattr(texts, "_FEW", 1)
    monkeypatch.setattr(reading, "MOST_READ", 4)

    assert report(upload(browser, sheet, wrong)) == before
    assert told(confirm(browser, upload(browser, sheet, right))) == ["Imported: 5 changed."]
    assert Job.objects.count() == 3
    assert {*Note.objects.values_list("content", flat=True)} == {"new"}


def test_who_waits_sees_how_far_it_is(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "AT_ONCE", 10)
    data = as_file([["first_name"], *[[f"P{n}"] for n in range(20)]])
    files = {"file": SimpleUploadedFile("some.csv", data)}
    waiting = browser.post(address(MEMBERS, "import/"), files, follow=True)
    where = waiting.request["PATH_INFO"]
    job = re.findall("[0-9a-f-]{36}", where)[0]
    for done in range(100):
        tell_progress(job, done, 200)

    assert browser.get(f"{where}?state").json()["percent"] == 50
    assert 'value="50"' in browser.get(where).content.decode()


@pytest.mark.parametrize("at_once", [250, 0])
def test_an_upload_that_is_deleted_while_it_is_tried_is_said_to_be_gone(
    browser: Client, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    """Erasing a person deletes them all."""
    tried = importing.try_rows

    def erased_meanwhile(*args: Any) -> Any:
        found = tried(*args)
        Import.objects.all().delete()
        return found

    monkeypatch.setattr(uploads, "AT_ONCE", at_once)
    monkeypatch.setattr(uploads, "try_rows", erased_meanwhile)

    page = upload(browser, MEMBERS, as_file([["first_name"], ["Ada"]]))

    assert GONE in told(page)
    assert not Import.objects.exists()


@pytest.mark.postgresql_only  # on SQLite nothing is tried beside the one that writes
@pytest.mark.django_db(transaction=True)
def test_nothing_is_previewed_from_what_is_being_erased(browser: Client) -> None:
    """The erasure has deleted the uploads, and has still to come to what the preview would show."""
    member = a_member(first_name="Zyxwvut")
    shown: list[Any] = []

    def look() -> None:
        shown.append(upload(browser, MEMBERS, as_file([["user_num", "first_name"], ["001", "A"]])))
        connection.close()

    looking = Thread(target=look)
    with transaction.atomic():
        begin_erasure()
        forget_uploads(SYSTEM, member)
        looking.start()
        assert becomes_true(keeps_somebody_waiting)
        assert shown == []
        services.erase_team_member(SYSTEM, member)
    looking.join(PATIENCE)

    assert "Zyxwvut" not in shown[0].content.decode()


def test_uploads_are_sealed_and_forgotten(browser: Client, alice: User) -> None:
    upload(browser, MEMBERS, as_file([["first_name"], ["Ada"]]))
    [kept] = Import.objects.all()
    assert b"first_name" not in kept.content.ciphertext
    assert b"first_name" not in kept.report.ciphertext

    services.erase_team_member(SYSTEM, a_member())
    assert not Import.objects.exists()

    upload(browser, MEMBERS, as_file([["first_name"], ["Ada"]]))
    Import.objects.update(begun_at="2020-01-01T00:00:00Z")
    hourly.forget_old_imports(SYSTEM)
    assert not Import.objects.exists()
