"""The licence and the connection: read over the API, written by a superuser in the admin only."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.core.encryption import open_sealed
from syteops.core.modules import installed_modules
from syteops.modules import services as modules
from syteops.modules.models import ModuleState
from syteops.modules.queries import inactive_slugs
from syteops.site import services
from syteops.site.models import Connection, License
from tests.fixtures import Api
from tests.samples.estimates import a_sent_one

WRITES = ("POST", "PUT", "PATCH", "DELETE")


def set_status(status: str) -> None:
    services.update_license(SYSTEM, services.locked(License), status=status)


@pytest.mark.parametrize("resource", ["license", "connection", "status"])
def test_every_write_is_405_with_the_reason_through_every_face(api: Api, resource: str) -> None:
    answers = [api.call(method, f"/{resource}", {"status": "active"}) for method in WRITES]
    answers += [
        api.dispatch(f"{resource}.{action}", {"status": "active"}, confirm=True)
        for action in ("update", "create", "delete", "set", "set_secret")
    ]
    answers.append(api.get(f"/dispatch?resource={resource}&action=update&status=active"))
    reasons = set()
    for answer in answers:
        assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
        assert answer["Allow"]
        reasons.add(answer.json()["detail"])
    assert len(reasons) == 1
    assert not License.objects.exists()
    assert not Connection.objects.exists()


def test_without_a_key_a_write_is_401_and_tells_nothing(db: None) -> None:
    assert Api().post("/license", {}).status_code == 401


def test_an_action_that_exists_nowhere_is_still_not_found(api: Api) -> None:
    assert api.dispatch("crm.frobnicate").json()["code"] == "not_found"
    assert api.dispatch("nowhere.update").json()["code"] == "not_found"


def test_what_is_shown_before_anything_was_stored(api: Api) -> None:
    assert api.get("/license").json() == {
        "status": "unknown",
        "plan": "",
        "sites": None,
        "expires_at": None,
        "key_set": False,
        "key_set_at": None,
    }
    assert api.get("/connection").json() == {
        "mode": "standalone",
        "id": "",
        "status": "disconnected",
        "last_seen_at": None,
        "secret_set": False,
        "secret_set_at": None,
    }
    assert not License.objects.exists()


def test_secrets_are_sealed_and_shown_only_as_set(api: Api) -> None:
    services.set_secrets(SYSTEM, services.locked(License), key="canary-license")
    services.set_secrets(SYSTEM, services.locked(Connection), secret="canary-connection")

    license, connection = api.get("/license"), api.get("/connection")
    assert license.json()["key_set"] is True
    assert license.json()["key_set_at"]
    assert connection.json()["secret_set"] is True
    assert "canary" not in license.content.decode() + connection.content.decode()
    assert open_sealed(License.objects.get(), "key") == "canary-license"
    assert "canary" not in str(list(AuditEntry.objects.values()))


def test_an_active_licence_expires_by_itself(api: Api) -> None:
    item = services.locked(License)
    past = timezone.now() - timedelta(seconds=1)
    services.update_license(SYSTEM, item, status="active", expires_at=past, plan="Pro", sites=3)
    shown = api.get("/license").json()
    assert (shown["status"], shown["plan"], shown["sites"]) == ("expired", "Pro", 3)
    services.update_license(SYSTEM, item, status="suspended")
    assert api.get("/license").json()["status"] == "suspended"


@pytest.mark.parametrize("model", [License, Connection])
def test_the_database_holds_one_row_and_no_unknown_status(model: Any, db: None) -> None:
    for values in ({"pk": 2}, {"pk": 1, "status": "golden"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            model.objects.create(**values)


# --- A revoked licence ----------------------------------------------------------------------


def test_a_revoked_licence_switches_every_module_off_and_keeps_their_settings(api: Api) -> None:
    api.patch("/modules/notes/config", {"config": {"excerpt_length": 200}})
    api.post("/modules/estimates/deactivate?confirm=true")
    set_status("revoked")

    assert inactive_slugs() == set(installed_modules())
    assert {one["active"] for one in api.get("/modules").json()["modules"]} == {False}
    assert api.get("/notes").json()["code"] == "module_inactive"
    assert api.get("/modules/notes/config").json()["config"]["excerpt_length"] == 200

    set_status("active")
    assert inactive_slugs() == {"estimates"}
    assert api.get("/notes").status_code == 200


def test_no_module_is_activated_while_the_licence_is_revoked(api: Api) -> None:
    modules.deactivate(SYSTEM, modules.locked_state("notes"))
    set_status("revoked")
    for slug in ("notes", "estimates"):
        refused = api.post(f"/modules/{slug}/activate")
        assert (refused.status_code, refused.json()["code"]) == (409, "protected")
        assert refused.json()["reason"] == "license_revoked"
    assert ModuleState.objects.get(slug="notes").active is False


@pytest.mark.parametrize("status", ["inactive", "expired", "suspended", "unknown"])
def test_no_other_status_takes_anything_away(status: str, db: None) -> None:
    set_status(status)
    assert inactive_slugs() == set()


# --- The admin ------------------------------------------------------------------------------

LICENSE_PAGE = "/admin/site/license/1/change/"
CONNECTION_PAGE = "/admin/site/connection/1/change/"
VALUES = {"status": "active", "plan": "Pro", "sites": "3", "expires_at_0": "", "expires_at_1": ""}


def test_a_superuser_edits_the_licence_through_the_services(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert client.get("/admin/site/license/")["Location"] == LICENSE_PAGE
    assert client.get(LICENSE_PAGE).status_code == 200

    saved = client.post(LICENSE_PAGE, {**VALUES, "new_key": "canary-license"})

    assert saved.status_code == 302
    stored = License.objects.get()
    assert (stored.status, stored.plan, stored.sites) == ("active", "Pro", 3)
    assert open_sealed(stored, "key") == "canary-license"
    page = client.get(LICENSE_PAGE).content.decode()
    assert "canary-license" not in page
    assert "Set on" in page
    events = AuditEntry.objects.filter(object_resource="license").order_by("id")
    assert [(e.event, e.actor_label, e.door) for e in events] == [
        ("license.updated", "alice", "admin"),
        ("license.secret_set", "alice", "admin"),
    ]
    assert client.get("/admin/site/license/1/history/").status_code == 200


def test_to_revoke_the_licence_asks_with_what_goes_and_tells_it_afterwards(
    client: Client, alice: User
) -> None:
    a_sent_one()
    client.force_login(alice)
    revoked = {**VALUES, "status": "revoked"}

    asked = client.post(LICENSE_PAGE, revoked).content.decode()

    assert "Tick this if you mean it." in asked
    assert "1 client link stops working." in asked
    assert 'name="switch_off"' in asked
    assert inactive_slugs() == set()

    told = client.post(LICENSE_PAGE, {**revoked, "switch_off": "on"}, follow=True).content.decode()

    assert "Every module is off now." in told
    assert "1 client link stops working." in told
    assert inactive_slugs() == set(installed_modules())
    # It is revoked already: to save it once more takes nothing away.
    again = client.post(LICENSE_PAGE, {**revoked, "plan": "Basic"})
    assert again.status_code == 302
    assert License.objects.get().plan == "Basic"


def test_the_licence_form_does_not_speak_of_modules_unasked(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert "switch_off" not in client.get(LICENSE_PAGE).content.decode()


def test_a_superuser_edits_the_connection(client: Client, alice: User) -> None:
    client.force_login(alice)
    values = {"mode": "managed", "connection_id": "c-1", "status": "ready"}
    saved = client.post(
        CONNECTION_PAGE,
        {**values, "last_seen_at_0": "", "last_seen_at_1": "", "new_secret": "canary-connection"},
    )
    assert saved.status_code == 302
    stored = Connection.objects.get()
    assert (stored.mode, stored.connection_id, stored.status) == ("managed", "c-1", "ready")
    assert open_sealed(stored, "secret") == "canary-connection"
    assert "canary" not in client.get(CONNECTION_PAGE).content.decode()


def test_a_wrong_value_is_shown_in_the_form_and_nothing_is_stored(
    client: Client, alice: User
) -> None:
    client.force_login(alice)
    shown = client.post(LICENSE_PAGE, {**VALUES, "status": "golden"})
    assert shown.status_code == 200
    assert not License.objects.exists()


def test_everybody_else_may_at_most_look(
    client: Client, bob: User, charlie: User, as_person: Callable[[User], Api]
) -> None:
    bob.user_permissions.add(*Permission.objects.filter(content_type__app_label="site"))
    client.force_login(bob)
    assert client.get(LICENSE_PAGE).status_code == 200
    assert "new_key" not in client.get(LICENSE_PAGE).content.decode()
    assert client.post(LICENSE_PAGE, VALUES).status_code == 403
    for page in ("/admin/site/license/add/", "/admin/site/license/1/delete/"):
        assert client.post(page, {}).status_code == 403
    assert not License.objects.exists()
    assert as_person(bob).get("/license").status_code == 200
    assert as_person(charlie).get("/license").status_code == 403
    client.force_login(charlie)
    assert client.get(LICENSE_PAGE).status_code == 302
