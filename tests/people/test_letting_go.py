"""A person or a group who is deleted goes from what names them by changes that are recorded."""

from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, User
from django.utils import timezone

from manage_api.keys.services import create_restricted_key
from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.core.entities import Entity
from syteops.invitations.models import Invitation
from syteops.lists.services import save_view
from syteops.people.services import delete_group, delete_person
from syteops.team.services import create_team_member


def naming(model: Any) -> set[tuple[str, str]]:
    """The resource and the field of each column, or relation, of a recorded object to `model`."""
    recorded: list[Any] = [one for one in apps.get_models() if issubclass(one, Entity)]
    return {
        (one.resource, field.name)
        for one in recorded
        for field in (*one._meta.concrete_fields, *one._meta.many_to_many)
        if field.related_model is model
    }


def told(since: int) -> set[tuple[str, str]]:
    """The resource and the fields of what was changed since."""
    entries = AuditEntry.objects.filter(pk__gt=since)
    return {(one.object_resource, name) for one in entries for name in one.changes}


def newest() -> int:
    return AuditEntry.objects.latest("pk").pk


@pytest.fixture
def invitation(alice: User, bob: User) -> Invitation:
    """Of Alice's, which Bob has accepted."""
    made = Invitation.objects.create(
        invited_by=alice, accepted_by=bob, expires_at=timezone.now() + timedelta(days=1)
    )
    made.groups.set([Group.objects.create(name="Sales"), Group.objects.create(name="Press")])
    return made


def test_a_person(alice: User, bob: User, invitation: Invitation) -> None:
    create_team_member(SYSTEM, user=bob)
    create_restricted_key(SYSTEM, name="n8n", scopes=["crm:read"], sponsor=bob)
    Invitation.objects.update(invited_by=bob)
    since = newest()

    delete_person(SYSTEM, bob)

    assert naming(User) <= told(since)
    invitation.refresh_from_db()
    assert (invitation.invited_by, invitation.accepted_by) == (None, None)


def test_a_group(invitation: Invitation, site_key: str) -> None:
    since = newest()

    delete_group(SYSTEM, Group.objects.get(name="Sales"))

    assert naming(Group) <= told(since)
    entry = AuditEntry.objects.get(event="invitation.updated")
    assert entry.changes == {"groups": {"before": ["Press", "Sales"], "after": ["Press"]}}
    assert [one.name for one in invitation.groups.all()] == ["Press"]


@pytest.mark.parametrize("is_shared", [True, False])
def test_what_a_person_shares_with_everybody(alice: User, is_shared: bool) -> None:
    seen: dict[str, Any] = {"asked": {}, "order": [], "columns": ["title"]}
    save_view(SYSTEM, alice, place="notes.note", name="Open", is_shared=is_shared, **seen)

    delete_person(SYSTEM, alice)

    gone = AuditEntry.objects.filter(event="saved_view.deleted")
    assert [one.object_label for one in gone] == ["Open"] * is_shared
