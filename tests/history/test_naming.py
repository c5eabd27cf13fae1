"""An undo finds whom a public id named then, also when the trail was cut or numbers moved on."""

import pytest

from notes import services as notes
from notes.models import Note
from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.core.errors import Conflict
from syteops.history.naming import Naming
from syteops.history.reverting import revert
from syteops.roles import services as roles
from syteops.roles.models import Role
from syteops.team import services as team
from syteops.team.models import TeamMember
from tests.objects import get_role
from tests.samples.roles import a_role
from tests.undoing import latest

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> TeamMember:
    return team.create_team_member(SYSTEM, first_name="Ada")


@pytest.fixture
def entry(ada: TeamMember) -> AuditEntry:
    """That Ada, 001, is no longer the author of a note."""
    note = notes.create_note(SYSTEM, title="Kick-off", author=ada)
    notes.update_note(SYSTEM, note, author=None)
    return latest("note.updated")


def pass_the_number_on(ada: TeamMember) -> None:
    team.delete_team_member(SYSTEM, TeamMember.objects.get(pk=ada.pk))
    assert team.create_team_member(SYSTEM, first_name="Eve").slot == "001"


def cut_before(entry: AuditEntry) -> None:
    """As the retention does."""
    AuditEntry.objects.filter(pk__lt=entry.pk).delete()


@pytest.mark.parametrize("cut", [False, True])
@pytest.mark.parametrize("passed_on", [False, True])
def test_the_member_of_then_is_found(
    ada: TeamMember, entry: AuditEntry, cut: bool, passed_on: bool
) -> None:
    if passed_on:
        pass_the_number_on(ada)
    if cut:
        cut_before(entry)

    revert(SYSTEM, entry)

    assert Note.objects.get().author == ada


def test_a_member_who_had_no_number_then_is_found(ada: TeamMember, entry: AuditEntry) -> None:
    revert(SYSTEM, entry)
    team.delete_team_member(SYSTEM, TeamMember.objects.get(pk=ada.pk))
    notes.update_note(SYSTEM, Note.objects.get(), author=None)
    entry = latest("note.updated")
    assert entry.changes["author"]["before"] == f"deleted-{ada.pk}"
    team.restore_team_member(SYSTEM, TeamMember.all_objects.get(pk=ada.pk))

    revert(SYSTEM, entry)

    assert Note.objects.get().author == ada


def test_whoever_is_gone_for_good_is_a_conflict() -> None:
    role = a_role()
    naming = Naming({"roles": Role}, AuditEntry(pk=10**6))
    keys = naming.keys_at_entry("roles", [role.slug])
    roles.delete_role(SYSTEM, role)
    a_role()

    with pytest.raises(Conflict):
        naming.objects("roles", keys)


def test_names_that_nobody_ever_had_are_a_conflict(entry: AuditEntry) -> None:
    naming = Naming({"author": TeamMember}, entry)

    with pytest.raises(Conflict):
        naming.objects("author", naming.keys_at_entry("author", "077"))


def test_names_are_found_in_every_shape_of_value(ada: TeamMember, entry: AuditEntry) -> None:
    models = {"one": TeamMember, "many": TeamMember, "by": TeamMember, "rows.who": TeamMember}
    naming, pk = Naming(models, entry), str(ada.pk)
    rows = [{"who": "001", "text": "001"}, {"who": None, "text": ""}, {"text": "no one"}]

    assert naming.keys_at_entry("one", "001") == pk
    assert naming.keys_at_entry("one", None) is None
    assert naming.keys_at_entry("many", ["001", "001"]) == [pk, pk]
    assert naming.keys_at_entry("by", {"001": "001"}) == {pk: "001"}
    assert naming.keys_at_entry("rows", rows) == [
        {"who": pk, "text": "001"},
        {"who": None, "text": ""},
        {"who": None, "text": "no one"},
    ]
    assert naming.keys_at_entry("other", "001") == "001"
    assert naming.keys_now("many", ["001", "078"]) == [pk, "unknown 078"]
    assert naming.objects("by", {pk: "001"}) == {ada: "001"}
    assert get_role("site_owner").assigned_users == []
