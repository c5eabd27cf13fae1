"""`python -m benchmarks.memory [requests]`: does the memory of the workers grow with their work?

All loads but creates in turn, again and again, at a site of two processes on SQLite. The memory is
that of the whole server (PSS): its first process, two workers, and the worker of background tasks.
How much of it the two workers have is told too, and how much is in no file: SQLite maps the
database, which grows with every change.
"""

import sys
import tempfile
from pathlib import Path

from benchmarks.contestants import _syteops, serving, with_etag
from benchmarks.loads import LOADS
from benchmarks.processes import pss_megabytes, workers_megabytes
from benchmarks.wrk import drive, require_wrk

REQUESTS, CONNECTIONS, SECONDS = 100_000, 16, 1


def main(wanted: int) -> None:
    require_wrk()
    loads = [one for one in LOADS if one.status != 201]
    with tempfile.TemporaryDirectory(prefix="syteops-bench-") as directory:
        home = Path(directory)
        site = _syteops(home, "")
        with serving(site, home / "server.log") as session:
            print(f"{'requests':>10}{'PSS MB':>10}{'workers':>10}{'in no file':>12}{'errors':>10}")
            asked = shown = errors = 0
            while asked < wanted:
                for load in loads:
                    way = with_etag(site).way
                    seen = drive(site.url, load, load.requests(way), CONNECTIONS, SECONDS, home)
                    asked, errors = asked + seen.requests, errors + seen.errors(load)
                if asked >= shown:
                    whole, own = (pss_megabytes(session, kind) for kind in ("Pss", "Pss_Anon"))
                    serve = workers_megabytes(session)
                    print(
                        f"{asked:>10}{whole:>10.0f}{serve:>10.0f}{own:>12.0f}{errors:>10}",
                        flush=True,
                    )
                    shown = asked + wanted // 10


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else REQUESTS)
