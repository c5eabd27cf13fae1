"""`variables.changed`: which automation variables have another value than before, and which went.

A variable is derived from many objects, so no single change tells of it. The catalogue is compared
with how it was the last time. Of a value only a keyed digest is kept: the value itself may be
somebody's telephone number, and must not outlive it.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from syteops.automation.models import Variable
from syteops.automation.queries import altered, exported
from syteops.core.locks import snapshot
from syteops.core.prepared import preparing_cursor
from syteops.events.models import Event, PublishedVariable
from syteops.events.queries import VARIABLES_CHANGED


@dataclass(frozen=True)
class VariableChanges:
    """The digests of the variables that are new or have another value, and the names that went.

    `present` are the names of all that there are.
    """

    changed: dict[str, str]
    removed: list[str]
    present: frozenset[str]

    def as_events(self, *, is_full: bool = False) -> list[Event]:
        """The one event that tells of it, or none where nothing changed.

        With `is_full` there is one in any case, and it names every variable.
        """
        if not (self.changed or self.removed or is_full):
            return []
        named = self.present if is_full else self.changed
        data: Any = {"changed": sorted(named), "removed": self.removed, "full": is_full}
        return [
            Event(at=timezone.now(), type=VARIABLES_CHANGED, resource=Variable.resource, data=data)
        ]


def changed_variables() -> VariableChanges:
    """How the catalogue differs from what is remembered. A constant number of queries."""
    with snapshot():
        known = dict(PublishedVariable.objects.values_list("name", "digest"))
        present = _digests(exported())
    found = altered(known, present)
    changed = {name: present[name] for name in found.changed}
    return VariableChanges(changed, found.removed, frozenset(present))


def remember_variables(changes: VariableChanges) -> None:
    """Compare with the present catalogue from now on.

    By hand: on SQLite every writer waits meanwhile, and Django takes eight times as long.
    """
    if changes.changed:
        with preparing_cursor(connection) as cursor:
            cursor.executemany(_REMEMBER, list(changes.changed.items()))
    # In one parameter: a role that goes may take more names along than a statement may have.
    PublishedVariable.objects.filter(name__among=frozenset(changes.removed)).delete()


_REMEMBER = (
    f"INSERT INTO {PublishedVariable._meta.db_table} (name, digest) VALUES (%s, %s) "  # noqa: S608 - our own name
    "ON CONFLICT (name) DO UPDATE SET digest = excluded.digest"
)


def _digests(values: Mapping[str, str]) -> dict[str, str]:
    key = settings.SECRET_KEY.encode()
    return {
        name: hmac.digest(key, f"variable\0{name}\0{value}".encode(), "sha256").hex()
        for name, value in values.items()
    }
