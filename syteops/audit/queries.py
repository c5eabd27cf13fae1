"""Reading the audit trail."""

from django.db.models import QuerySet

from syteops.audit.models import AuditEntry
from syteops.lib.entities import Entity


def entries_of(instance: Entity) -> QuerySet[AuditEntry]:
    """What happened to one object, newest first."""
    return AuditEntry.objects.filter(
        object_resource=instance.resource, object_id=instance.public_id
    )


def latest_changes(count: int) -> QuerySet[AuditEntry]:
    """The newest entries of the whole site."""
    return AuditEntry.objects.all()[:count]
