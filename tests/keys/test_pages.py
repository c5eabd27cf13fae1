"""Other Options → Manage API Key: asks before it acts, shows a key once, lets nobody else in."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from manage_api.keys import queries, services
from manage_api.keys.models import ManageKey
from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.people import confirmation
from tests.fixtures import Api, signed_in
from tests.keys.key_pages import HOME, KEY, every_page, on, on_api, restricted, stored, text_of

pytestmark = pytest.mark.django_db


# --- Who gets in ---------------------------------------------------------------------------


def test_others_get_in_nowhere_and_change_nothing(bob: User, charlie: User) -> None:
    key = restricted()
    before = stored()
    for person, status in ((bob, 403), (charlie, 302)):
        client = signed_in(person)
        for address in every_page(key):
            assert client.get(address).status_code == status, address
            assert client.post(address, {"overlap": 0}).status_code == status, address
    assert stored() == before


def test_strangers_are_led_to_the_sign_in_page(client: Client) -> None:
    addresses = every_page(restricted())
    assert addresses
    for address in addresses:
        assert client.get(address)["Location"].startswith("/admin/login/")
        assert client.post(address)["Location"].startswith("/admin/login/")


def test_the_page_s_own_permission_is_enough(bob: User, key: ManageKey) -> None:
    bob.user_permissions.add(Permission.objects.get(codename="manage_api_keys"))
    client = signed_in(bob)
    assert client.get(HOME).status_code == 200
    assert client.post(on_api("disable")).status_code == 302
    assert not queries.api_enabled()


def test_a_permission_that_was_taken_away_ends_at_once(page: Client, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(is_superuser=False)
    assert page.post(on_api("generate")).status_code == 403
    assert not ManageKey.objects.exists()


def test_looking_changes_nothing(page: Client) -> None:
    key = restricted()
    before, entries = stored(), AuditEntry.objects.count()
    for address in every_page(key):
        for method in (page.get, page.head):
            assert method(address).status_code == 200
    assert stored() == before
    assert AuditEntry.objects.count() == entries


def test_forms_from_elsewhere_are_refused(alice: User) -> None:
    key = restricted()
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    before = stored()
    for address in every_page(key)[1:]:
        assert client.post(address, {"overlap": 0}).status_code == 403
    assert stored() == before


def test_unknown_keys_and_actions_are_not_found(page: Client) -> None:
    key = restricted()
    for address in (f"{HOME}nonsense/", on(key, "explode"), on_api("explode")):
        assert page.get(address).status_code == 404
        assert page.post(address).status_code == 404


# --- The site key --------------------------------------------------------------------------


def test_a_generated_key_is_shown_once_and_works(page: Client) -> None:
    response = page.post(on_api("generate"))
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    keys = set(KEY.findall(text_of(response)))
    assert len(keys) == 1
    key = keys.pop()
    assert f'curl -H "X-API-Key: {key}" http://testserver/api/manage/v1/whoami' in text_of(response)
    assert Api(key).get("/whoami").status_code == 200
    for address in every_page(ManageKey.objects.get()):
        assert key not in text_of(page.get(address))
        assert key[16:48] not in text_of(page.get(address))
    assert key not in str(dict(page.session.items()))


def test_reloading_the_answer_makes_no_second_key(page: Client) -> None:
    page.post(on_api("generate"))
    again = page.post(on_api("generate"), follow=True)
    assert "There is a site key already" in text_of(again)
    assert not KEY.search(text_of(again))
    assert ManageKey.objects.count() == 1


def test_reloading_after_a_rotation_does_not_rotate_again(page: Client, key: ManageKey) -> None:
    page.post(on(key, "rotate"), {"overlap": 0})
    again = page.post(on(key, "rotate"), {"overlap": 0}, follow=True)
    assert "rotated or revoked already" in text_of(again)
    assert ManageKey.objects.count() == 2


def test_rotating_shows_the_new_key_and_says_when_the_old_one_ends(
    page: Client, site_key: str
) -> None:
    old = ManageKey.objects.get()
    response = page.post(on(old, "rotate"), {"overlap": 3600})
    assert "works until" in text_of(response)
    new = KEY.search(text_of(response))
    assert new is not None
    assert new[0] != site_key
    assert Api(new[0]).get("/whoami").status_code == 200
    assert Api(site_key).get("/whoami").status_code == 200
    assert "still works, until" in text_of(page.get(HOME))


@pytest.mark.parametrize("overlap", ["-1", "604801", "soon", ""])
def test_only_offered_overlaps_are_taken(page: Client, key: ManageKey, overlap: str) -> None:
    assert page.post(on(key, "rotate"), {"overlap": overlap}).status_code == 200
    assert ManageKey.objects.count() == 1


def test_revoke_disable_and_enable_do_what_they_say(page: Client, site_key: str) -> None:
    key = ManageKey.objects.get()
    for address, status, said in (
        (on_api("disable"), 403, "The API is disabled"),
        (on_api("enable"), 200, "The API is enabled"),
        (on(key, "revoke"), 401, "The key is revoked"),
    ):
        assert said in text_of(page.post(address, follow=True))
        assert Api(site_key).get("/whoami").status_code == status


def test_the_card_shows_the_state(page: Client) -> None:
    def state() -> str:
        found = re.search(r'id="api-state">([^<]+)<', text_of(page.get(HOME)))
        return found[1] if found else ""

    assert state() == "No key"
    key = services.generate_site_key(SYSTEM).key
    assert state() == "Active"
    services.set_api_enabled(SYSTEM, False)
    assert state() == "API disabled"
    services.revoke_key(SYSTEM, key)
    assert state() == "No key"


def test_each_action_says_what_will_break_in_a_dialog_and_on_its_own_page(
    page: Client, key: ManageKey
) -> None:
    said = "Tools that still use the old key stop working when it ends"
    overview = text_of(page.get(HOME))
    for slug in ("rotate", "revoke", "disable"):
        assert f'<dialog class="so-dialog" id="dialog-{slug}"' in overview
    assert said in overview
    assert said in text_of(page.get(on(key, "rotate")))


def test_the_actions_are_in_the_trail_with_their_person(page: Client) -> None:
    page.post(on_api("generate"))
    page.post(on(ManageKey.objects.get(), "revoke"))
    entries = AuditEntry.objects.exclude(event="person.signed_in").order_by("id")
    told = [(one.actor_label, one.door, one.operation, one.event) for one in entries]
    assert told == [
        ("alice", "admin", "keys.generate", "key.generated"),
        ("alice", "admin", "keys.revoke", "key.revoked"),
    ]


def test_an_old_key_is_to_be_rotated(page: Client, key: ManageKey) -> None:
    assert "older than 180 days" not in text_of(page.get(HOME))
    ManageKey.objects.update(created_at=timezone.now() - timedelta(days=181))
    assert "older than 180 days" in text_of(page.get(HOME))


def test_a_key_that_was_turned_away_is_shown_on_top(page: Client, revoked_key: str) -> None:
    Api(revoked_key).get("/whoami")
    assert "turned away in the last 7 days" in text_of(page.get(HOME))


# --- Confirming the password ---------------------------------------------------------------


def age_sign_in(page: Client, minutes: float) -> None:
    session = page.session
    session[confirmation._CONFIRMED_AT] -= minutes * 60
    session.save()


def test_an_old_sign_in_must_give_the_password_again(page: Client) -> None:
    age_sign_in(page, 16)
    asked = page.post(on_api("generate"))
    assert "Your password" in text_of(asked)
    assert not ManageKey.objects.exists()
    given = page.post(on_api("generate"), {"password": "alice-password"})
    assert KEY.search(text_of(given))


def test_it_is_asked_for_by_every_form(page: Client) -> None:
    key = restricted()
    age_sign_in(page, 16)
    before = stored()
    for address in every_page(key)[1:]:
        if address != f"{HOME}{key.public_id}/":
            assert 'name="password"' in text_of(page.get(address)), address
        page.post(address, {"overlap": 0, "name": "x", "scopes": ["crm:read"], "days": 90})
    assert stored() == before


def test_given_once_it_is_good_for_a_while(page: Client, key: ManageKey) -> None:
    age_sign_in(page, 16)
    page.post(on_api("disable"), {"password": "alice-password"})
    page.post(on_api("enable"))
    assert queries.api_enabled()
    assert 'name="password"' not in text_of(page.get(HOME))


@pytest.mark.parametrize("password", ["", "wrong", "bob-password", "alice-password "])
def test_a_wrong_one_is_refused_and_nothing_happens(page: Client, bob: User, password: str) -> None:
    age_sign_in(page, 16)
    page.post(on_api("generate"), {"password": password})
    assert not ManageKey.objects.exists()


def test_wrong_ones_count_for_the_lock_out(page: Client) -> None:
    age_sign_in(page, 16)
    for _ in range(5):
        answer = page.post(on_api("generate"), {"password": "guess"})
    assert answer.status_code == 429
    locked = page.post(on_api("generate"), {"password": "alice-password"})
    assert locked.status_code == 429
    assert not ManageKey.objects.exists()


def test_how_old_is_a_setting(page: Client, settings: Settings) -> None:
    settings.CONFIRM_PASSWORD_MINUTES = 60
    age_sign_in(page, 59)
    assert KEY.search(text_of(page.post(on_api("generate"))))
    settings.CONFIRM_PASSWORD_MINUTES = 0
    assert 'name="password"' in text_of(page.get(HOME))


def test_a_session_from_the_future_is_no_recent_one(page: Client) -> None:
    age_sign_in(page, -60)
    assert 'name="password"' in text_of(page.get(on_api("generate")))


def test_a_session_that_never_gave_a_password_is_asked_for_it(page: Client) -> None:
    """One from before an update, or of a person whom another system has signed in."""
    session = page.session
    del session[confirmation._CONFIRMED_AT]
    session.save()

    page.post(on_api("generate"))

    assert not ManageKey.objects.exists()
