"""Who may read what in the audit trail.

To read the trail is not to read everything: an entry holds values of an object, so it takes the
right to read those as well. Auditors, who have a right of their own for it, read every entry.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from django.apps import apps
from django.db.models import QuerySet

from syteops.audit.models import AuditEntry
from syteops.audit.stored import ERASURE
from syteops.core.entities import Entity
from syteops.core.permissions import permission_name

AUDITOR = "audit.read_every_auditentry"
"""The Django permission of an auditor."""


def visible_to_person(user: Any, entries: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
    """Those of `entries` that a person may read."""
    readable = readable_resources(user)
    return entries if readable is None else entries.filter(object_resource__in=readable)


def readable_resources(user: Any) -> set[str] | None:
    """The resources of which a person may read what the trail holds; None for all of them."""
    if user.has_perm(AUDITOR):
        return None
    return {name for name in _permissions() if may_read(user, name)}


def may_read(user: Any, resource: str) -> bool:
    """Whether a person may read what the trail holds of the objects of `resource`."""
    return any(user.has_perm(needed) for needed in (AUDITOR, *_permissions().get(resource, ())))


def visible_changes(
    changes: Mapping[str, Any], resource: str, reads: Callable[[str], bool]
) -> dict[str, Any]:
    """The changed fields of an object of `resource`, for who may read that.

    Without those whose values belong to another resource, unless `reads` says of that one too that
    it may be read.
    """
    others = _values_of_others().get(resource, {})
    shown = {n: one for n, one in changes.items() if n not in others or reads(others[n])}
    if resource == AuditEntry.resource and ERASURE in shown:
        # Which entries those are is nothing to who may not read them.
        shown[ERASURE] = {**shown[ERASURE], "after": len(shown[ERASURE]["after"])}
    return shown


@cache
def _values_of_others() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for model in apps.get_models():
        if issubclass(model, Entity):  # several may share a resource
            found.setdefault(model.resource, {}).update(model.values_of_others)
    return found


@cache
def _permissions() -> dict[str, set[str]]:
    """By resource the Django permissions of which each lets its objects be read."""
    found: dict[str, set[str]] = {
        "people": {"auth.view_user"},
        "groups": {"auth.view_group"},
        "keys": {"keys.manage_api_keys"},
        "api": {"keys.manage_api_keys"},
        "deliveries": {"deliveries.view_delivery"},
        "saved_views": {"lists.share_savedview"},
    }
    for model in apps.get_models():
        if issubclass(model, Entity):
            found.setdefault(model.resource, set()).add(permission_name(model, "view"))
    return found
