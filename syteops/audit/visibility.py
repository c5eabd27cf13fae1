"""Who may read what in the audit trail.

To read the trail is not to read everything: an entry holds values of an object, so it takes the
right to read those as well. Auditors, who have a right of their own for it, read every entry.
"""

from functools import cache
from typing import Any

from django.apps import apps
from django.db.models import QuerySet

from syteops.audit.models import AuditEntry
from syteops.core.entities import Entity
from syteops.core.permissions import permission_name

AUDITOR = "audit.read_every_auditentry"
"""The Django permission of an auditor."""


def visible_to_person(user: Any, entries: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
    """Those of `entries` that a person may read."""
    if user.has_perm(AUDITOR):
        return entries
    allowed = [name for name, needed in _permissions().items() if any(map(user.has_perm, needed))]
    return entries.filter(object_resource__in=allowed)


@cache
def _permissions() -> dict[str, set[str]]:
    """By resource the Django permissions of which each lets its objects be read."""
    found: dict[str, set[str]] = {
        "people": {"auth.view_user"},
        "groups": {"auth.view_group"},
        "keys": {"keys.manage_api_keys"},
        "api": {"keys.manage_api_keys"},
    }
    for model in apps.get_models():
        if issubclass(model, Entity):
            found.setdefault(model.resource, set()).add(permission_name(model, "view"))
    return found
