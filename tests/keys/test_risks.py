"""Hints about risky keys, and warnings before one expires."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django import Settings

from manage_api.keys import queries, risks, services
from manage_api.keys.models import ManageKey
from manage_api.operations import all_scopes
from syteops.core.actors import SYSTEM

pytestmark = pytest.mark.django_db


def a_key(**values: object) -> ManageKey:
    named = {"name": "Tool", "scopes": ["crm:read"], **values}
    return services.create_restricted_key(SYSTEM, **named).key  # type: ignore[arg-type]


def test_a_careful_key_has_no_risks() -> None:
    key = a_key(networks=["10.0.0.0/8"], expires_at=timezone.now() + timedelta(days=30))
    assert risks.find_risks(key) == []


def test_each_risk_is_named() -> None:
    sponsor = User.objects.create_user("gone", is_active=False)
    key = a_key(scopes=all_scopes(), sponsor=sponsor)
    key.created_at = timezone.now() - timedelta(days=91)
    assert risks.find_risks(key) == [
        "never expires",
        "every scope",
        "no network limit",
        "sponsor gone is inactive",
        "idle for 90 days",
    ]


@pytest.mark.parametrize("max_days", [0, 30])
def test_the_keys_at_risk_are_those_of_which_a_risk_is_named(
    settings: Settings, max_days: int
) -> None:
    """The database counts them; only that no network is set counts for none."""
    now, gone = timezone.now(), User.objects.create_user("gone", is_active=False)
    soon, late = (now + timedelta(days=days) for days in (20, 60))
    long_ago = now - timedelta(days=91)
    made: dict[str, dict[str, object]] = {
        "careful": {},
        "late": {"expires_at": late},
        "endless": {"expires_at": None},
        "mighty": {"scopes": all_scopes()},
        "nearly mighty": {"scopes": all_scopes()[1:]},
        "alone": {"sponsor": gone},
    }
    for name, values in made.items():
        a_key(**{"name": name, "expires_at": soon, **values})
    changed: dict[str, dict[str, object]] = {
        "idle": {"last_used_at": long_ago},
        "never used": {"created_at": long_ago},
        "used": {"created_at": long_ago, "last_used_at": now},
        "paused": {"last_used_at": long_ago, "paused_at": now},
        "expired": {"last_used_at": long_ago},
    }
    for name, values in changed.items():
        key = a_key(name=name, expires_at=now if name == "expired" else soon)
        ManageKey.objects.filter(pk=key.pk).update(**values)
    altered = a_key(name="altered", expires_at=soon)
    ManageKey.objects.filter(pk=altered.pk).update(expires_at=None)
    settings.KEY_MAX_DAYS = max_days

    named = {
        key.name
        for key in queries.restricted_keys()
        if key.has_genuine_rights and {*risks.find_risks(key)} - {"no network limit"}
    }

    assert {key.name for key in risks.keys_at_risk()} == named
    assert {"endless", "mighty", "alone", "idle", "never used"} <= named
    assert not {"careful", "nearly mighty", "used", "paused", "expired", "altered"} & named
    assert ("late" in named) == bool(max_days)


@pytest.mark.parametrize("everywhere", ["0.0.0.0/0", "::/0", "::ffff:0:0/96"])
def test_a_network_that_holds_every_address_is_no_limit(everywhere: str) -> None:
    expires_at = timezone.now() + timedelta(days=30)
    key = a_key(networks=["10.0.0.0/8", everywhere], expires_at=expires_at)
    assert risks.find_risks(key) == ["no network limit"]


def test_a_key_that_lasts_longer_than_the_site_allows_by_now_is_hinted_at(
    settings: Settings,
) -> None:
    soon, late = (timezone.now() + timedelta(days=days) for days in (30, 31))
    keys = [a_key(networks=["10.0.0.0/8"], expires_at=end) for end in (soon, late, None)]
    site_key = services.generate_site_key(SYSTEM).key
    settings.KEY_MAX_DAYS = 30
    too_long = "longer than this site allows"
    hinted = [risks.find_risks(key) for key in (*keys, site_key)]
    assert hinted == [[], [too_long], ["never expires", too_long], []]


def test_rotation_neither_prolongs_a_key_nor_shortens_it_to_what_the_site_allows_by_now(
    settings: Settings,
) -> None:
    key = a_key(networks=["10.0.0.0/8"])
    settings.KEY_MAX_DAYS = 30
    new = services.rotate_key(SYSTEM, key).key
    assert new.expires_at is None
    assert "longer than this site allows" in risks.find_risks(new)


def test_a_deactivated_sponsor_does_not_break_the_key() -> None:
    from tests.fixtures import Api

    sponsor = User.objects.create_user("gone", is_active=False)
    issued = services.create_restricted_key(
        SYSTEM, name="Tool", scopes=["crm:read"], sponsor=sponsor
    )
    assert Api(issued.text).get("/crm-systems").status_code == 200


def test_the_site_key_is_old_after_180_days() -> None:
    key = services.generate_site_key(SYSTEM).key
    assert not risks.is_old(key)
    key.created_at -= timedelta(days=180)
    assert risks.is_old(key)


@pytest.mark.parametrize(
    ("left", "warned"),
    [
        (timedelta(days=15), None),
        (timedelta(days=14), 14),
        (timedelta(days=8), 14),
        (timedelta(days=7), 7),
        (timedelta(days=2), 7),
        (timedelta(hours=23), 1),
        (timedelta(hours=-1), None),
    ],
)
def test_expiry_is_warned_of_14_7_and_1_days_before(left: timedelta, warned: int | None) -> None:
    now = timezone.now()
    a_key(expires_at=now + left)
    found = [days for _, days in queries.expiring_keys(now)]
    assert found == ([] if warned is None else [warned])


def test_keys_that_have_ended_are_not_warned_of() -> None:
    soon = timezone.now() + timedelta(days=1)
    services.revoke_key(SYSTEM, a_key(expires_at=soon))
    services.rotate_key(SYSTEM, a_key(name="Rotated", expires_at=soon))
    assert [key.name for key, _ in queries.expiring_keys()] == ["Rotated"]
