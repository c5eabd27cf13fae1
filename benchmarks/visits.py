"""`python -m benchmarks.visits <records>`: fills a site that was set up, and visits its pages.

For `benchmarks.pages`, in the site's environment: prints one line of JSON for each page.
"""

import gc
import json
import os
import sys
import time
from itertools import chain
from statistics import median
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "syteops.settings")
django.setup()

from django.contrib.auth.models import User  # noqa: E402 - needs the apps loaded
from django.test import Client  # noqa: E402 - the same

from benchmarks.records import fill  # noqa: E402 - the same
from tests.every_page import Visited, every_page, visit  # noqa: E402 - the same
from tests.isolation import forget_calls  # noqa: E402 - the same

CATALOGUE = "/admin/automation/variable/catalogue/"
BESIDE = (
    *(f"{CATALOGUE}?search={text}" for text in ("nowhere", "hs-77", "user_077", "email")),
    "/admin/crm/crmsystem/1/delete/",
)
"""What takes longest of its kind: searches of all variables, and to delete what everybody is in."""
ROUNDS = 5
SLOW = 1.0
"""Seconds; a page that takes longer is asked for just once more."""


def main(records: int) -> None:
    person = User.objects.create_superuser("maria")
    began = time.perf_counter()
    fill(1, records + 1)
    _tell(f"filled in {time.perf_counter() - began:.0f} s")
    gc.collect()
    gc.freeze()  # as a server does: what filling has left is not gone through again and again
    client = Client(headers={"Host": "127.0.0.1"})
    client.force_login(person)
    beside = (page for path in BESIDE if (page := visit(client, path)[0]))
    for page in chain(every_page(client), beside):
        found = _measure(client, page)
        print(json.dumps(found), flush=True)
        _tell(f"{found['CPU ms']:6} ms {found['kB']:4} kB  {page.path}")


def _tell(text: str) -> None:
    """How far it has come; the results go to the other stream."""
    print(text, file=sys.stderr, flush=True)


def _measure(client: Client, page: Visited) -> dict[str, Any]:
    rounds = ROUNDS if page.seconds < SLOW else 1
    taken = [_ask(client, page.path) for _ in range(rounds)]
    return {
        "page": page.name,
        "ms": round(1000 * median(clock for clock, _ in taken)),
        "CPU ms": round(1000 * median(processor for _, processor in taken)),
        "kB": round(page.size / 1000),
        "statements": page.queries,
    }


def _ask(client: Client, path: str) -> tuple[float, float]:
    forget_calls()
    clock, processor = time.perf_counter(), time.process_time()
    client.get(path)
    return time.perf_counter() - clock, time.process_time() - processor


if __name__ == "__main__":
    main(int(sys.argv[1]))
