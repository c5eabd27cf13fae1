"""Recording changes of people and groups, which Django's own forms store."""

from typing import Any

from django.contrib.auth.models import Group, User

from syteops.audit.services import record_about
from syteops.audit.snapshots import difference
from syteops.lib.actors import Actor
from syteops.people.queries import group_values, person_values

PEOPLE, GROUPS = "people", "groups"


def about(user: User) -> tuple[str, str, str]:
    """A person as the audit trail names one."""
    return PEOPLE, str(user.pk), user.get_username()


def record_person(actor: Actor, user: User, before: dict[str, Any]) -> None:
    """Record what differs from `before` (nothing, for a new person)."""
    _record(actor, "person", about(user), before, person_values(user))


def record_group(actor: Actor, group: Group, before: dict[str, Any]) -> None:
    """Record what differs from `before` (nothing, for a new group)."""
    _record(actor, "group", (GROUPS, str(group.pk), group.name), before, group_values(group))


def record_deletion(actor: Actor, subject: User | Group) -> None:
    """Record what a person or group was. Call before the deletion, in its transaction."""
    if isinstance(subject, User):
        gone, values, noun = about(subject), person_values(subject), "person"
    else:
        gone, values, noun = (GROUPS, str(subject.pk), subject.name), group_values(subject), "group"
    record_about(actor, f"{noun}.deleted", gone, {n: (v, None) for n, v in values.items() if v})


def record_password(actor: Actor, user: User) -> None:
    """Record that a person has another password, or none any more."""
    after = "replaced" if user.has_usable_password() else "cleared"
    record_about(actor, "person.password_changed", about(user), {"password": ("set", after)})


def _record(
    actor: Actor,
    noun: str,
    subject: tuple[str, str, str],
    before: dict[str, Any],
    after: dict[str, Any],
) -> None:
    if before:
        changes = difference(before, after)
    else:
        changes = {name: (None, value) for name, value in after.items() if value}
    if changes:
        record_about(actor, f"{noun}.{'updated' if before else 'created'}", subject, changes)
