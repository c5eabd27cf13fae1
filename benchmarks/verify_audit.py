"""`python -m benchmarks.verify_audit [entries] [rounds]`: how long `manage.py verify_audit` takes.

Fills a throw-away site with that many entries, such as an update over the API writes, and runs the
command as an operator does: on SQLite, then on PostgreSQL where that is installed.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.concurrency.live import LiveSite
from tests.environment import ROOT
from tests.servers import ServerUnavailable, postgresql

FILL = """
import sys
import django
django.setup()
from syteops.audit import chain
from syteops.audit.models import AuditEntry
for start in range(0, int(sys.argv[1]), 5000):
    entries = [
        AuditEntry(
            actor_kind="key", actor_id="AbCdEfGhIjKl", actor_label="Site key (som_AbCd)",
            door="rest", operation="crm.update", event="crm_system.updated",
            object_resource="crm", object_id=f"{n % 99:03d}", object_pk=str(n % 99),
            object_label="HubSpot", request_id=f"{n:032x}", address="203.0.113.7",
            changes={
                "name": {"before": f"HubSpot {n}", "after": f"HubSpot {n + 1}"},
                "url": {"before": "", "after": "https://app.hubspot.example/login"},
            },
        )
        for n in range(start, min(start + 5000, int(sys.argv[1])))
    ]
    for entry in entries:
        entry.mac = chain.mac_of(entry)
    AuditEntry.objects.bulk_create(entries)
while chain.seal_pending():
    pass
"""


def main(entries: int, rounds: int) -> None:
    _measure("SQLite", {}, entries, rounds)
    try:
        with postgresql() as address:
            _measure("PostgreSQL", {"DATABASE_URL": address}, entries, rounds)
    except ServerUnavailable as reason:
        print(f"Not measured on PostgreSQL: {reason}", file=sys.stderr)


def _measure(database: str, settings: dict[str, str], entries: int, rounds: int) -> None:
    with tempfile.TemporaryDirectory(prefix="syteops-benchmark-") as directory:
        site = LiveSite(Path(directory) / "data", settings)
        site.manage("setup")
        fill = [sys.executable, "-c", FILL, str(entries)]
        subprocess.run(fill, cwd=ROOT, env=site.variables(), check=True)
        idle = [_timed(site, "version") for _ in range(rounds)]
        taken = [_timed(site, "verify_audit") for _ in range(rounds)]
    print(
        f"{database}: {entries} entries in {statistics.median(taken):.2f} s "
        f"(median of {rounds}: {', '.join(f'{one:.2f}' for one in sorted(taken))}); "
        f"{statistics.median(idle):.2f} s of it is the start of manage.py",
        flush=True,
    )


def _timed(site: LiveSite, *command: str) -> float:
    start = time.perf_counter()
    site.manage(*command)
    return time.perf_counter() - start


if __name__ == "__main__":
    numbers = [int(text) for text in sys.argv[1:]]
    main(*numbers, *(100_000, 3)[len(numbers) :])
