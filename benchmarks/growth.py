"""`python -m benchmarks.growth <size> …`: fills a site that was set up, and times its lists.

For `benchmarks.scale`, in the site's environment: prints one line of JSON for each size.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "syteops.settings")
django.setup()

from django.contrib.auth.models import User  # noqa: E402 - needs the apps loaded
from django.test import Client  # noqa: E402 - the same

from benchmarks.copies import store_copies  # noqa: E402 - the same
from benchmarks.records import (  # noqa: E402 - the same
    BATCH,
    store_entries,
    store_estimates,
    store_notes,
)
from manage_api.keys.services import generate_site_key  # noqa: E402 - the same
from notes.models import Note  # noqa: E402 - the same
from syteops.core.actors import SYSTEM  # noqa: E402 - the same
from syteops.team.models import TeamMember  # noqa: E402 - the same
from tests.isolation import forget_calls  # noqa: E402 - the same

MEMBERS, ROUNDS = 50, 5
Ask = Callable[[str], Any]


def main(sizes: list[int]) -> None:
    api, admin = _doors()
    members = [TeamMember(number=n, first_name=f"Ada {n}") for n in range(1, MEMBERS + 1)]
    TeamMember.objects.bulk_create(members)
    filled = 0
    for size in sorted(sizes):
        began = time.monotonic()
        if not filled:
            filled = min(size, BATCH)
            for store in (store_notes, store_estimates, store_entries):
                store(range(filled))
        store_copies(filled, size)
        filled = size
        print(f"{size:,}: filled in {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
        names = _names(api, size)
        figures = dict(_measure(api, API_PAGES, names)) | dict(_measure(admin, ADMIN_PAGES, names))
        print(json.dumps({"size": size, "figures": figures}), flush=True)


def _doors() -> tuple[Ask, Ask]:
    """What asks the API with a key, and what asks the admin as a person who may see everything."""
    with_key = Client(headers={"X-API-Key": generate_site_key(SYSTEM).text, "Host": "127.0.0.1"})
    person = User.objects.create_superuser("maria")
    browser = Client(headers={"Host": "127.0.0.1"})
    browser.force_login(person)
    return with_key.get, browser.get


# --- What is asked ---------------------------------------------------------------------------

_API, _ADMIN = "/api/manage/v1", "/admin"
LISTS = {"notes": "notes", "estimates": "estimates", "audit": "audit"}
API_PAGES = {
    **{f"{name}: list": f"{_API}/{path}" for name, path in LISTS.items()},
    **{f"{name}: deep page": f"{_API}/{path}?page={{deep}}" for name, path in LISTS.items()},
    **{f"{name}: the same by cursor": f"{_API}/{path}?after={{{name}}}"
       for name, path in LISTS.items()},
    "notes: by title": f"{_API}/notes?ordering=title",
    "notes: by meeting date": f"{_API}/notes?ordering=-meeting_date",
    "notes: search, many fit": f"{_API}/notes?search=launch",
    "notes: search, one fits": f"{_API}/notes?search=meeting+{{last}}+on",
    "notes: of a status": f"{_API}/notes?status=draft",
    "notes: of a tag": f"{_API}/notes?tag=launch",
    "estimates: by number": f"{_API}/estimates?ordering=-number",
    "estimates: by client": f"{_API}/estimates?ordering=client_name",
    "estimates: search, many fit": f"{_API}/estimates?search=launch",
    "estimates: of a status": f"{_API}/estimates?status=draft",
    "audit: of a resource": f"{_API}/audit?resource=crm",
    "audit: of an actor": f"{_API}/audit?actor=AbCdEfGhIj07",
    "audit: of an event": f"{_API}/audit?event=note.updated",
    "audit: export of one object": f"{_API}/audit/export?object={{last}}",
}  # fmt: skip
ADMIN_PAGES = {
    "admin, notes: list": f"{_ADMIN}/notes/note/",
    "admin, notes: deep page": f"{_ADMIN}/notes/note/?p={{deep}}",
    "admin, notes: search": f"{_ADMIN}/notes/note/?q=launch",
    "admin, notes: change": f"{_ADMIN}/notes/note/{{first}}/change/",
    "admin, estimates: list": f"{_ADMIN}/estimates/estimate/",
    "admin, estimates: deep page": f"{_ADMIN}/estimates/estimate/?p={{deep}}",
    "admin, estimates: search": f"{_ADMIN}/estimates/estimate/?q=launch",
    "admin, audit: list": f"{_ADMIN}/audit/auditentry/",
    "admin, audit: deep page": f"{_ADMIN}/audit/auditentry/?p={{deep}}",
    "admin, audit: search": f"{_ADMIN}/audit/auditentry/?q=launch",
    "admin: start page": f"{_ADMIN}/",
}


def _names(api: Ask, size: int) -> dict[str, Any]:
    """What stands in the addresses: a page far behind, and the cursors that lead there."""
    deep = size // 100 * 4 // 5
    before = {name: api(f"{_API}/{path}?page={deep - 1}").json() for name, path in LISTS.items()}
    cursors = {name: answer["next"] for name, answer in before.items()}
    return {"deep": deep, "last": size - 1, "first": Note.objects.latest("pk").pk, **cursors}


def _measure(
    ask: Ask, pages: dict[str, str], names: dict[str, Any]
) -> Iterator[tuple[str, list[float]]]:
    """By name: seconds of processor time, and kilobytes of the answer."""
    for name, path in pages.items():
        asked = path.format(**names)
        taken = [_ask(ask, asked) for _ in range(ROUNDS + 1)][1:]
        yield name, [median(seconds for seconds, _ in taken), taken[0][1] / 1000]


def _ask(ask: Ask, path: str) -> tuple[float, int]:
    forget_calls()
    began = time.process_time()
    answer = ask(path)
    took = time.process_time() - began
    if answer.status_code != 200:
        raise SystemExit(f"{path}: {answer.status_code} {answer.content[:500]!r}")
    return took, len(answer.content)


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]])
