"""The audit trail: cut as retention does, given up, and with its guard out of the way."""

from datetime import datetime

from django.db import connection, transaction

from syteops.audit import chain, retention
from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.crm import services


def cut_before(moment: datetime) -> int:
    """Remove the oldest entries, of before `moment`; how many that were."""
    end = retention.old_end(moment)
    return retention.cut_off(end) if end else 0


def allow_anything() -> None:
    """As whoever owns the tables can: the same entry may be there twice, and on SQLite of any type.

    Within the transaction of a test.
    """
    table, columns = AuditEntry._meta.db_table, AuditEntry._meta.concrete_fields
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            found = connection.introspection.get_constraints(cursor, table).items()
            [name] = [n for n, one in found if one["columns"] == ["uid"] and one["unique"]]
            cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
            return
        names = ", ".join(str(field.column) for field in columns)
        cursor.execute(f"CREATE TABLE untyped ({names})")
        cursor.execute(f"INSERT INTO untyped SELECT {names} FROM {table}")
        cursor.execute(f"ALTER TABLE {table} RENAME TO typed")
        cursor.execute(f"ALTER TABLE untyped RENAME TO {table}")


def copied(entry: AuditEntry) -> AuditEntry:
    """The entry once more, in no place yet."""
    copy = AuditEntry.objects.get(pk=entry.pk)
    copy.pk, copy.sequence, copy.seal = entry.pk + 1000, None, ""
    AuditEntry.objects.bulk_create([copy])
    return copy


def seal_what_is_given_up() -> AuditEntry:
    """The eleventh entry of a trail that ends with the tenth once more."""
    with transaction.atomic():
        services.create_crm_system(SYSTEM, name="Given up")
        chain.seal_pending()
        found = AuditEntry.objects.get(sequence=11)
        transaction.set_rollback(True)
    return found
