"""How changes of people, groups, keys and the API's switch are undone.

Their apps stand below the history, so it is said here. An undo gives nobody more than doing it by
hand: only a superuser gives rights, nobody changes a person who may do more, and the API is not
opened for keys beyond whoever opens it. The services see to that again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from django.contrib.auth.models import Group, User

from manage_api.keys import rights
from manage_api.keys import services as keys
from manage_api.keys.models import ApiSwitch, ManageKey
from syteops.audit.models import AuditEntry
from syteops.core.actors import Actor
from syteops.core.events import Noun, Verb
from syteops.history.undo import Undo, register_undo
from syteops.history.undoable import afters, verb_of
from syteops.people import queries, services

MANAGES_KEYS = "keys.manage_api_keys"


@dataclass(frozen=True)
class _OfDjango(Undo):
    """Of a model of Django's, which does not say itself what an Entity says."""

    noun: str = ""
    resource: str = ""
    values: Callable[[Any], dict[str, Any]] = lambda instance: {}

    @property
    def services(self) -> ModuleType:
        return services

    def public_id(self, instance: Any) -> str:
        return str(instance.pk)

    def values_of(self, instance: Any) -> dict[str, Any]:
        return self.values(instance)


def _may_change_person(user: Any, entry: AuditEntry) -> bool:
    if user.is_superuser or services.RIGHTS & entry.changes.keys():
        return bool(user.is_superuser)
    person = User.objects.filter(pk=entry.object_pk).first()
    return bool(person and user.has_perm("auth.change_user") and queries.may_manage(user, person))


def _why_person_stays(entry: AuditEntry) -> str:
    if verb_of(entry) == Verb.DELETED:
        return "The account was deleted with its password, which is kept nowhere. Add a new one."
    if verb_of(entry) == Verb.CREATED:
        return "An account may be in use as soon as it is there: deactivate or delete it by hand."
    return ""


register_undo(
    _OfDjango(
        User,  # type: ignore[arg-type]
        noun=Noun.PERSON,
        resource=services.PEOPLE,
        values=queries.person_values,
        only=(Verb.UPDATED,),
        allows=_may_change_person,
        why_not=_why_person_stays,
        lock_first=lambda person: services.lock_people(),
        lets_in=True,
    )
)
register_undo(
    _OfDjango(
        Group,  # type: ignore[arg-type]
        noun=Noun.GROUP,
        resource=services.GROUPS,
        values=lambda group: {
            **queries.group_values(group),
            "member_ids": queries.people_in(group),
        },
        elsewhere=("member_ids",),
        allows=lambda user, entry: bool(user.is_superuser),
        lets_in=True,
    )
)


def _switch_api(actor: Actor, switch: ApiSwitch, *, enabled: bool) -> None:
    keys.set_api_enabled(actor, enabled)


def _may_switch_api(user: Any, entry: AuditEntry) -> bool:
    opens = verb_of(entry) == Verb.DISABLED
    is_held = not opens or rights.holds(user, rights.of_working_keys())
    return bool(user.has_perm(MANAGES_KEYS) and is_held)


def _pause_or_resume(actor: Actor, key: ManageKey, *, paused_at: Any) -> None:
    (keys.pause_key if paused_at else keys.resume_key)(actor, key)


def _may_pause_or_resume(user: Any, entry: AuditEntry) -> bool:
    if user.is_superuser or not user.has_perm(MANAGES_KEYS):
        return bool(user.is_superuser)
    key = ManageKey.objects.filter(pk=entry.object_pk).first()
    resumes = bool(afters(entry).get("paused_at"))
    return bool(key and (not resumes or rights.holds(user, rights.of_key(key))))


def _why_key_stays(entry: AuditEntry) -> str:
    ended = verb_of(entry) in (Verb.REVOKED, Verb.ROTATED)
    return "A key that was ended never works again. Give its tool another one." if ended else ""


register_undo(
    Undo(
        ApiSwitch,
        update=_switch_api,
        undone_by={Verb.ENABLED: "disable", Verb.DISABLED: "enable"},
        only=(Verb.ENABLED, Verb.DISABLED),
        allows=_may_switch_api,
        lets_in=True,
    )
)
register_undo(
    Undo(
        ManageKey,
        update=_pause_or_resume,
        undone_by={Verb.PAUSED: "resume", Verb.RESUMED: "pause"},
        only=(Verb.PAUSED, Verb.RESUMED),
        allows=_may_pause_or_resume,
        why_not=_why_key_stays,
        lets_in=True,
    )
)
