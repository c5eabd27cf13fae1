"""Who gets in with a key, what the others are told, and what the trail keeps of it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from manage_api.keys import queries, services, tokens, usage, verification
from manage_api.keys.models import ManageKey
from manage_api.operations import all_operations
from syteops.audit.models import AuditEntry, Outcome
from syteops.core.actors import SYSTEM
from syteops.core.encryption import KeyRing, Sealed
from tests.fixtures import Api

pytestmark = pytest.mark.django_db


def refusals() -> list[tuple[str, str]]:
    found = AuditEntry.objects.filter(outcome=Outcome.REFUSED).order_by("id")
    return [(one.object_id, one.code) for one in found]


def forged(text: str) -> str:
    """A well-formed key with this one's id and another secret."""
    return tokens.Token(tokens.parse(text).public_id, tokens.new_token().secret).text  # type: ignore[union-attr]


def answer(key: str) -> tuple[int, dict[str, str], dict[str, Any]]:
    response = Api(key).get("/whoami")
    body = {name: value for name, value in response.json().items() if name != "request_id"}
    headers = {n: v for n, v in response.headers.items() if n != "X-Request-ID"}
    return response.status_code, headers, body


def test_unknown_forged_revoked_and_garbage_keys_get_the_very_same_answer(
    site_key: str, revoked_key: str
) -> None:
    answers = [
        answer(forged(site_key)),
        answer(tokens.new_token().text),
        answer(revoked_key),
        answer(forged(revoked_key)),
        answer("som_garbage"),
        answer("x"),
    ]
    assert all(one == answers[0] for one in answers)
    assert answers[0][0] == 401


@pytest.mark.parametrize("place", [0, 15, 16, 30, 31])
def test_a_secret_that_is_right_but_for_one_character_is_wrong(site_key: str, place: int) -> None:
    """Well-formed, with its own checksum: whoever saw half a key must not get in with it."""
    token = tokens.parse(site_key)
    assert token is not None
    other = "a" if token.secret[place] != "a" else "b"
    near = token._replace(secret=token.secret[:place] + other + token.secret[place + 1 :])

    assert Api(near.text).get("/whoami").status_code == 401
    assert Api(site_key).get("/whoami").status_code == 200


def test_garbage_costs_no_query(
    site_key: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    typing_error = site_key[:-1] + ("a" if site_key[-1] != "a" else "b")
    for key in ("x", "som_", typing_error):
        with django_assert_num_queries(0):
            assert Api(key).get("/whoami").status_code == 401


def test_authenticating_costs_one_query_and_the_first_time_two_more(
    site_key: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    """Those ask the trail whether the key has ended, or the API was disabled."""
    from django.test import RequestFactory

    from manage_api.keys.verification import caller_for

    for many in (3, 1, 1):
        with django_assert_num_queries(many):
            assert caller_for(site_key, RequestFactory().get("/")).key.kind == "site"


def test_an_unknown_id_takes_the_same_work_as_a_wrong_secret(
    site_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[tuple[int, int]] = []

    def compare(expected: str, given: str) -> bool:
        compared.append((len(expected), len(given)))
        return expected == given

    Api(tokens.new_token().text).get("/whoami")  # the first of a process makes what all compare to
    monkeypatch.setattr(verification, "constant_time_compare", compare)
    for key in (forged(site_key), tokens.new_token().text):
        with CaptureQueriesContext(connection) as queries_made:
            assert Api(key).get("/whoami").status_code == 401
        assert len(queries_made) == 1, [one["sql"] for one in queries_made]
    # Unequal lengths would be told apart at once.
    assert len(compared) == 2
    assert all(expected == given for expected, given in compared)


def test_a_key_whose_verifier_does_not_open_is_refused(site_key: str) -> None:
    stored = ManageKey.objects.get().verifier.ciphertext
    ManageKey.objects.update(verifier=Sealed(stored[:-1] + bytes([stored[-1] ^ 1])))
    assert Api(site_key).get("/whoami").status_code == 401


def test_a_key_without_scopes_may_do_nothing() -> None:
    """In more than one product, an empty list has meant everything."""
    holder = verification.KeyHolder(ManageKey(kind="restricted", scopes=[]))

    assert not any(holder.may(one) for one in all_operations())
    assert holder.describe()["scopes"] == []


def test_only_who_is_let_in_counts_as_a_use(make_key: Callable[..., str]) -> None:
    elsewhere = make_key("crm:read", networks=["10.0.0.0/8"])
    expired = make_key("crm:read", expires_at=timezone.now() - timedelta(days=1))
    for key in (elsewhere, expired, forged(elsewhere), tokens.new_token().text):
        Api(key).get("/whoami")
    assert usage._take() == ({}, {})
    good = make_key("crm:read")
    Api(good).get("/whoami")
    assert set(usage._take()[0]) == {ManageKey.objects.latest("id").pk}


# --- What the trail keeps ------------------------------------------------------------------


def test_a_revoked_key_with_the_right_secret_is_noted(revoked_key: str) -> None:
    assert Api(revoked_key).get("/whoami").status_code == 401
    entry = AuditEntry.objects.get(outcome=Outcome.REFUSED)
    key = ManageKey.objects.get()
    assert (entry.object_id, entry.code) == (key.public_id, "not_authenticated")
    assert (entry.actor_kind, entry.actor_id) == ("key", key.public_id)
    assert (entry.door, entry.address) == ("rest", "127.0.0.1")
    assert list(queries.refused_uses(7)) == [entry]


def test_dispatch_is_noted_as_dispatch(revoked_key: str) -> None:
    Api(revoked_key).dispatch("crm.list")
    assert AuditEntry.objects.get(outcome=Outcome.REFUSED).door == "dispatch"


def test_forged_and_unknown_keys_leave_no_entry(revoked_key: str) -> None:
    for key in (forged(revoked_key), tokens.new_token().text, "x"):
        Api(key).get("/whoami")
    assert refusals() == []


def test_a_tool_that_goes_on_trying_leaves_one_entry_a_minute(revoked_key: str) -> None:
    for _ in range(20):
        Api(revoked_key).get("/whoami")
    assert len(refusals()) == 1


def test_two_processes_that_refuse_the_same_key_note_it_once(
    revoked_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the first one remembers the second does not know; the counters belong to both."""
    monkeypatch.setattr("syteops.core.counters.time.time", lambda: 1_800_000_010.0)
    Api(revoked_key).get("/whoami")
    monkeypatch.setattr(verification, "_noted", {})

    assert Api(revoked_key).get("/whoami").status_code == 401

    assert len(refusals()) == 1


def test_a_key_that_is_still_tried_in_the_next_minute_is_noted_again(
    revoked_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for now in (1_800_000_010.0, 1_800_000_050.0, 1_800_000_070.0):
        monkeypatch.setattr("syteops.core.counters.time.time", lambda now=now: now)
        monkeypatch.setattr(verification, "time", lambda now=now: now)
        Api(revoked_key).get("/whoami")

    assert len(refusals()) == 2


def test_each_way_of_being_refused_has_its_code(make_key: Callable[..., str]) -> None:
    elsewhere = make_key("crm:read", networks=["10.0.0.0/8"])
    expired = make_key("crm:read", expires_at=timezone.now() - timedelta(days=1))
    paused = make_key("crm:read")
    services.pause_key(SYSTEM, ManageKey.objects.first())  # type: ignore[arg-type]
    for key in (elsewhere, expired, paused):
        Api(key).get("/whoami")
    codes = [code for _, code in refusals()]
    assert codes == ["network_not_allowed", "key_expired", "api_disabled"]


def test_the_networks_of_a_key_hold_for_ipv4_mapped_addresses_too(
    make_key: Callable[..., str],
) -> None:
    key = make_key("crm:read", networks=["192.0.2.0/24"])
    for address, status in (("::ffff:192.0.2.7", 200), ("192.0.3.1", 403), ("::1", 403)):
        client = Client(headers={"X-API-Key": key}, REMOTE_ADDR=address)
        assert client.get("/api/manage/v1/whoami").status_code == status


# --- The overlap after a rotation ----------------------------------------------------------


def test_every_answer_to_a_replaced_key_says_when_it_ends(site_key: str) -> None:
    new = services.rotate_key(SYSTEM, ManageKey.objects.get(), timedelta(days=1))
    old = ManageKey.objects.get(successor=new.key)
    for path, status in (("/crm-systems", 200), ("/nowhere", 404), ("/crm-systems/099", 404)):
        response = Api(site_key).get(path)
        assert response.status_code == status
        assert response.headers["Deprecation"] == f"@{int(old.rotated_at.timestamp())}"  # type: ignore[union-attr]
        sunset = parsedate_to_datetime(response.headers["Sunset"])
        assert abs(sunset - old.retires_at) < timedelta(seconds=1)  # type: ignore[operator]
    assert "Deprecation" not in Api(new.text).get("/whoami").headers


def test_a_replaced_key_that_expires_within_its_overlap_is_told_when_it_really_ends(
    make_key: Callable[..., str],
) -> None:
    expiry = timezone.now() + timedelta(days=1)
    key = make_key("crm:read", expires_at=expiry)
    services.rotate_key(SYSTEM, ManageKey.objects.get(), timedelta(days=7))
    sunset = parsedate_to_datetime(Api(key).get("/whoami").headers["Sunset"])
    assert abs(sunset - expiry) < timedelta(seconds=1)


def test_a_replaced_key_that_is_refused_is_told_when_it_ends_too(
    make_key: Callable[..., str],
) -> None:
    key = make_key("crm:read", networks=["10.0.0.0/8"])
    services.rotate_key(SYSTEM, ManageKey.objects.get(), timedelta(days=1))
    for code in ("network_not_allowed", "api_disabled"):
        response = Api(key).get("/crm-systems")
        assert (response.status_code, response.json()["code"]) == (403, code)
        assert "Deprecation" in response.headers
        assert "Sunset" in response.headers
        services.set_api_enabled(SYSTEM, False)


def test_a_replaced_key_that_was_revoked_gets_the_very_same_answer_as_an_unknown_one(
    site_key: str,
) -> None:
    services.rotate_key(SYSTEM, ManageKey.objects.get(), timedelta(days=1))
    services.revoke_key(SYSTEM, ManageKey.objects.get(successor__isnull=False))
    assert answer(site_key) == answer(tokens.new_token().text)


def test_an_ordinary_key_and_a_person_are_told_of_no_end(
    site_key: str, as_person: Any, alice: Any
) -> None:
    for api in (Api(site_key), as_person(alice)):
        headers = api.get("/whoami").headers
        assert "Deprecation" not in headers
        assert "Sunset" not in headers


# --- What is remembered ----------------------------------------------------------------------


def seals_opened(monkeypatch: pytest.MonkeyPatch, key: str) -> int:
    """How many it takes to answer a call with that key, which is let in."""
    opened: list[bytes] = []
    original = KeyRing.open

    def opening(ring: KeyRing, ciphertext: bytes) -> bytes:
        opened.append(ciphertext)
        return original(ring, ciphertext)

    with monkeypatch.context() as patch:
        patch.setattr(KeyRing, "open", opening)
        assert Api(key).get("/whoami").status_code == 200
    return len(opened)


def test_a_key_that_is_let_in_again_and_again_is_opened_once(
    site_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [seals_opened(monkeypatch, site_key) for _ in range(3)] == [1, 0, 0]


def test_what_is_remembered_has_a_bound(
    site_key: str, make_key: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verification, "_REMEMBERED", 1)
    other = make_key("crm:read")
    assert [seals_opened(monkeypatch, one) for one in (site_key, other, site_key)] == [1, 1, 1]


@pytest.mark.parametrize(
    "altered",
    [
        {"scopes": ["crm:read", "users:read"]},
        {"kind": "site"},
        {"networks": ["10.0.0.0/8", "127.0.0.0/8"]},
        {"expires_at": datetime(2030, 1, 1, tzinfo=UTC)},
        {"verifier": None},
        {"revoked_at": datetime(2026, 1, 1, tzinfo=UTC)},
    ],
    ids=lambda altered: next(iter(altered)),
)
def test_a_key_that_was_let_in_is_refused_once_its_row_is_another(
    make_key: Callable[..., str], altered: dict[str, Any]
) -> None:
    key = make_key("crm:read")
    assert answer(key)[0] == 200
    ManageKey.objects.update(**altered)
    assert answer(key)[0] == 401


def test_a_key_that_was_let_in_is_refused_once_nothing_opens_it(
    make_key: Callable[..., str], settings: Settings
) -> None:
    key = make_key("crm:read")
    assert answer(key)[0] == 200
    settings.FIELD_ENCRYPTION_KEY_FILE = None
    settings.FIELD_ENCRYPTION_KEYS = ["0123456789-abcdefghijklmnopqrstuvwxyz"]
    assert answer(key)[0] == 401


def test_a_key_that_was_let_in_does_not_open_another_row(make_key: Callable[..., str]) -> None:
    """Whoever copies a seal, with rights that are the same, has another id."""
    first, second = make_key("crm:read"), make_key("crm:read")
    assert answer(first)[0] == answer(second)[0] == 200
    sealed = ManageKey.objects.get(public_id=tokens.parse(first).public_id).verifier  # type: ignore[union-attr]
    ManageKey.objects.update(verifier=sealed)
    copied = tokens.Token(tokens.parse(second).public_id, tokens.parse(first).secret).text  # type: ignore[union-attr]
    assert answer(copied)[0] == answer(second)[0] == 401
    assert answer(first)[0] == 200


def test_a_key_whose_rights_were_altered_is_refused_each_time() -> None:
    issued = services.create_restricted_key(SYSTEM, name="Altered", scopes=["crm:read"])
    ManageKey.objects.filter(pk=issued.key.pk).update(scopes=["crm:read", "users:read"])
    assert [answer(issued.text)[0] for _ in range(3)] == [401] * 3
