"""Everything that is stored, as one comparable value."""

from functools import cache

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


def stored() -> list[tuple[str, str]]:
    """Each row of each table, read past the models: nothing can hide in a manager or property."""
    with connection.cursor() as cursor:
        cursor.execute(_FUNCTION if connection.vendor == "postgresql" else _statement())
        return sorted(cursor.fetchall())


_FUNCTION = "SELECT * FROM all_that_is_stored()"


def make_function() -> None:
    """PostgreSQL plans the statement of a function once, and what it is sent each time: it would
    spend a fifth of a run on it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION all_that_is_stored() RETURNS TABLE (its_table text, its_row text)"
            f" LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY {_statement()}; END $$"
        )


@cache
def _statement() -> str:
    """One statement for all tables: it is asked thousands of times."""
    found = {
        model._meta.db_table: model
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy
    }
    return " UNION ALL ".join(
        f"SELECT {_text(table)}, {_row(model)} FROM {connection.ops.quote_name(table)}"
        for table, model in found.items()
        if table not in _BESIDE and model._meta.app_label != "audit"
    )


def _text(value: str) -> str:
    return f"CAST('{value}' AS text)"


def _row(model: type[models.Model]) -> str:
    """The expression for a row as one text."""
    columns = [
        connection.ops.quote_name(str(field.column))
        for field in model._meta.local_concrete_fields
        if (model._meta.db_table, field.column) not in _STATISTICS
    ]
    if connection.vendor == "postgresql":
        return f"ROW({', '.join(columns)})::text"
    return " || ', ' || ".join(f"quote({column})" for column in columns)


def changes_recorded() -> int:
    """How many changes the audit trail tells of."""
    return AuditEntry.objects.filter(outcome=Outcome.CHANGED).count()


def refusals() -> list[AuditEntry]:
    """The refused attempts in the audit trail, oldest first."""
    return list(AuditEntry.objects.filter(outcome=Outcome.REFUSED).order_by("pk"))
