"""Sign-ins, failed ones and sign-outs are in the audit trail, and guessing does not flood it."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from syteops.audit.models import AuditEntry, Outcome
from syteops.people.sign_ins import KEPT_PER_MINUTE

pytestmark = pytest.mark.django_db


def sign_in(client: Client, username: str, password: str) -> Any:
    return client.post("/admin/login/", {"username": username, "password": password})


def trail() -> list[tuple[str, str, str, str]]:
    found = AuditEntry.objects.order_by("id")
    return [(one.event, one.actor_label, one.object_label, one.code) for one in found]


def test_coming_and_leaving(client: Client, alice: User) -> None:
    sign_in(client, "alice", "alice-password")
    client.post("/admin/logout/")
    assert trail() == [
        ("person.signed_in", "alice", "alice", ""),
        ("person.signed_out", "alice", "alice", ""),
    ]
    entry = AuditEntry.objects.earliest("id")
    assert (entry.actor_kind, entry.actor_id) == ("person", str(alice.pk))
    assert (entry.address, entry.door) == ("127.0.0.1", "admin")
    assert entry.request_id


def test_signing_in_without_an_address_to_go_to_leads_to_the_start_page(
    client: Client, alice: User
) -> None:
    assert sign_in(client, "alice", "alice-password")["Location"] == "/admin/"


def test_a_wrong_password_is_kept_as_a_refusal_of_somebody(client: Client, alice: User) -> None:
    sign_in(client, "alice", "wrong")
    entry = AuditEntry.objects.get()
    assert trail() == [("person.sign_in_failed", "", "alice", "not_authenticated")]
    assert entry.outcome == Outcome.REFUSED
    assert entry.actor_kind == "client"  # nobody has proved to be Alice


def test_what_was_typed_as_a_name_is_not_kept_it_may_be_a_password(
    client: Client, alice: User
) -> None:
    sign_in(client, "canary-password", "alice")
    assert trail() == [("person.sign_in_failed", "", "", "not_authenticated")]
    values = AuditEntry.objects.values().get()
    assert "canary" not in str(values)


def test_the_lock_out_is_told(client: Client, alice: User) -> None:
    for _ in range(6):
        response = sign_in(client, "alice", "wrong")
    assert response.status_code == 429
    assert "Too many failed sign-ins" in response.content.decode()
    assert [code for *_, code in trail()][-1] == "throttled"


def test_guessing_does_not_flood_the_trail(
    client: Client, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("syteops.core.counters.time.time", lambda: 1_800_000_010.0)
    for n in range(KEPT_PER_MINUTE + 10):
        client.defaults["REMOTE_ADDR"] = f"2001:db8::{n:x}"  # all of one network
        sign_in(client, "alice", "wrong")
    assert AuditEntry.objects.count() == KEPT_PER_MINUTE


def test_programs_make_sessions_without_an_entry(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert trail() == []


@pytest.mark.parametrize("text", ["127.0.0.1 {}", "sign-in 127.0.0.1 {}"])
def test_no_text_in_place_of_an_api_key_hides_failed_sign_ins(
    client: Client, alice: User, text: str
) -> None:
    # What her counter is called without its kind, and what it was called before there were kinds.
    for _ in range(KEPT_PER_MINUTE + 1):
        client.get("/api/manage/v1/whoami", headers={"X-API-Key": text.format(alice.pk)})

    sign_in(client, "alice", "wrong")

    assert ("person.sign_in_failed", "", "alice", "not_authenticated") in trail()
