"""Reading who may do what. People are Django's users."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib.auth.models import Group, Permission, User
from django.db.models import Q, QuerySet

from syteops.audit.queries import changes_on
from syteops.core.actors import Actor, ActorKind
from syteops.core.events import Noun, Verb
from syteops.core.locks import snapshot

SEES_LOGINS = "auth.view_user"
"""The permission to see who can sign in."""


def person_values(user: User) -> dict[str, Any]:
    """What the audit trail compares of a person. The password is no part of it."""
    return {
        "username": user.username,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "email": user.email,
        "is_active": user.is_active,
        "is_staff": user.is_staff,
        "is_superuser": user.is_superuser,
        "groups": sorted(user.groups.values_list("name", flat=True)),
        "permissions": permission_names(user.user_permissions.all()),
    }


def is_same_address(mine: str, told: str) -> bool:
    """Whether two e-mail addresses are one, whatever capitals they have.

    Beyond ASCII nothing is folded: databases and Unicode find alike what is not.
    """
    if mine.isascii() and told.isascii():
        return mine.lower() == told.lower()
    return mine == told


def people_renamed_since(since: datetime) -> set[int]:
    """The primary keys of the people who got another username from `since` on."""
    changes = changes_on("people", since).filter(event=f"{Noun.PERSON}.{Verb.UPDATED}")
    rows = changes.order_by().values_list("object_id", "changes")
    with snapshot():  # there may be very many
        return {int(pk) for pk, changed in rows.iterator() if "username" in changed}


def group_values(group: Group) -> dict[str, Any]:
    """What the audit trail compares of a group."""
    return {"name": group.name, "permissions": permission_names(group.permissions.all())}


def people_in(group: Group) -> list[int]:
    """The primary keys of the people in a group."""
    return sorted(group.user_set.values_list("pk", flat=True))


def acting_person(actor: Actor) -> User | None:
    """Who acts, as stored now; None where that is no person, or one who was deleted since."""
    is_person = actor.kind is ActorKind.PERSON and actor.id.isdecimal()
    return User.objects.filter(pk=actor.id).first() if is_person else None


def permissions_named(names: Iterable[str]) -> QuerySet[Permission]:
    """Permissions by their names, such as "crm.view_crmsystem", as far as there are any."""
    rows = Permission.objects.values_list("content_type__app_label", "codename", "pk")
    pks = {f"{app}.{codename}": pk for app, codename, pk in rows}
    return Permission.objects.filter(pk__in=[pks[name] for name in names if name in pks])


def permission_names(permissions: QuerySet[Permission]) -> list[str]:
    """Permissions as code asks for them, such as "crm.view_crmsystem"."""
    pairs = permissions.values_list("content_type__app_label", "codename")
    return sorted(f"{app}.{codename}" for app, codename in pairs)


def may_manage(manager: Any, person: User) -> bool:
    """Whether `manager` may change or delete `person`: nobody who may do more than they.

    Otherwise a new password would be a way to rights that were never given.
    """
    if manager.is_superuser:
        return True
    if person.is_superuser:
        return False
    return not lacking(manager, stored_permissions(person))


def lacking(holder: Any, permissions: Iterable[str]) -> set[str]:
    """Which of these permissions somebody does not hold; an active superuser holds every one."""
    if holder.is_active and holder.is_superuser:
        return set()
    held: set[str] = holder.get_all_permissions()
    return {*permissions} - held


def stored_permissions(person: User) -> set[str]:
    """What a person was given, also through groups. Django says that the inactive have nothing."""
    given = Permission.objects.filter(Q(user=person) | Q(group__user=person))
    return set(permission_names(given))


def other_superusers(person: User) -> QuerySet[User]:
    """Who else can do everything."""
    return User.objects.filter(is_superuser=True, is_active=True, is_staff=True).exclude(
        pk=person.pk
    )


def is_only_superuser(person: User) -> bool:
    """Whether without this person nobody could do everything."""
    stored = User.objects.filter(pk=person.pk, is_superuser=True, is_active=True, is_staff=True)
    return stored.exists() and not other_superusers(person).exists()
