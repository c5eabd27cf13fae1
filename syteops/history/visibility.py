"""What a caller of the API may read in the audit trail."""

from functools import partial
from typing import Any

from django.db.models import QuerySet

from manage_api.permissions import may_read, readable_resources
from manage_api.principals import Principal
from syteops.audit.models import AuditEntry
from syteops.audit.visibility import may_read as person_may_read
from syteops.audit.visibility import visible_changes
from syteops.core.actors import ActorKind


def visible_to(principal: Principal, entries: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
    """Those of `entries` that a caller of the API may read."""
    readable = readable_resources(principal)
    return entries if readable is None else entries.filter(object_resource__in=readable)


def changes_visible_to(principal: Principal, entry: AuditEntry) -> dict[str, Any]:
    """Of a visible entry, the changed fields that a caller of the API may read."""
    is_person = principal.kind is ActorKind.PERSON
    reads = partial(person_may_read, principal.user) if is_person else partial(may_read, principal)
    return visible_changes(entry.changes, entry.object_resource, reads)
