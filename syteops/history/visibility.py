"""What a caller of the API may read in the audit trail."""

from django.db.models import QuerySet

from manage_api.operations import Access, all_operations
from manage_api.principals import Principal
from syteops.audit.models import AuditEntry
from syteops.audit.visibility import visible_to_person
from syteops.core.actors import ActorKind


def visible_to(principal: Principal, entries: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
    """Those of `entries` that a caller of the API may read."""
    if principal.kind is ActorKind.PERSON:
        return visible_to_person(principal.user, entries)
    if principal.reads_everything:
        return entries
    reads = (one for one in all_operations() if one.access is Access.READ)
    return entries.filter(object_resource__in={r.resource for r in reads if principal.may(r)})
