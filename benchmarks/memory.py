"""`python -m benchmarks.memory [requests]`: does the memory of the workers grow with their work?

All loads in turn, again and again, at a site of two processes on SQLite. What was created in a
round is deleted after it, over the API as well: each adds 30 variables to the export, and a site of
twenty times as many would be measured in the end. The audit trail and the database grow on.

The memory is that of the whole server (PSS): its first process, two workers, and the worker of
background tasks. How much of it the two workers have is told too, and how much is in no file:
SQLite maps the database, which grows with every change.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

import httpx

from benchmarks import data
from benchmarks.contestants import Contestant, _syteops, serving, with_etag
from benchmarks.loads import LOADS, Request
from benchmarks.processes import pss_megabytes, workers_megabytes
from benchmarks.wrk import drive, require_wrk

REQUESTS, CONNECTIONS, SECONDS = 100_000, 16, 1


def main(wanted: int) -> None:
    require_wrk()
    with tempfile.TemporaryDirectory(prefix="syteops-bench-") as directory:
        home = Path(directory)
        site = _syteops(home, "")
        with serving(site, home / "server.log") as session:
            print(f"{'requests':>10}{'PSS MB':>10}{'workers':>10}{'in no file':>12}{'errors':>10}")
            asked = shown = errors = 0
            while asked < wanted:
                for load in LOADS:
                    way = with_etag(site).way
                    seen = drive(site.url, load, load.requests(way), CONNECTIONS, SECONDS, home)
                    asked, errors = asked + seen.requests, errors + seen.errors(load)
                delete_created(site)
                if asked >= shown:
                    whole, own = (pss_megabytes(session, kind) for kind in ("Pss", "Pss_Anon"))
                    serve = workers_megabytes(session)
                    print(
                        f"{asked:>10}{whole:>10.0f}{serve:>10.0f}{own:>12.0f}{errors:>10}",
                        flush=True,
                    )
                    shown = asked + wanted // 10


def delete_created(site: Contestant) -> None:
    """Delete the members that a round has created, so that the next one meets the same site."""
    latest = site.way.request("GET", "/team-members?ordering=-user_num&per_page=100")
    with httpx.Client(base_url=site.url, timeout=30) as client:

        def send(request: Request) -> Any:
            _, path, headers, body = request
            answer = client.request(request.method, path, headers=headers, content=body)
            return answer.raise_for_status().json()

        def created() -> list[str]:
            numbers = [one["user_num"] for one in send(latest)["users"]]
            return [one for one in numbers if int(one) > data.MEMBERS]

        while numbers := created():
            items = [{"action": "delete", "params": {"user_num": one}} for one in numbers]
            send(site.way.request("POST", "/team-members/bulk?confirm=true", {"items": items}))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else REQUESTS)
