"""Times are exact where order matters, relative elsewhere, and shown as whoever looks prefers."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.admin import site
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.db.models import DateTimeField
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from syteops.adminkit.moments import ago, exact_moment, in_full, moment, shown_to
from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.crm import services as crm
from syteops.team import services as team
from syteops.team.models import TeamMember
from tests.fixtures import signed_in

NOON = datetime(2026, 3, 5, 12, 0, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "language", "shown"),
    [
        ("", "", "March 5, 2026, 12:00:07 UTC"),
        ("Europe/Vienna", "", "March 5, 2026, 13:00:07 CET"),
        ("Europe/Vienna", "de-AT", "5. März 2026, 13:00:07 CET"),
        ("Asia/Tokyo", "fr", "5 mars 2026, 21:00:07 JST"),
        ("Gone/Zone", "xx-YY", "March 5, 2026, 12:00:07 UTC"),
        ("../etc/passwd", "../..", "March 5, 2026, 12:00:07 UTC"),
    ],
)
def test_an_exact_time_names_its_zone(zone: str, language: str, shown: str) -> None:
    with shown_to(lambda: (zone, language)):
        assert in_full(NOON) == shown
    assert in_full(NOON) == "March 5, 2026, 12:00:07 UTC"


def test_each_way_has_the_other_behind_it() -> None:
    iso = "2026-03-05T12:00:07+00:00"
    full = in_full(NOON)
    assert moment(NOON) == f'<time datetime="{iso}" title="{full}">{ago(NOON)}</time>'
    assert exact_moment(NOON) == f'<time datetime="{iso}" title="{ago(NOON)}">{full}</time>'
    assert moment(None) == exact_moment(None) == "never"


def test_what_is_to_come_is_told_as_well() -> None:
    now = timezone.now()
    assert ago(now) == "just now"
    assert ago(now + timedelta(seconds=30)) == "in a moment"
    assert ago(now + timedelta(hours=2, seconds=5)) == "in 2\xa0hours"
    assert ago(now - timedelta(hours=2, seconds=5)) == "2\xa0hours ago"


# --- Pages ---------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_person_sees_times_as_her_team_member_has_it(alice: User) -> None:
    crm.create_crm_system(SYSTEM, name="HubSpot")
    AuditEntry.objects.update(at=NOON)
    client = signed_in(alice)

    def page() -> str:
        found = client.get("/admin/audit/auditentry/").content.decode()
        return str(re.findall(r"<time[^>]*>([^<]*)</time>", found)[-1])

    assert page() == "March 5, 2026, 12:00:07 UTC"
    team.create_team_member(
        SYSTEM, first_name="Alice", user=alice, time_zone="Asia/Tokyo", language="de"
    )
    assert page() == "5. März 2026, 21:00:07 JST"
    team.delete_team_member(SYSTEM, TeamMember.objects.get())
    assert page() == "March 5, 2026, 12:00:07 UTC"


@pytest.mark.django_db
def test_who_looks_is_asked_for_once_and_only_for_a_time(alice: User) -> None:
    crm.create_crm_system(SYSTEM, name="HubSpot")
    client = signed_in(alice)
    for path, times in (("/admin/audit/auditentry/", 1), ("/admin/auth/group/add/", 0)):
        with CaptureQueriesContext(connection) as asked:
            client.get(path)
        found = [one for one in asked if '"time_zone", "team_teammember"."language"' in one["sql"]]
        assert len(found) == times, path


@pytest.mark.django_db
@pytest.mark.parametrize("model", [*site._registry], ids=lambda one: one.__name__)
def test_no_list_shows_a_time_without_its_zone_or_its_distance(alice: User, model: Any) -> None:
    """A column of times is shown by `moment` or `exact_moment`: Django's own lacks both."""
    page = site._registry[model]
    bare = {one.name for one in model._meta.get_fields() if isinstance(one, DateTimeField)}
    assert not bare & {one for one in page.list_display if isinstance(one, str)}


@pytest.mark.django_db
def test_no_page_shows_a_time_without_its_zone(alice: User) -> None:
    call_command("seed_demo", verbosity=0)
    client = signed_in(alice)
    entry = AuditEntry.objects.latest("pk").pk
    for path in (f"/admin/audit/auditentry/{entry}/change/", "/admin/audit/auditentry/"):
        found = client.get(path).content.decode()
        assert re.search(r"<time [^>]*>[A-Z][a-z]+\.? \d+, \d{4}, \d\d:\d\d:\d\d UTC</time>", found)
        assert not re.search(r"\d (a|p)\.m\.", found)
