"""Whoever can write to the database gives a key no right: what was altered ends the key."""

from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from time import monotonic
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from manage_api.keys import services, tokens, verification
from manage_api.keys.alterations import altered_keys
from manage_api.keys.models import ApiSwitch, ManageKey
from manage_api.keys.queries import api_state
from manage_api.keys.services import Issued
from manage_api.operations import all_scopes
from syteops.audit.models import AuditEntry, Outcome
from syteops.core.actors import SYSTEM
from syteops.core.encryption import new_encryption_key, seal
from syteops.core.errors import Conflict
from tests.fixtures import Api
from tests.keys.key_pages import HOME, on, text_of
from tests.manage_api.faces import forgery_of

pytestmark = pytest.mark.django_db

ALTERATIONS: dict[str, Callable[[], dict[str, Any]]] = {
    "every scope": lambda: {"scopes": all_scopes()},
    "one scope more": lambda: {"scopes": ["crm:read", "crm:write"]},
    "one scope less": lambda: {"scopes": []},
    "scopes as one text, in which others are found": lambda: {"scopes": "crm:read users:read"},
    "scopes of another type": lambda: {"scopes": [{}, 1, None]},
    "no list at all": lambda: {"scopes": 5, "networks": 5},
    "everywhere": lambda: {"networks": []},
    "another network": lambda: {"networks": ["127.0.0.0/8", "::/0"]},
    "a later end": lambda: {"expires_at": timezone.now() + timedelta(days=365)},
    "no end": lambda: {"expires_at": None},
    "a key for everything": lambda: {"kind": "site"},
    "the name of another tool": lambda: {"name": "Tool of others"},
    "the hint of another key": lambda: {"hint": "som_abcd…wxyz"},
    "a pause that nobody has ordered": lambda: {"paused_at": timezone.now()},
}


@pytest.fixture
def issued(db: None) -> Issued:
    return services.create_restricted_key(
        SYSTEM,
        name="Tool",
        scopes=["crm:read"],
        networks=["127.0.0.0/8"],
        expires_at=timezone.now() + timedelta(days=1),
    )


def alter(**values: Any) -> None:
    """As somebody does who can write to the database, and nothing else."""
    ManageKey.objects.update(**(values or {"scopes": all_scopes()}))


def status(issued: Issued) -> int:
    return int(Api(issued.text).get("/whoami").status_code)


def told(key: str) -> tuple[dict[str, str], dict[str, Any]]:
    response = Api(key).get("/whoami")
    assert response.status_code == 401
    headers = {n: v for n, v in response.headers.items() if n != "X-Request-ID"}
    return headers, {n: v for n, v in response.json().items() if n != "request_id"}


# --- Who is refused --------------------------------------------------------------------------


@pytest.mark.parametrize("name", ALTERATIONS)
def test_an_altered_key_is_refused_like_a_wrong_one_until_it_is_as_it_was(
    issued: Issued, name: str
) -> None:
    altered = ALTERATIONS[name]()
    assert status(issued) == 200
    alter(**altered)
    assert told(issued.text) == told(tokens.new_token().text)
    alter(**{field: getattr(issued.key, field) for field in altered})
    assert status(issued) == 200


def test_an_expired_key_is_not_brought_back_by_another_end() -> None:
    past = timezone.now() - timedelta(seconds=1)
    issued = services.create_restricted_key(SYSTEM, name="x", scopes=["crm:read"], expires_at=past)
    assert Api(issued.text).get("/whoami").json()["code"] == "key_expired"
    alter(expires_at=None)
    assert Api(issued.text).get("/whoami").json()["code"] == "not_authenticated"


def test_a_site_key_turned_into_a_restricted_one_is_refused(site_key: str) -> None:
    alter(kind="restricted", scopes=["crm:read"])
    assert Api(site_key).get("/whoami").status_code == 401


def test_the_verifier_of_a_key_with_more_rights_does_not_help(issued: Issued) -> None:
    mighty = services.create_restricted_key(SYSTEM, name="Mighty", scopes=all_scopes()).key
    ManageKey.objects.filter(pk=issued.key.pk).update(
        scopes=mighty.scopes, networks=[], expires_at=None, verifier=mighty.verifier
    )
    assert status(issued) == 401


def test_a_verifier_without_rights_opens_nothing(issued: Issued) -> None:
    """As it was stored once, and may be found in an old backup."""
    verifier, _ = issued.key.open_verifier()
    alter(verifier=seal(issued.key, "verifier", verifier))
    assert status(issued) == 401


def test_what_happens_in_the_life_of_a_key_does_not_alter_it(issued: Issued) -> None:
    services.pause_key(SYSTEM, issued.key)
    services.resume_key(SYSTEM, issued.key)
    assert status(issued) == 200
    new = services.rotate_key(SYSTEM, issued.key, timedelta(days=1))
    ManageKey.objects.update(last_used_at=timezone.now(), last_used_address="127.0.0.1")
    assert (status(issued), status(new)) == (200, 200)
    assert new.key.has_genuine_rights


ENDS: dict[str, Callable[[ManageKey], Any]] = {
    "revoked": lambda key: services.revoke_key(SYSTEM, key),
    "paused": lambda key: services.pause_key(SYSTEM, key),
    "replaced": lambda key: services.rotate_key(SYSTEM, key),
    "replaced, with an overlap": lambda key: services.rotate_key(SYSTEM, key, timedelta(days=1)),
}


@pytest.mark.parametrize("end", ENDS)
def test_nothing_in_the_database_brings_back_what_was_ended(issued: Issued, end: str) -> None:
    ENDS[end](issued.key)
    row = ManageKey.objects.get(pk=issued.key.pk)
    assert row.has_genuine_rights

    mine = ManageKey.objects.filter(pk=row.pk)
    nothing = dict.fromkeys(("revoked_at", "retires_at", "paused_at", "rotated_at", "successor"))
    mine.update(**nothing)
    assert told(issued.text) == told(tokens.new_token().text)
    if row.retires_at:
        later = row.retires_at + timedelta(days=900)
        mine.update(rotated_at=row.rotated_at, successor=row.successor, retires_at=later)
        assert told(issued.text) == told(tokens.new_token().text)


@pytest.mark.parametrize("end", ENDS)
def test_nor_does_the_whole_row_of_before_which_was_sealed_as_well(
    issued: Issued, end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever could read the database has it. The trail tells that it is not that of now."""
    assert status(issued) == 200
    mine = ManageKey.objects.filter(pk=issued.key.pk)
    before = mine.values().get()
    ENDS[end](issued.key)
    mine.update(**before)
    assert mine.get().has_genuine_rights

    later = monotonic() + 61
    monkeypatch.setattr(verification, "monotonic", lambda: later)  # until then it is remembered
    assert told(issued.text) == told(tokens.new_token().text)
    assert altered_keys() == [issued.key]
    with pytest.raises(Conflict, match="cannot be verified"):
        services.rotate_key(SYSTEM, issued.key)
    assert services.revoke_key(SYSTEM, issued.key)
    assert altered_keys() == []


def test_nor_does_it_under_another_number(issued: Issued) -> None:
    """The number of a row is in no seal; by the key's id it was sealed."""
    before = ManageKey.objects.values().get()
    services.revoke_key(SYSTEM, issued.key)
    ManageKey.objects.all().delete()
    ManageKey.objects.create(**{**before, "id": before["id"] + 1})
    assert told(issued.text) == told(tokens.new_token().text)
    assert altered_keys() == [ManageKey.objects.get()]


def test_nor_does_one_of_before_with_which_it_was_to_be_resumed(issued: Issued) -> None:
    services.pause_key(SYSTEM, issued.key)
    mine = ManageKey.objects.filter(pk=issued.key.pk)
    paused = mine.values().get()
    services.revoke_key(SYSTEM, issued.key)
    mine.update(**paused)
    services.resume_key(SYSTEM, issued.key)
    assert told(issued.text) == told(tokens.new_token().text)


def test_nor_is_an_api_that_was_disabled_enabled_there(
    issued: Issued, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert status(issued) == 200
    services.set_api_enabled(SYSTEM, False)
    ApiSwitch.objects.update(enabled=True)
    assert api_state() == "disabled"
    later = monotonic() + 61
    monkeypatch.setattr(verification, "monotonic", lambda: later)  # until then it is remembered
    assert Api(issued.text).get("/whoami").json()["code"] == "api_disabled"

    assert services.set_api_enabled(SYSTEM, True)
    assert (status(issued), api_state()) == (200, "enabled")


@pytest.mark.parametrize("end", ENDS)
def test_what_a_former_version_ended_stays_ended_after_setup(issued: Issued, end: str) -> None:
    """It left the seal as it was made, and only the row said that the key had ended."""
    as_made = issued.key.verifier
    ENDS[end](issued.key)
    mine = ManageKey.objects.filter(pk=issued.key.pk)
    before = status(issued)
    mine.update(verifier=as_made)
    assert not mine.get().has_genuine_rights

    assert services.seal_ends() == 1
    assert services.seal_ends() == 0
    assert status(issued) == before
    ends = ("revoked_at", "retires_at", "paused_at", "rotated_at", "successor")
    mine.update(**dict.fromkeys(ends))
    assert told(issued.text) == told(tokens.new_token().text)


def test_a_key_of_before_names_were_sealed_goes_on(issued: Issued) -> None:
    verifier, _ = issued.key.open_verifier()
    with_rights = verifier + issued.key._rights_digest()
    ManageKey.objects.update(verifier=seal(issued.key, "verifier", with_rights))
    assert status(issued) == 200
    services.pause_key(SYSTEM, issued.key)
    services.resume_key(SYSTEM, issued.key)
    assert status(issued) == 200
    alter(name="Tool of others")
    assert status(issued) == 401


def test_sealing_ends_makes_no_altered_rights_genuine(issued: Issued) -> None:
    services.revoke_key(SYSTEM, issued.key)
    alter()
    assert services.seal_ends() == 0
    assert not ManageKey.objects.get(pk=issued.key.pk).has_genuine_rights


def test_to_resume_a_key_makes_no_altered_rights_genuine(issued: Issued) -> None:
    services.pause_key(SYSTEM, issued.key)
    alter()
    services.resume_key(SYSTEM, issued.key)
    assert status(issued) == 401


def test_refusing_it_takes_one_query_and_notes_nothing_before_the_answer(
    issued: Issued, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("manage_api.keys.verification.after_answer", lambda job: None)
    alter()
    with CaptureQueriesContext(connection) as queries_made:
        told(issued.text)
    assert len(queries_made) == 1


# --- Who is told -------------------------------------------------------------------------------


def test_its_use_is_in_the_trail_with_the_reason(issued: Issued) -> None:
    alter()
    told(issued.text)
    told(issued.text)
    entry = AuditEntry.objects.get(outcome=Outcome.REFUSED)
    assert (entry.object_id, entry.code) == (issued.key.public_id, "rights_altered")


def test_a_wrong_secret_leaves_no_entry(issued: Issued) -> None:
    alter()
    told(forgery_of(issued.text))
    assert not AuditEntry.objects.filter(outcome=Outcome.REFUSED).exists()


def test_admins_are_told_before_anybody_uses_it(page: Client, issued: Issued) -> None:
    services.create_restricted_key(SYSTEM, name="Honest", scopes=["crm:read"])
    ManageKey.objects.filter(pk=issued.key.pk).update(networks=[])
    start = text_of(page.get("/admin/"))
    assert "The key Tool is refused: its rights were altered in the database" in start
    assert start.count("were altered") == 1
    for address in (HOME, f"{HOME}{issued.key.public_id}/"):
        assert text_of(page.get(address)).count("altered in the database, refused") == 1
    output = StringIO()
    call_command("manage_key", "list", stdout=output)
    assert output.getvalue().count("altered in the database, refused") == 1


@pytest.mark.parametrize("name", ALTERATIONS)
def test_whatever_is_altered_is_told_at_the_next_look_and_no_longer(
    issued: Issued, name: str
) -> None:
    altered = ALTERATIONS[name]()
    before = {field: getattr(issued.key, field) for field in altered}
    for _ in range(2):
        assert altered_keys() == []
        alter(**altered)
        assert altered_keys() == [issued.key]
        assert altered_keys() == [issued.key]
        alter(**before)


def test_only_the_seals_of_rows_that_changed_are_opened_to_tell(
    issued: Issued, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = [services.create_restricted_key(SYSTEM, name=n, scopes=["crm:read"]) for n in "ab"]
    opened, open_verifier = list[str](), ManageKey.open_verifier

    def noted(key: ManageKey) -> tuple[str, bool]:
        opened.append(key.name)
        return open_verifier(key)

    monkeypatch.setattr(ManageKey, "open_verifier", noted)
    altered_keys()
    assert sorted(opened) == ["Tool", "a", "b"]
    altered_keys()
    ManageKey.objects.filter(pk=others[0].key.pk).update(networks=["::/0"])
    altered_keys()
    assert opened[3:] == ["a"]


def test_keys_whose_ring_is_lost_are_told_though_nothing_was_altered(
    issued: Issued, settings: Settings
) -> None:
    assert altered_keys() == []
    settings.FIELD_ENCRYPTION_KEY_FILE = None
    settings.FIELD_ENCRYPTION_KEYS = [new_encryption_key()]
    assert altered_keys() == [issued.key]


@pytest.mark.parametrize("name", ALTERATIONS)
def test_whatever_was_written_there_breaks_nothing_that_shows_keys(
    page: Client, issued: Issued, name: str
) -> None:
    alter(**ALTERATIONS[name]())
    for address in ("/admin/", HOME, f"{HOME}{issued.key.public_id}/", on(issued.key, "revoke")):
        assert "Tool" in text_of(page.get(address))
    output = StringIO()
    call_command("manage_key", "show", issued.key.public_id, stdout=output)
    assert "  May:          Nothing" in output.getvalue()
    assert "0 operations" in output.getvalue()
    call_command("warn_expiring_keys", stdout=output)


def test_its_use_is_an_alarm(page: Client, issued: Issued) -> None:
    alter()
    told(issued.text)
    for address in ("/admin/", HOME):
        assert "used after its rights were altered in the database" in text_of(page.get(address))


# --- What becomes of it ------------------------------------------------------------------------


def test_it_gives_its_rights_to_no_new_key(page: Client, issued: Issued) -> None:
    alter()
    with pytest.raises(Conflict, match="cannot be verified"):
        services.rotate_key(SYSTEM, issued.key, timedelta(days=1))
    answer = page.post(on(issued.key, "rotate"), {"overlap": 0}, follow=True)
    assert "Its rights cannot be verified." in text_of(answer)
    assert ManageKey.objects.count() == 1
    form = text_of(page.get(f"{HOME}create/?like={issued.key.public_id}"))
    assert 'value="Tool"' in form
    assert 'name="scopes" value="crm:read" checked' not in form


def test_it_can_be_revoked(issued: Issued) -> None:
    alter()
    assert services.revoke_key(SYSTEM, issued.key)


def test_a_new_encryption_key_keeps_rights_bound(
    issued: Issued, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("syteops.server.encryption_rotation.GRACE", 0)
    settings.FIELD_ENCRYPTION_KEYS = [new_encryption_key(), *settings.FIELD_ENCRYPTION_KEYS]
    call_command("rotate_encryption_keys", stdout=StringIO())
    settings.FIELD_ENCRYPTION_KEYS = settings.FIELD_ENCRYPTION_KEYS[:1]
    assert status(issued) == 200
    alter()
    assert status(issued) == 401
