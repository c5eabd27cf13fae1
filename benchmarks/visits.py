"""`python -m benchmarks.visits <records>`: fills a site that was set up, and visits its pages.

For `benchmarks.pages`, in the site's environment: prints one line of JSON for each page.
"""

import json
import os
import sys
import time
from statistics import median
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "syteops.settings")
django.setup()

from django.contrib.auth.models import User  # noqa: E402 - needs the apps loaded
from django.test import Client  # noqa: E402 - the same

from benchmarks.records import fill  # noqa: E402 - the same
from tests.every_page import Visited, every_page  # noqa: E402 - the same
from tests.isolation import forget_calls  # noqa: E402 - the same

ROUNDS = 5


def main(records: int) -> None:
    person = User.objects.create_superuser("maria")
    fill(1, records + 1)
    client = Client(headers={"Host": "127.0.0.1"})
    client.force_login(person)
    for page in every_page(client):
        print(json.dumps(_measure(client, page)), flush=True)


def _measure(client: Client, page: Visited) -> dict[str, Any]:
    rounds = ROUNDS if page.seconds < 2 else 1
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
