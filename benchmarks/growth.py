"""`python -m benchmarks.growth <size> …`: fills a site that was set up, and times its lists.

For `benchmarks.scale`, in the site's environment: prints one line of JSON for each size.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from statistics import median
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "syteops.settings")
django.setup()

from django.contrib.auth.models import User  # noqa: E402 - needs the apps loaded
from django.db import connection  # noqa: E402 - the same
from django.test import Client  # noqa: E402 - the same

from estimates.models import Estimate, LineItem  # noqa: E402 - the same
from manage_api.keys.services import generate_site_key  # noqa: E402 - the same
from notes.models import ActionItem, Note, NoteAttendee, NoteTag  # noqa: E402 - the same
from syteops.audit import chain  # noqa: E402 - the same
from syteops.audit.models import AuditEntry  # noqa: E402 - the same
from syteops.core.actors import SYSTEM  # noqa: E402 - the same
from syteops.team.models import TeamMember  # noqa: E402 - the same
from tests.isolation import forget_calls  # noqa: E402 - the same

MEMBERS, ROUNDS, BATCH = 50, 5, 2000
WORDS = ("launch", "budget", "campaign", "review", "hosting", "relaunch", "client", "brand")
STATUSES = ("draft", "published", "archived")
Ask = Callable[[str], Any]


def main(sizes: list[int]) -> None:
    api, admin = _doors()
    members = [TeamMember(number=n, first_name=f"Ada {n}") for n in range(1, MEMBERS + 1)]
    made = TeamMember.objects.bulk_create(members)
    filled = 0
    for size in sorted(sizes):
        for start in range(filled, size, BATCH):
            numbers = range(start, min(start + BATCH, size))
            _fill_notes(numbers, made)
            _fill_estimates(numbers)
            _fill_entries(numbers)
        filled = size
        _gather_statistics()
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


# --- What there is ---------------------------------------------------------------------------


def _fill_notes(numbers: range, members: list[TeamMember]) -> None:
    notes = Note.objects.bulk_create(_note(n, members) for n in numbers)
    tags = [("client", WORDS[note.pk % 8]) for note in notes]
    NoteTag.objects.bulk_create(
        NoteTag(note=note, name=name)
        for note, names in zip(notes, tags, strict=True)
        for name in {*names}
    )
    NoteAttendee.objects.bulk_create(
        NoteAttendee(note=note, member=members[note.pk % MEMBERS]) for note in notes
    )
    ActionItem.objects.bulk_create(
        ActionItem(note=note, position=place, text=f"Do {WORDS[place]}", done=bool(place))
        for note in notes
        for place in (0, 1)
    )


def _note(n: int, members: list[TeamMember]) -> Note:
    return Note(
        title=f"Meeting {n} on {WORDS[n % 8]}",
        slug=f"meeting-{n}",
        content=f"We spoke of {WORDS[n % 8]} and of {WORDS[n // 8 % 8]}. " * 8,
        excerpt=f"We spoke of {WORDS[n % 8]}.",
        status=STATUSES[n % 3],
        author=members[n % MEMBERS],
        meeting_date=date(2020, 1, 1) + timedelta(n % 2000) if n % 3 else None,
        follow_up_date=date(2026, 1, 1) + timedelta(n % 500) if n % 5 == 0 else None,
    )


def _fill_estimates(numbers: range) -> None:
    made = Estimate.objects.bulk_create(
        Estimate(
            title=f"Offer {n} for {WORDS[n % 8]}",
            slug=f"offer-{n}",
            content=f"The {WORDS[n % 8]} is designed and built. " * 8,
            year=2020 + n % 7,
            sequence=n,
            number=f"EST-{2020 + n % 7}-{n:04d}",
            client_name=f"Client {n % 500}",
            currency="EUR",
            valid_until=date(2026, 1, 1) + timedelta(n % 500) if n % 2 else None,
        )
        for n in numbers
    )
    LineItem.objects.bulk_create(
        LineItem(estimate=one, position=n, description=f"Part {n}", unit_price=100)
        for one in made
        for n in range(2)
    )


def _fill_entries(numbers: range) -> None:
    entries = [AuditEntry(**_entry(n)) for n in numbers]
    for entry in entries:
        entry.mac = chain.mac_of(entry)
    AuditEntry.objects.bulk_create(entries)


def _entry(n: int) -> dict[str, Any]:
    return {
        "actor_kind": "key" if n % 2 else "person",
        "actor_id": f"AbCdEfGhIj{n % 20:02d}",
        "actor_label": f"Key {n % 20} (som_AbCd)",
        "door": "rest",
        "operation": "notes_items.update",
        "event": "note.updated" if n % 3 else "crm_system.updated",
        "object_resource": "notes_items" if n % 3 else "crm",
        "object_id": str(n),
        "object_pk": str(n),
        "object_label": f"Meeting {n} on {WORDS[n % 8]}",
        "request_id": f"{n:032x}",
        "address": "203.0.113.7",
        "changes": {"title": {"before": f"Meeting {n}", "after": f"Meeting {n} on {n % 8}"}},
    }


def _gather_statistics() -> None:
    """As PostgreSQL does by itself after a while; on SQLite SyteOps never does."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


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
