"""Whether the database is as new as the code."""

from functools import lru_cache

from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder


def pending_migrations() -> list[str]:
    """The migrations that this code has and the database has not, such as "crm.0001_systems"."""
    return [*_pending_beside(frozenset(MigrationRecorder(connection).applied_migrations()))]


# Code stays as it is while a process runs, and to read all of its migrations takes long: the start
# page and /health ask again and again.
@lru_cache(maxsize=1)
def _pending_beside(applied: frozenset[tuple[str, str]]) -> tuple[str, ...]:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return tuple(f"{migration.app_label}.{migration.name}" for migration, _ in plan)


def unknown_migrations() -> list[str]:
    """The migrations that the database has and this code has not, of the apps that it has."""
    loader = MigrationLoader(connection)
    known = set(loader.disk_migrations)
    for migration in loader.disk_migrations.values():
        known.update(migration.replaces)
    applied = {one for one in loader.applied_migrations if one[0] in loader.migrated_apps}
    return sorted(f"{app}.{name}" for app, name in applied - known)
