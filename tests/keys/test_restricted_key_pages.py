"""Restricted keys on Other Options → Manage API Key: made once, shown in words, watched."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from manage_api.keys import services, tokens
from manage_api.keys.models import ManageKey
from manage_api.keys.presets import PRESETS
from manage_api.operations import all_scopes
from syteops.adminkit.moments import in_full
from syteops.core.actors import SYSTEM
from tests.fixtures import Api
from tests.keys.key_pages import HOME, KEY, on, on_api, restricted, stored, text_of

pytestmark = pytest.mark.django_db


# --- Restricted keys -----------------------------------------------------------------------


def create(page: Client, **fields: Any) -> Any:
    given = {"name": "Tool", "scopes": ["crm:read"], "days": "90", **fields}
    given.setdefault("public_id", tokens.new_id())
    return page.post(f"{HOME}create/", {n: v for n, v in given.items() if v is not None})


def test_the_form_sent_twice_makes_one_key_and_shows_it_once(page: Client) -> None:
    """By a double click, or by reloading the answer."""
    opened = re.search(r'name="public_id" value="(\w{12})"', text_of(page.get(f"{HOME}create/")))
    assert opened is not None
    first = create(page, public_id=opened[1])
    again = create(page, public_id=opened[1])
    key = ManageKey.objects.get()
    assert key.public_id == opened[1]
    assert KEY.search(text_of(first))
    assert again.headers["Location"] == f"{HOME}{key.public_id}/"
    told = text_of(page.get(again.headers["Location"]))
    assert "was made already" in told
    assert not KEY.search(told)


@pytest.mark.parametrize("public_id", [None, "", "x", "../../../../", "a" * 13, "\x00" * 12])
def test_a_form_that_was_not_opened_here_makes_nothing(page: Client, public_id: Any) -> None:
    answer = create(page, public_id=public_id)
    assert "Open this page again." in text_of(answer)
    assert not ManageKey.objects.exists()


@pytest.mark.parametrize("method", ["get", "head"])
def test_what_a_browser_fetches_ahead_shows_no_key_and_changes_nothing(
    page: Client, key: ManageKey, method: str
) -> None:
    before = stored()
    tool = restricted()
    for path in (
        HOME, f"{HOME}create/", f"{HOME}{tool.public_id}/", on_api("disable"), on(key, "rotate"),
        on(key, "revoke"), on(tool, "pause"),
    ):  # fmt: skip
        answer = getattr(page, method)(path, headers={"Sec-Purpose": "prefetch"})
        assert answer.status_code == 200
        assert not KEY.search(text_of(answer))
    assert [one for one in stored() if one["id"] != tool.pk] == before


# --- Without a site key ----------------------------------------------------------------------


def test_restricted_keys_alone_can_be_shut_out_and_let_in_again(page: Client) -> None:
    tool = Api(services.create_restricted_key(SYSTEM, name="Tool", scopes=["crm:read"]).text)
    assert 'id="api-state">Active<' in text_of(page.get(HOME))
    page.post(on_api("disable"))
    assert tool.get("/whoami").status_code == 403
    shown = text_of(page.get(HOME))
    assert 'id="api-state">API disabled<' in shown
    assert "every key is refused until you enable it" in shown
    assert on_api("enable") in shown
    assert on_api("generate") in shown
    page.post(on_api("enable"))
    assert tool.get("/whoami").status_code == 200


def test_dialogs_name_the_former_keys_that_end_as_well(page: Client, key: ManageKey) -> None:
    new = services.rotate_key(SYSTEM, key, timedelta(days=1)).key
    for slug in ("rotate", "revoke"):
        asked = text_of(page.get(on(new, slug)))
        assert key.hint in asked
        assert "ends as well" in asked
    assert key.hint not in text_of(page.get(on(restricted(), "revoke")))


# --- Alarms ----------------------------------------------------------------------------------


def test_a_key_used_after_its_end_is_not_drowned_by_others(page: Client) -> None:
    stolen = services.create_restricted_key(SYSTEM, name="Stolen", scopes=["crm:read"])
    services.revoke_key(SYSTEM, stolen.key)
    Api(stolen.text).get("/whoami")
    for number in range(8):
        waiting = services.create_restricted_key(SYSTEM, name=f"T{number}", scopes=["crm:read"])
        services.pause_key(SYSTEM, waiting.key)
        Api(waiting.text).get("/whoami")
    shown = text_of(page.get(HOME))
    assert "used after it was revoked or replaced" in shown
    assert "And 3 more that may work again." in shown
    start = text_of(page.get("/admin/"))
    assert "Stolen" in start
    assert "Keys that work were turned away in the last 7 days." in start


def test_a_key_whose_sponsor_has_left_is_told(page: Client, bob: User) -> None:
    restricted(name="n8n", sponsor=bob)
    User.objects.filter(pk=bob.pk).update(is_active=False)
    assert "n8n has nobody to ask about it: bob is inactive" in text_of(page.get("/admin/"))


def test_an_id_that_is_none_leads_nowhere(page: Client) -> None:
    assert page.get(f"{HOME}create/?like=%00").status_code == 404
    assert page.get(f"{HOME}create/?like=zz").status_code == 404


def test_a_restricted_key_is_made_shown_once_and_can_do_just_that(
    page: Client, alice: User
) -> None:
    fields = {"networks": "127.0.0.0/8\n2001:db8::/32", "sponsor": alice.pk}
    response = create(page, scopes=["crm:read", "status:read"], **fields)
    assert "no-store" in response["Cache-Control"]
    text = KEY.search(text_of(response))
    assert text is not None
    key = ManageKey.objects.get()
    assert key.scopes == ["crm:read", "status:read"]
    assert key.networks == ["127.0.0.0/8", "2001:db8::/32"]
    assert key.sponsor == alice
    assert key.expires_at is not None
    assert key.expires_at - timezone.now() > timedelta(days=89)
    assert Api(text[0]).get("/crm-systems").status_code == 200
    assert Api(text[0]).post("/crm-systems", {"name": "x"}).status_code == 403


@pytest.mark.parametrize("slug", PRESETS)
def test_a_preset_alone_means_its_scopes(page: Client, slug: str) -> None:
    create(page, scopes=None, preset=slug)
    assert ManageKey.objects.get().scopes == sorted(PRESETS[slug].scopes())


def test_a_preset_and_other_boxes_are_refused_rather_than_guessed(page: Client) -> None:
    answer = create(page, preset="monitoring", scopes=["crm:secrets"])
    assert "choose “My own choice”" in text_of(answer)
    assert not ManageKey.objects.exists()
    create(page, preset="monitoring", scopes=PRESETS["monitoring"].scopes())
    assert ManageKey.objects.get().scopes == PRESETS["monitoring"].scopes()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": ""}, "This field is required"),
        ({"name": " "}, "This field is required"),
        ({"name": "x" * 101}, "at most 100 characters"),
        ({"name": "CI\x1b[2J"}, "on one line, without control characters"),
        ({"scopes": None}, "Choose a preset, or one scope"),
        ({"scopes": ["crm:everything"]}, "not one of the available choices"),
        ({"preset": "everything"}, "not one of the available choices"),
        ({"networks": "somewhere"}, "somewhere is no network"),
        ({"days": "9999"}, "not one of the available choices"),
        ({"sponsor": "999999"}, "not one of the available choices"),
    ],
)
def test_wrong_values_are_said_beside_their_field_and_nothing_is_made(
    page: Client, fields: dict[str, Any], said: str
) -> None:
    response = create(page, **fields)
    assert said in text_of(response)
    assert not KEY.search(text_of(response))
    assert not ManageKey.objects.exists()


def test_without_end_is_offered_only_where_the_site_sets_no_maximum(
    page: Client, settings: Settings
) -> None:
    create(page, days="")
    assert ManageKey.objects.get().expires_at is None
    settings.KEY_MAX_DAYS = 45
    assert ">Never<" not in text_of(page.get(f"{HOME}create/"))
    assert '<option value="45" selected' in text_of(page.get(f"{HOME}create/"))
    create(page, days="")
    create(page, days="90")
    assert ManageKey.objects.count() == 1
    create(page, days="45")
    assert ManageKey.objects.count() == 2


def test_a_new_key_can_be_like_an_old_one(page: Client) -> None:
    key = restricted(name="n8n", networks=["10.0.0.0/8"])
    shown = text_of(page.get(f"{HOME}create/?like={key.public_id}"))
    assert 'value="n8n"' in shown
    assert "10.0.0.0/8" in shown
    assert re.search(r'value="crm:read" checked', shown)
    assert not re.search(r'value="crm:write" checked', shown)


def test_the_list_shows_state_rights_expiry_use_and_risks(page: Client) -> None:
    restricted(name="Careful", networks=["10.0.0.0/8"], expires_at=timezone.now() + timedelta(9))
    restricted(name="Careless", scopes=all_scopes())
    shown = text_of(page.get(HOME))
    for words in ("Careful", "Reads crm", "from 10.0.0.0/8", "never expires", "every scope"):
        assert words in shown
    assert "Careful</a> expires in" in shown


def test_the_page_of_a_key_names_exactly_what_it_may_run(page: Client) -> None:
    key = restricted(scopes=["crm:read", "crm:delete"])
    shown = text_of(page.get(f"{HOME}{key.public_id}/"))
    names = re.findall(r'<th scope="row" class="so-mono">([a-z_.]+)</th>', shown)
    assert sorted(names) == ["crm.delete", "crm.get", "crm.list"]


def test_the_page_of_a_key_shows_what_it_did_and_was_refused(page: Client) -> None:
    issued = services.create_restricted_key(
        SYSTEM, name="Tool", scopes=["crm:write"], networks=["127.0.0.1"]
    )
    Api(issued.text).post("/crm-systems", {"name": "HubSpot"})
    Api(issued.text).get("/crm-systems")
    shown = text_of(page.get(f"{HOME}{issued.key.public_id}/"))
    assert "added CRM system HubSpot (001)" in shown
    assert "was refused crm.list: insufficient scope" in shown


def test_pause_and_resume(page: Client) -> None:
    key = restricted()
    detail = f"{HOME}{key.public_id}/"
    assert page.post(on(key, "pause"))["Location"] == detail
    assert "Paused" in text_of(page.get(detail))
    assert page.post(on(key, "resume"))["Location"] == detail
    key.refresh_from_db()
    assert key.paused_at is None


def test_the_page_of_a_new_key_says_when_the_old_one_really_ends(page: Client) -> None:
    key = restricted(expires_at=timezone.now() + timedelta(days=1))
    shown = text_of(page.post(on(key, "rotate"), {"overlap": 7 * 24 * 60 * 60}))
    assert key.expires_at is not None
    assert "works until <time" in shown
    assert f">{in_full(key.expires_at)}</time>" in shown


def test_what_a_state_does_not_allow_is_refused_in_words(page: Client, key: ManageKey) -> None:
    assert "disable the API instead" in text_of(page.post(on(key, "pause"), follow=True))
    ended = restricted()
    services.revoke_key(SYSTEM, ended)
    said = text_of(page.post(on(ended, "rotate"), {"overlap": 0}, follow=True))
    assert "rotated or revoked already" in said


def test_names_are_shown_as_text(page: Client) -> None:
    key = restricted(name="<script>alert(1)</script>")
    for address in (HOME, f"{HOME}{key.public_id}/", on(key, "revoke")):
        assert b"<script>alert(1)" not in page.get(address).content


def test_the_number_of_queries_does_not_grow_with_the_keys(
    page: Client, django_assert_num_queries: DjangoAssertNumQueries, alice: User
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    restricted(sponsor=alice)
    page.get(HOME)
    with CaptureQueriesContext(connection) as few:
        page.get(HOME)
    for number in range(10):
        restricted(name=f"Tool {number}", sponsor=alice)
    with django_assert_num_queries(len(few)):
        page.get(HOME)
