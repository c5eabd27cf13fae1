"""Changes of people and groups. Django's own forms store theirs, and these record them."""

from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from typing import Any, TypeVar

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.core.exceptions import ValidationError
from django.db import transaction

from syteops.audit.models import AuditEntry
from syteops.audit.services import record_about
from syteops.audit.snapshots import difference
from syteops.core.actors import Actor, ActorKind
from syteops.core.errors import (
    Conflict,
    DomainError,
    Forbidden,
    Invalid,
    NotFound,
    field_errors,
)
from syteops.core.events import Noun, Verb
from syteops.core.locks import transaction_lock
from syteops.core.trials import trial
from syteops.lists.services import delete_shared_views
from syteops.people.queries import (
    acting_person,
    group_values,
    is_only_superuser,
    may_manage,
    people_in,
    permissions_named,
    person_values,
)
from syteops.people.sessions import end_sessions
from syteops.people.usernames import clean_person, lock_names

PEOPLE, GROUPS = "people", "groups"
BeforeDeleted = TypeVar("BeforeDeleted", bound=Callable[[Actor, User], None])
BeforeGroupDeleted = TypeVar("BeforeGroupDeleted", bound=Callable[[Actor, Group], None])
LeftBehind = TypeVar("LeftBehind", bound=Callable[[User, bool], str])
_before_deleted: list[Callable[[Actor, User], None]] = [delete_shared_views]
_before_group_deleted: list[Callable[[Actor, Group], None]] = []
_left_behind: dict[str, Callable[[User, bool], str]] = {}


def before_person_deleted(service: BeforeDeleted) -> BeforeDeleted:
    """Have the service called before a person is deleted, for what it has that names the person.

    The database would clear that by itself and tell nobody.
    """
    _before_deleted.append(service)
    return service


def before_group_deleted(service: BeforeGroupDeleted) -> BeforeGroupDeleted:
    """The same before a group is deleted."""
    _before_group_deleted.append(service)
    return service


def leaves_behind(resource: str) -> Callable[[LeftBehind], LeftBehind]:
    """Have the warning asked what of the resource goes on in the name of a deactivated person; ""
    if nothing. It names what it is only to who may read the resource, as it is told.
    """

    def enter(warning: LeftBehind) -> LeftBehind:
        _left_behind[resource] = warning
        return warning

    return enter


def left_behind(user: User, readable: Collection[str] | None) -> list[str]:
    """What to look at after the person was deactivated, in words for who may read these resources
    (None: all of them)."""
    told = (
        warning(user, readable is None or resource in readable)
        for resource, warning in _left_behind.items()
    )
    return [text for text in told if text]


def lock_superusers() -> None:
    """Let nobody else take a superuser's rights until this transaction ends.

    So of two who do so with each other, one finds that he would be the last.
    """
    transaction_lock("superusers")


def lock_people() -> None:
    """Both locks of people, in the order of forms, to be taken before rows are locked.

    Whoever accepts an invitation holds the first one, and then waits for its groups.
    """
    lock_names()
    lock_superusers()


def about(user: User) -> tuple[str, str, str]:
    """A person as the audit trail names one."""
    return PEOPLE, str(user.pk), user.get_username()


def _about_group(group: Group) -> tuple[str, str, str]:
    return GROUPS, str(group.pk), group.name


@transaction.atomic
def create_superuser(actor: Actor, user: User, password: str) -> User:
    """Store the new person `user`, who may do everything. Raises Invalid.

    That the rules accept the password is for the caller to see.
    """
    user.is_staff = user.is_superuser = True
    user.set_password(password)
    clean_person(user)
    user.save(force_insert=True)
    record_person(actor, user, {})
    return user


def set_password(actor: Actor, user: User, password: str) -> None:
    """Give a person another password, and change nothing else. It ends every session.

    Raises NotFound for somebody who was deleted. That the rules accept it is for the caller to see.
    """
    user.set_password(password)  # before the lock: it takes long by intention
    with transaction.atomic():
        if not User.objects.select_for_update().filter(pk=user.pk):
            raise NotFound(f"{user} was deleted. Nothing was stored.")
        user.save(update_fields=["password"])
        record_password(actor, user)


def record_person(actor: Actor, user: User, before: dict[str, Any]) -> None:
    """Record what differs from `before` (nothing, for a new person).

    Whoever may not sign in any more is signed out for good: that he may again opens no session of
    before. So is whoever has another address, if that is a way in, but for who changes his own.
    """
    _record(actor, Noun.PERSON, about(user), before, person_values(user))
    is_way_in = settings.OIDC_ISSUER and actor.id != str(user.pk)
    is_moved = is_way_in and before.get("email", user.email) != user.email
    if is_moved or any(before.get(one) and not getattr(user, one) for one in _LETS_IN):
        end_sessions(user)


_LETS_IN = ("is_active", "is_staff")


def record_group(actor: Actor, group: Group, before: dict[str, Any]) -> None:
    """Record what differs from `before` (nothing, for a new group)."""
    _record(actor, Noun.GROUP, _about_group(group), before, group_values(group))


@transaction.atomic
def delete_person(actor: Actor, user: User) -> None:
    """Delete a person. Whatever names the person lets go first, as a change of its own."""
    for service in _before_deleted:
        service(actor, user)
    record_about(actor, Noun.PERSON, Verb.DELETED, about(user), _gone(person_values(user)))
    user.delete()


def changed_with_deletion(actor: Actor, user: User) -> list[AuditEntry]:
    """What else deleting the person would change: the entries that it would write. None is kept."""
    newest = AuditEntry.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    with suppress(DomainError), trial():
        delete_person(actor, User.objects.get(pk=user.pk))  # which loses its primary key
        told = AuditEntry.objects.filter(pk__gt=newest).exclude(object_resource=PEOPLE)
        return list(told.order_by("pk"))
    return []


@transaction.atomic
def delete_group(actor: Actor, group: Group) -> None:
    """Delete a group; it is a change of everybody in it, too, and of whatever else names it."""
    for service in _before_group_deleted:
        service(actor, group)
    people = group.user_set.select_for_update(of=("self",)).order_by("pk")
    before = {person: person_values(person) for person in people}
    gone = _gone({**group_values(group), "member_ids": people_in(group)})
    record_about(actor, Noun.GROUP, Verb.DELETED, _about_group(group), gone, str(group.pk))
    group.delete()
    for person, values in before.items():
        record_person(actor, person, values)


# --- Putting back --------------------------------------------------------------------------

RIGHTS = frozenset(("is_staff", "is_superuser", "groups", "permissions"))
"""Of the values of a person those that only superusers change."""


@transaction.atomic
def put_back_person(actor: Actor, user: User, **values: Any) -> None:
    """Give a person, who is locked, values that they had before: some of `person_values`.

    Raises Forbidden for whoever may not change that person, or gives rights and is no superuser;
    Conflict for a group that is gone, and where nobody could do everything any more; Invalid.
    """
    _require_manager(actor, user, gives=bool(RIGHTS & values.keys()))
    before, columns = person_values(user), values.keys() - {"groups", "permissions"}
    stays = all(values.get(one, True) for one in ("is_active", "is_staff", "is_superuser"))
    if not stays:
        lock_superusers()
    if not stays and is_only_superuser(user):
        raise Conflict("Make somebody else a superuser first: this is the only one.")
    _store(user, {name: values[name] for name in columns})
    if "groups" in values:
        user.groups.set(_groups_named(values["groups"] or ()))
    if "permissions" in values:
        user.user_permissions.set(permissions_named(values["permissions"] or ()))
    record_person(actor, user, before)


@transaction.atomic
def put_back_group(actor: Actor, group: Group, **values: Any) -> None:
    """Give a group, which is locked, values that it had before: some of `group_values`.

    Raises Forbidden for whoever is no superuser; Invalid for a name that is taken.
    """
    _require_manager(actor, None, gives=True)
    before = group_values(group)
    if "name" in values:
        _store(group, {"name": values["name"]})
    if "permissions" in values:
        group.permissions.set(permissions_named(values["permissions"] or ()))
    record_group(actor, group, before)


@transaction.atomic
def restore_group(
    actor: Actor,
    group: Group,
    *,
    permissions: Iterable[str] = (),
    member_ids: Iterable[int] = (),
) -> None:
    """Store a deleted group again, with its primary key, its rights and whoever of its people is
    still there. It is a change of them, too. Raises as `put_back_group`.
    """
    _require_manager(actor, None, gives=True)
    people = User.objects.select_for_update(of=("self",)).filter(pk__in=[*member_ids])
    before = {person: person_values(person) for person in people.order_by("pk")}
    _clean(group, {"name"})
    group.save(force_insert=True)
    group.permissions.set(permissions_named(permissions))
    group.user_set.set(before)
    values = {**group_values(group), "member_ids": people_in(group)}
    there = {name: (None, value) for name, value in values.items() if value}
    record_about(actor, Noun.GROUP, Verb.RESTORED, _about_group(group), there, str(group.pk))
    for person, had in before.items():
        record_person(actor, person, had)


def _require_manager(actor: Actor, person: User | None, *, gives: bool) -> None:
    """Raises Forbidden unless the actor may change that person, or is a superuser who `gives`."""
    if actor.kind in (ActorKind.COMMAND, ActorKind.SYSTEM):
        return
    manager = acting_person(actor)
    if manager is not None and manager.is_active and manager.is_superuser:
        return
    if gives or manager is None or person is None:
        raise Forbidden("Only a superuser gives or takes rights. Ask one to undo this.")
    if not manager.has_perm("auth.change_user") or not may_manage(manager, person):
        raise Forbidden(f"You cannot change {person}, who may do what you may not.")


def _store(instance: User | Group, values: dict[str, Any]) -> None:
    """Store these columns and no others. Raises Invalid."""
    for name, value in values.items():
        setattr(instance, name, value)
    _clean(instance, values.keys())
    if values:
        instance.save(update_fields=[*values])


def _clean(instance: User | Group, columns: Collection[str]) -> None:
    if isinstance(instance, User):
        clean_person(instance, columns)
        return
    others = {field.name for field in instance._meta.concrete_fields} - {*columns}
    try:
        instance.full_clean(exclude=others)
    except ValidationError as error:
        raise Invalid(field_errors(error)) from error


def _groups_named(names: Collection[str]) -> list[Group]:
    found = list(Group.objects.filter(name__in=names))
    if gone := {*names} - {group.name for group in found}:
        raise Conflict(f"Deleted or renamed since: {', '.join(sorted(gone))}. Restore it first.")
    return found


def _gone(values: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {name: (value, None) for name, value in values.items() if value}


def record_password(actor: Actor, user: User) -> None:
    """Record that a person has another password, or none any more."""
    after = "replaced" if user.has_usable_password() else "cleared"
    record_about(
        actor, Noun.PERSON, Verb.PASSWORD_CHANGED, about(user), {"password": ("set", after)}
    )


def _record(
    actor: Actor,
    noun: Noun,
    subject: tuple[str, str, str],
    before: dict[str, Any],
    after: dict[str, Any],
) -> None:
    if before:
        changes = difference(before, after)
    else:
        changes = {name: (None, value) for name, value in after.items() if value}
    if changes:
        verb = Verb.UPDATED if before else Verb.CREATED
        record_about(actor, noun, verb, subject, changes, subject[1])
