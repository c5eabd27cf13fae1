"""Nobody gives a key more than he holds himself, nor lets one work (again) that can do more.

A scope stands for the Django permissions of every operation that it opens, the site key for all of
them and an auditor's. To end a key or close the API takes none of that.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from manage_api.keys import queries
from manage_api.keys.models import KeyKind, ManageKey
from manage_api.operations import all_operations
from syteops.audit.visibility import AUDITOR
from syteops.core.actors import Actor, ActorKind
from syteops.core.errors import Forbidden
from syteops.people.queries import acting_person, lacking

_RUNS_THE_SITE = frozenset((ActorKind.COMMAND, ActorKind.SYSTEM))


def of_scopes(scopes: Iterable[str]) -> frozenset[str]:
    """The permissions that these scopes stand for."""
    return frozenset().union(*(_of_scope().get(one, ()) for one in scopes))


def of_site_key() -> frozenset[str]:
    """The permissions that the site key stands for."""
    return frozenset((AUDITOR,)).union(*_of_scope().values())


def of_key(key: ManageKey) -> frozenset[str]:
    """The permissions that a key stands for; one that was altered is refused, so none."""
    if not key.has_genuine_rights:
        return frozenset()
    return of_site_key() if key.kind == KeyKind.SITE else of_scopes(key.scopes)


def of_working_keys() -> Iterator[str]:
    """The permissions of all keys that an enabled API lets in; no key is read before one asks."""
    for key in queries.working_keys():
        yield from of_key(key)


def require_held(actor: Actor, permissions: Iterable[str]) -> None:
    """Raises Forbidden, naming what is missing, unless the person who acts holds all of that.

    Whoever can run commands runs the site. Nobody else than a person holds anything.
    """
    if actor.kind in _RUNS_THE_SITE:
        return
    person = acting_person(actor)
    missing = lacking(person, permissions) if person else set(permissions)
    if person is None or missing:
        raise Forbidden(
            "A key can do no more than whoever gives it or lets it work. You lack "
            f"{', '.join(sorted(missing))}. Ask a superuser."
        )


def holds(person: Any, permissions: Iterable[str]) -> bool:
    """Whether `require_held` would let the person pass."""
    return not lacking(person, permissions)


@cache
def _of_scope() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for one in all_operations():
        needed = found.setdefault(one.scope, set())
        needed.add(one.permission)
        if further := one.viewset.further_permissions.get(one.endpoint):
            needed.add(further)
    return {scope: frozenset(permissions) for scope, permissions in found.items()}
