"""Everything that is stored, as one comparable value."""

from typing import Any

from django.apps import apps
from django.db import connection, models

from manage_api.keys.models import ManageKey
from manage_api.models import IdempotencyRecord
from syteops.audit.models import AuditEntry, Outcome

# What may differ although nothing changed: the trail (looked at by itself), answers kept for
# retries, and when a key or session was last used.
_BESIDE = {IdempotencyRecord._meta.db_table, "django_session"}
_STATISTICS = {(ManageKey._meta.db_table, "last_used_at"), ("auth_user", "last_login")} | {
    (ManageKey._meta.db_table, "last_used_address")
}


def stored() -> dict[str, list[Any]]:
    """Each row of each table, read past the models: nothing can hide in a manager or property."""
    return {table: _rows(model) for table, model in _tables().items()}


def _tables() -> dict[str, type[models.Model]]:
    found = {
        model._meta.db_table: model
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy
    }
    return {t: m for t, m in found.items() if t not in _BESIDE and m._meta.app_label != "audit"}


def _rows(model: type[models.Model]) -> list[Any]:
    table, key = model._meta.db_table, str(model._meta.pk.column)
    columns = [str(f.column) for f in model._meta.local_concrete_fields]
    shown = [name for name in columns if (table, name) not in _STATISTICS]
    quoted = ", ".join(connection.ops.quote_name(name) for name in shown)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {quoted} FROM {connection.ops.quote_name(table)} "
            f"ORDER BY {connection.ops.quote_name(key)}"
        )
        return [tuple(map(_comparable, row)) for row in cursor.fetchall()]


def _comparable(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else value


def changes_recorded() -> int:
    """How many changes the audit trail tells of."""
    return AuditEntry.objects.filter(outcome=Outcome.CHANGED).count()


def refusals() -> list[AuditEntry]:
    """The refused attempts in the audit trail, oldest first."""
    return list(AuditEntry.objects.filter(outcome=Outcome.REFUSED).order_by("pk"))
