"""`variables.changed`: which automation variables have another value than before, and which went.

A variable is derived from many objects, so no single change tells of it. The catalogue is compared
with how it was the last time. Of a value only a keyed digest is kept: the value itself may be
somebody's telephone number, and must not outlive it.
"""

import hmac
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils import timezone

from syteops.automation.models import Variable
from syteops.automation.queries import altered, exported
from syteops.core.locks import snapshot
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
        present = {name: _digest(name, value) for name, value in exported().items()}
    found = altered(known, present)
    changed = {name: present[name] for name in found.changed}
    return VariableChanges(changed, found.removed, frozenset(present))


def remember_variables(changes: VariableChanges) -> None:
    """Compare with the present catalogue from now on."""
    rows = [PublishedVariable(name=name, digest=one) for name, one in changes.changed.items()]
    PublishedVariable.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["name"], update_fields=["digest"]
    )
    PublishedVariable.objects.filter(name__in=changes.removed).delete()


def _digest(name: str, value: str) -> str:
    content = f"variable\0{name}\0{value}".encode()
    return hmac.digest(settings.SECRET_KEY.encode(), content, "sha256").hex()
