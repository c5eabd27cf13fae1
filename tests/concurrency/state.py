"""`python -m tests.concurrency.state`: what a site has stored, and whether it all fits together.

Run with the site's own environment, as a process of its own, while its servers run or lie dead.
Prints one JSON object.
"""

import json
import sys
from collections import Counter
from typing import Any

import django

django.setup()

from manage_api.models import IdempotencyRecord  # noqa: E402
from syteops.audit import verification  # noqa: E402
from syteops.audit.models import AuditEntry, Outcome  # noqa: E402
from syteops.audit.snapshots import snapshot  # noqa: E402
from syteops.core.encryption import Sealed  # noqa: E402
from syteops.core.locks import snapshot as one_moment  # noqa: E402
from syteops.crm.models import CrmSystem  # noqa: E402

_EMPTY: tuple[Any, ...] = (None, "", [], {})
_WORDS = {"set": "set", "replaced": "set", "cleared": None}
SECRETS = ("api_key", "api_secret")


def state() -> dict[str, Any]:
    """Everything at one moment."""
    with one_moment():
        report = verification.verify()
        rows = {str(row.pk): row for row in CrmSystem.all_objects.order_by("pk")}
        entries = list(
            AuditEntry.objects.filter(object_resource="crm", outcome=Outcome.CHANGED).order_by("id")
        )
        stored = AuditEntry.objects.count()
        answers = IdempotencyRecord.objects.count()
    return {
        "problem": report.problem,
        "sealed": report.sealed,
        "unsealed": report.unsealed,
        "entries": stored,
        "answers": answers,
        "differing": differing(rows, entries),
        "created_twice": [
            pk
            for pk, count in Counter(
                one.object_pk for one in entries if one.event == "crm_system.created"
            ).items()
            if count > 1
        ],
        "systems": {row.slot: _shown(row) for row in rows.values() if row.number is not None},
    }


def _shown(row: CrmSystem) -> dict[str, Any]:
    return {"name": row.name, "url": row.url, "key_set": row.api_key is not None}


def differing(rows: dict[str, CrmSystem], entries: list[AuditEntry]) -> list[str]:
    """The objects of which rows and audit trail tell different stories."""
    told: dict[str, dict[str, Any]] = {}
    for entry in entries:
        fields = {name: _after(name, one["after"]) for name, one in entry.changes.items()}
        told.setdefault(entry.object_pk, {}).update(fields)
    there = {pk: _filled(snapshot(row)) for pk, row in rows.items()}
    said = {pk: _filled(fields) for pk, fields in told.items()}
    return sorted(pk for pk in there.keys() | said.keys() if there.get(pk) != said.get(pk))


def _after(name: str, value: Any) -> Any:
    return _WORDS[value] if name in SECRETS else value


def _filled(fields: dict[str, Any]) -> dict[str, Any]:
    plain = {n: "set" if isinstance(v, Sealed) else v for n, v in fields.items()}
    return {n: v for n, v in plain.items() if v not in _EMPTY and n != "identifiers"}


if __name__ == "__main__":
    json.dump(state(), sys.stdout)
