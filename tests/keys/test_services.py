"""The life of a key, as every door brings it about."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from pytest_django import Settings

from manage_api.keys import queries, services
from manage_api.keys.models import KeyState, ManageKey
from manage_api.keys.services import Issued
from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.core.errors import Conflict, Invalid, Protected
from syteops.people.services import delete_person
from tests.fixtures import Api, remake

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def works(issued: Issued) -> bool:
    return bool(Api(issued.text).get("/whoami").status_code == 200)


def restricted(**values: object) -> Issued:
    named = {"name": "Tool", "scopes": ["crm:read"], **values}
    return services.create_restricted_key(SYSTEM, **named)  # type: ignore[arg-type]


# --- The site key --------------------------------------------------------------------------


def test_there_is_only_one_site_key() -> None:
    services.generate_site_key(SYSTEM)
    with pytest.raises(Conflict, match="Rotate it"):
        services.generate_site_key(SYSTEM)
    assert ManageKey.objects.count() == 1


def test_the_database_itself_refuses_a_second_one() -> None:
    first = services.generate_site_key(SYSTEM).key
    with pytest.raises(IntegrityError), transaction.atomic():
        ManageKey.objects.create(
            public_id="x", kind="site", name="x", hint="x", verifier=first.verifier
        )


def test_generating_opens_an_api_that_was_disabled() -> None:
    services.set_api_enabled(SYSTEM, False)
    issued = services.generate_site_key(SYSTEM)
    assert queries.api_enabled()
    assert works(issued)


def test_after_a_revocation_a_new_one_can_be_generated() -> None:
    old = services.generate_site_key(SYSTEM)
    services.revoke_key(SYSTEM, old.key)
    new = services.generate_site_key(SYSTEM)
    assert (works(old), works(new)) == (False, True)


def test_disabling_keeps_every_key() -> None:
    issued = services.generate_site_key(SYSTEM)
    assert services.set_api_enabled(SYSTEM, False)
    assert Api(issued.text).get("/whoami").json()["code"] == "api_disabled"
    assert services.set_api_enabled(SYSTEM, True)
    assert works(issued)


def test_disabling_twice_changes_and_records_nothing() -> None:
    services.set_api_enabled(SYSTEM, False)
    before = AuditEntry.objects.count()
    assert not services.set_api_enabled(SYSTEM, False)
    assert AuditEntry.objects.count() == before


# --- Rotating ------------------------------------------------------------------------------


def test_without_overlap_the_old_key_stops_with_the_next_request() -> None:
    old = services.generate_site_key(SYSTEM)
    new = services.rotate_key(SYSTEM, old.key)
    assert (works(old), works(new)) == (False, True)


def test_in_the_overlap_both_work_and_afterwards_only_the_new_one() -> None:
    old = services.generate_site_key(SYSTEM)
    new = services.rotate_key(SYSTEM, old.key, HOUR)
    assert (works(old), works(new)) == (True, True)
    past = timezone.now() - HOUR
    ManageKey.objects.filter(pk=old.key.pk).update(retires_at=past)
    assert (works(old), works(new)) == (False, True)


def test_rotating_keeps_every_right() -> None:
    expiry = timezone.now() + timedelta(days=5)
    old = restricted(networks=["127.0.0.0/8"], expires_at=expiry).key
    new = services.rotate_key(SYSTEM, old).key
    for name in ("kind", "name", "scopes", "networks", "expires_at", "sponsor_id"):
        assert getattr(new, name) == getattr(old, name), name


@pytest.mark.parametrize("overlap", [timedelta(seconds=-1), timedelta(days=7, seconds=1)])
def test_an_overlap_is_from_0_seconds_to_7_days(overlap: timedelta) -> None:
    old = services.generate_site_key(SYSTEM)
    with pytest.raises(Invalid):
        services.rotate_key(SYSTEM, old.key, overlap)
    assert works(old)


def test_a_rotated_key_cannot_be_rotated_again() -> None:
    old = services.generate_site_key(SYSTEM)
    new = services.rotate_key(SYSTEM, old.key, HOUR)
    with pytest.raises(Conflict):
        services.rotate_key(SYSTEM, old.key)
    assert works(new)


def test_rotating_without_overlap_also_ends_older_overlaps() -> None:
    oldest = services.generate_site_key(SYSTEM)
    older = services.rotate_key(SYSTEM, oldest.key, HOUR)
    newest = services.rotate_key(SYSTEM, older.key)
    assert [works(one) for one in (oldest, older, newest)] == [False, False, True]


@pytest.mark.parametrize("ended", ["retires_at", "expires_at"])
@pytest.mark.parametrize("end", [services.rotate_key, services.revoke_key])
def test_a_predecessor_that_ended_by_itself_is_left_as_it_was(
    end: Callable[..., object], ended: str
) -> None:
    oldest = restricted()
    older = services.rotate_key(SYSTEM, oldest.key, HOUR)
    remake(oldest.key, **{ended: timezone.now() - HOUR})
    before = ManageKey.objects.filter(pk=oldest.key.pk).values().get()
    end(SYSTEM, older.key)
    assert ManageKey.objects.filter(pk=oldest.key.pk).values().get() == before
    entries = AuditEntry.objects.filter(event="key.revoked", object_id=oldest.key.public_id)
    assert not entries.exists()
    assert Api(oldest.text).get("/whoami").json()["code"] == "key_expired"


def test_what_a_predecessor_that_ended_by_itself_replaced_ends_all_the_same() -> None:
    oldest = restricted()
    older = services.rotate_key(SYSTEM, oldest.key, timedelta(days=7))
    newer = services.rotate_key(SYSTEM, older.key, HOUR)
    ManageKey.objects.filter(pk=older.key.pk).update(retires_at=timezone.now() - HOUR)
    services.rotate_key(SYSTEM, newer.key)
    assert not works(oldest)


def test_revoking_ends_what_the_key_replaced_as_well() -> None:
    oldest = services.generate_site_key(SYSTEM)
    older = services.rotate_key(SYSTEM, oldest.key, HOUR)
    newest = services.rotate_key(SYSTEM, older.key, HOUR)
    assert all(works(one) for one in (oldest, older, newest))
    services.revoke_key(SYSTEM, newest.key)
    assert not any(works(one) for one in (oldest, older, newest))


def test_an_expired_key_is_not_rotated() -> None:
    old = restricted(expires_at=timezone.now() - HOUR).key
    with pytest.raises(Conflict, match="expired"):
        services.rotate_key(SYSTEM, old)


def test_revoking_twice_changes_and_records_nothing() -> None:
    key = restricted().key
    assert services.revoke_key(SYSTEM, key)
    before = AuditEntry.objects.count()
    assert not services.revoke_key(SYSTEM, key)
    assert AuditEntry.objects.count() == before


# --- Restricted keys -----------------------------------------------------------------------


@pytest.mark.parametrize("scopes", [[], ["crm:everything"], ["*"], ["crm:read", "nothing:read"]])
def test_scopes_must_exist_and_be_chosen(scopes: list[str]) -> None:
    with pytest.raises(Invalid):
        restricted(scopes=scopes)
    assert not ManageKey.objects.exists()


@pytest.mark.parametrize("network", ["everywhere", "10.0.0.0/99", "", "10.0.0.0/8 or so"])
def test_networks_must_be_networks(network: str) -> None:
    with pytest.raises(Invalid):
        restricted(networks=[network])
    assert not ManageKey.objects.exists()


@pytest.mark.parametrize(
    ("network", "said"),
    [
        ("10.1.2.3/8", "Write 10.0.0.0/8 for the whole network"),
        ("2001:db8::1/32", "Write 2001:db8::/32 for the whole network"),
        ("::ffff:10.1.2.3/104", "Write 10.0.0.0/8 for the whole network"),
        ("10.0.0.0/255.0.0.0", "10.0.0.0/8"),
        ("10.0.0.0/0.0.0.255", "10.0.0.0/24"),
        ("10.0.0.1/0.0.0.255", "10.0.0.0/24"),
        ("10.0.0.0/", "is no network"),
        ("10.0.0.0/+8", "is no network"),
        ("10.0.0.0/٨", "is no network"),
        ("fe80::1%eth0", "without % and what follows"),
        ("fe80::%eth0/64", "without % and what follows"),
    ],
)
def test_a_network_that_may_be_meant_otherwise_is_refused_with_the_likely_one(
    network: str, said: str
) -> None:
    with pytest.raises(Invalid) as refused:
        restricted(networks=["192.0.2.0/24", network])
    (error,) = refused.value.errors
    assert error.path == ("networks",)
    assert network in error.detail
    assert said in error.detail
    assert not ManageKey.objects.exists()


@pytest.mark.parametrize(
    ("network", "stored"),
    [
        ("10.0.0.0/8", "10.0.0.0/8"),
        (" 192.0.2.7 ", "192.0.2.7/32"),
        ("192.0.2.7/32", "192.0.2.7/32"),
        ("2001:DB8:0::/32", "2001:db8::/32"),
        ("2001:db8::1", "2001:db8::1/128"),
        ("::ffff:192.0.2.7", "192.0.2.7/32"),
        ("::ffff:192.0.2.0/120", "192.0.2.0/24"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("::/0", "::/0"),
    ],
)
def test_a_network_is_stored_in_its_shortest_form(network: str, stored: str) -> None:
    assert restricted(networks=[network, stored]).key.networks == [stored]


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("", "required", "Give the key a name"),
        (" \t\n", "required", "Give the key a name"),
        ("x" * 101, "too_long", "100 characters at most"),
        ("CI\x1b[2Jdeploy", "invalid", "on one line"),
        ("CI\ndeploy", "invalid", "on one line"),
        ("CI\x00", "invalid", "on one line"),
        ("CI\x7f", "invalid", "on one line"),
        ("CI\u2028deploy", "invalid", "on one line"),
        ("CI\u202eyolped", "invalid", "on one line"),
        ("CI\udcff", "invalid", "on one line"),
    ],
)
def test_a_name_that_people_could_not_read_is_refused(name: str, code: str, said: str) -> None:
    with pytest.raises(Invalid) as refused:
        restricted(name=name)
    (error,) = refused.value.errors
    assert (error.path, error.code) == (("name",), code)
    assert said in error.detail
    assert not ManageKey.objects.exists()


@pytest.mark.parametrize("name", ["x" * 100, "n8n – Büro „Süd“", "部署", "👩‍🚀 launch"])
def test_a_name_may_be_in_any_script(name: str) -> None:
    assert restricted(name=f" {name}\n").key.name == name


def test_the_site_can_set_the_longest_term(settings: Settings) -> None:
    settings.KEY_MAX_DAYS = 30
    now = timezone.now()
    for expiry in (None, now + timedelta(days=31)):
        with pytest.raises(Invalid, match="not right"):
            restricted(expires_at=expiry)
    assert restricted(expires_at=now + timedelta(days=30)).key.pk


def test_a_paused_key_is_refused_until_it_is_resumed() -> None:
    issued = restricted()
    assert services.pause_key(SYSTEM, issued.key)
    answer = Api(issued.text).get("/whoami")
    assert (answer.status_code, answer.json()["code"]) == (403, "api_disabled")
    assert "paused" in answer.json()["detail"]
    assert services.resume_key(SYSTEM, issued.key)
    assert works(issued)


def test_pausing_twice_changes_nothing() -> None:
    key = restricted().key
    assert services.pause_key(SYSTEM, key)
    assert not services.pause_key(SYSTEM, key)
    assert services.resume_key(SYSTEM, key)
    assert not services.resume_key(SYSTEM, key)


def test_a_replaced_key_is_not_paused_into_a_state_that_nobody_sees() -> None:
    issued = restricted()
    services.rotate_key(SYSTEM, issued.key, HOUR)
    for change in (services.pause_key, services.resume_key):
        with pytest.raises(Conflict, match="revoke it instead"):
            change(SYSTEM, issued.key)
    assert works(issued)
    assert services.revoke_key(SYSTEM, issued.key)


def test_the_site_key_is_not_paused() -> None:
    issued = services.generate_site_key(SYSTEM)
    with pytest.raises(Protected):
        services.pause_key(SYSTEM, issued.key)
    with pytest.raises(IntegrityError), transaction.atomic():
        ManageKey.objects.filter(pk=issued.key.pk).update(paused_at=timezone.now())


def test_a_paused_key_is_not_rotated_into_a_working_one() -> None:
    key = restricted().key
    services.pause_key(SYSTEM, key)
    with pytest.raises(Conflict, match="Resume"):
        services.rotate_key(SYSTEM, key)
    assert ManageKey.objects.count() == 1


# --- States and the trail ------------------------------------------------------------------


def test_every_state_has_its_word() -> None:
    soon, past = timezone.now() + HOUR, timezone.now() - HOUR
    successor = ManageKey(pk=1)
    states = [
        ManageKey().state,
        ManageKey(paused_at=past).state,
        ManageKey(expires_at=past).state,
        ManageKey(expires_at=soon).state,
        ManageKey(retires_at=soon, successor=successor).state,
        ManageKey(retires_at=past, successor=successor).state,
        ManageKey(revoked_at=past).state,
        ManageKey(revoked_at=past, successor=successor).state,
    ]
    assert states == [
        KeyState.ACTIVE,
        KeyState.PAUSED,
        KeyState.EXPIRED,
        KeyState.ACTIVE,
        KeyState.RETIRING,
        KeyState.REPLACED,
        KeyState.REVOKED,
        KeyState.REPLACED,
    ]


def test_the_key_s_life_is_in_the_trail_without_its_secret() -> None:
    issued = restricted()
    services.pause_key(SYSTEM, issued.key)
    services.resume_key(SYSTEM, issued.key)
    new = services.rotate_key(SYSTEM, issued.key)
    services.revoke_key(SYSTEM, new.key)
    entries = AuditEntry.objects.order_by("id")
    assert [one.event for one in entries] == [
        "key.generated",
        "key.paused",
        "key.resumed",
        "key.issued_by_rotation",
        "key.rotated",
        "key.revoked",
    ]
    told = "".join(str(one.changes) for one in entries)
    for text in (issued.text, new.text):
        assert text not in told
        assert text[16:48] not in told


def test_a_sponsor_who_was_deleted_meanwhile_is_none(bob: User) -> None:
    sponsor = User.objects.get(pk=bob.pk)
    delete_person(SYSTEM, bob)

    issued = services.create_restricted_key(SYSTEM, name="CI", scopes=["crm:read"], sponsor=sponsor)

    assert issued.key.sponsor is None
    connection.check_constraints()
