"""Whether the database is as new as the code."""

from collections.abc import Iterable
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


# The last commit with the migrations that were squashed.
_BEFORE_SQUASH = "ef70c6647f07"


Migrations = set[tuple[str, str]]


def why_not_migratable(applied: Migrations | None = None) -> str:
    """What to do about a database that is newer than this code, or too old for it; "" otherwise.

    `applied` are the migrations of another one than this site's.
    """
    if applied is None:
        applied = {*MigrationRecorder(connection).applied_migrations()}
    elif not applied:
        return "Its database is not one of SyteOps: it tells of no migration."
    if unknown := _unknown_migrations(applied):
        return (
            f"The database belongs to a newer version of SyteOps: it has {unknown[0]}, which this "
            "code does not know. Install that version, or restore a backup from before."
        )
    if skipped := _skipped_migrations(applied):
        return (
            f"The database is too old for this version of SyteOps: it lacks {skipped[0]}. Run "
            f"manage.py setup with the code of commit {_BEFORE_SQUASH} first, then with this one."
        )
    return ""


def _unknown_migrations(applied: Migrations) -> list[str]:
    """The migrations that the database has and this code has not, of the apps that it has."""
    known = {one for key, replaced in _replaced_by_each().items() for one in (key, *replaced)}
    apps = {app for app, _ in known}
    return _labels(one for one in applied - known if one[0] in apps)


def _skipped_migrations(applied: Migrations) -> list[str]:
    """What the database lacks of migrations that were squashed into one, if it has some of these.

    This code, which only has the one, cannot bring it up to date.
    """
    every = _replaced_by_each()
    begun = (replaced for replaced in every.values() if replaced & applied)
    return _labels(one for replaced in begun for one in replaced - applied - every.keys())


def _replaced_by_each() -> dict[tuple[str, str], Migrations]:
    """The migrations that this code has, each with those that it was squashed of."""
    loader = MigrationLoader(None, load=False)
    loader.load_disk()
    return {key: {*one.replaces} for key, one in loader.disk_migrations.items()}


def _labels(migrations: Iterable[tuple[str, str]]) -> list[str]:
    return sorted(f"{app}.{name}" for app, name in migrations)
