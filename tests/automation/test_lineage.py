"""Who reads a variable is told on it and before any change of it, to who may know of keys."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from manage_api.keys import services as keys
from manage_api.keys.models import ManageKey
from syteops.audit import services as audit
from syteops.automation import reads, services
from syteops.automation.lineage import Lineage
from syteops.automation.models import Variable
from syteops.automation.queries import exported
from syteops.core.actors import SYSTEM
from syteops.crm import services as crm
from syteops.crm.models import CrmSystem
from syteops.roles import services as roles
from syteops.roles.models import Role
from tests.automation.reading import NAME, OF_CRM, key_of, read, staff, who
from tests.fixtures import Api
from tests.integrations.delivering import deliver, enable, set_secret
from tests.integrations.receivers import listening
from tests.samples.notes import a_note
from tests.samples.team import a_member
from tests.samples.webhooks import a_webhook, enable_webhooks

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("greeting")]


# --- Who that is -----------------------------------------------------------------------------


def test_keys_that_get_and_keys_that_export(n8n: str, exporter: str) -> None:
    assert who(NAME) == [
        ("Nightly export", ("export",), "active"),
        ("n8n on ops-1", ("get",), "active"),
    ]
    assert who("syteops_api_other") == [("Nightly export", ("export",), "active")]


def test_an_export_is_one_row_however_many_variables(exporter: str) -> None:
    for number in range(20):
        services.create_variable(SYSTEM, key=f"n{number}", value="1")
    read(exporter)
    [reader] = Lineage([NAME]).readers(*exported())
    assert (reader.reads, reader.variables) == (2, len(exported()))


def test_a_key_that_does_both_is_one_reader(n8n: str) -> None:
    read(n8n)
    assert who(NAME) == [("n8n on ops-1", ("export", "get"), "active")]


def test_after_a_rotation_it_is_the_new_key(n8n: str) -> None:
    issued = keys.rotate_key(SYSTEM, key_of(n8n))
    read(issued.text, NAME)
    [reader] = Lineage([NAME]).readers(NAME)
    assert (reader.id, reader.reads, reader.state) == (issued.key.public_id, 2, "active")


def test_a_revoked_key_is_shown_as_that_and_counts_no_more(api: Api, n8n: str) -> None:
    keys.revoke_key(SYSTEM, key_of(n8n))
    shown = api.get("/variables/greeting?readers=true").json()
    assert shown["readers_count"] == 0
    assert [one["state"] for one in shown["readers"]] == ["revoked"]


def test_a_key_whose_row_is_gone_is_shown_as_revoked(n8n: str) -> None:
    ManageKey.objects.filter(public_id=n8n[4:16]).delete()
    assert who(NAME) == [("A key that is gone", ("get",), "revoked")]


def test_pushes_and_webhooks_that_carry_variables(settings: Any, n8n: str) -> None:
    settings.ALLOW_PRIVATE_URLS = True
    with listening() as receiver:
        set_secret("automation_push", "url", f"{receiver.url}/flow")
        for name, wanted in (("Cache", "variables.*"), ("All", "*"), ("CRM", "crm_system.*")):
            a_webhook(f"{receiver.url}/{name}", wanted, name=name)
        deliver()
        assert [name for name, *_ in who(NAME)] == ["n8n on ops-1"]

        enable("automation_push")
        enable_webhooks()
        assert [(name, state) for name, ways, state in who(NAME) if ways == ("push",)] == [
            ("Automation push: Workflow", "new"),
            ("Webhooks: All", "new"),
            ("Webhooks: Cache", "new"),
        ]
        deliver()
    [push] = [one for one in Lineage([NAME]).readers(NAME) if one.id == "automation_push"]
    assert (push.state, push.reads) == ("delivering", 1)
    assert push.last_read_at is not None


def test_it_takes_as_many_queries_for_many_as_for_one(make_key: Callable[..., str]) -> None:
    def asked(names: list[str]) -> int:
        with CaptureQueriesContext(connection) as queries:
            lineage = Lineage(names)
            for name in names:
                lineage.readers(name)
        return len(queries)

    read(make_key("variables:read"), NAME)
    few = asked([NAME])
    for _ in range(10):
        key = key_of(make_key("variables:read")).public_id
        for name in range(60):
            reads.note(key, f"syteops_api_n{name}")
    reads.flush()
    assert asked([f"syteops_api_n{name}" for name in range(600)]) == few


# --- On the variable -------------------------------------------------------------------------


def test_it_is_told_on_request_and_asking_is_no_read(api: Api, n8n: str) -> None:
    shown = api.get("/variables/greeting?readers=true").json()
    [reader] = shown["readers"]
    assert (shown["value"], shown["readers_count"]) == ("Hello", 1)
    assert reader.pop("last_read_at").endswith("Z")
    key = key_of(n8n)
    assert reader == {
        "kind": "key",
        "id": key.public_id,
        "name": str(key),
        "state": "active",
        "ways": ["get"],
        "reads": 1,
        "variables": 1,
    }
    assert reads._noted == {}


def test_unasked_it_is_not_told_and_reads_move_no_etag(api: Api, n8n: str) -> None:
    first = api.get("/variables/greeting")
    assert set(first.json()) == {"key", "name", "value", "description"}
    read(n8n, NAME)
    assert api.get("/variables/greeting", If_None_Match=first["ETag"]).status_code == 304
    assert (
        api.put("/variables/greeting", {"value": "Hi"}, If_Match=first["ETag"]).status_code == 200
    )


def test_a_key_learns_how_many_and_nothing_of_other_keys(
    n8n: str, exporter: str, make_key: Callable[..., str]
) -> None:
    other = Api(make_key("variables:read", "variables:delete", "variables:write"))
    shown = other.get("/variables/greeting?readers=true")
    asked = other.delete("/variables/greeting")
    tried = other.delete("/variables/greeting?dry_run=true")
    for answer, told in (
        (shown, shown.json()),
        (asked, asked.json()["impact"]["lineage"]),
        (tried, tried.json()["lineage"]),
    ):
        assert (told["readers_count"], told["readers"]) == (2, [])
        for text in (n8n, exporter):
            assert text[4:16] not in answer.content.decode()
            assert key_of(text).name not in answer.content.decode()


def test_who_may_not_read_variables_is_told_nothing_of_them(
    n8n: str, make_key: Callable[..., str]
) -> None:
    crm.create_crm_system(SYSTEM, name="HubSpot")
    other = Api(make_key("crm:read", "crm:delete", "crm:write"))
    assert "lineage" not in other.delete("/crm-systems/001").json()["impact"]
    assert "lineage" not in other.delete("/crm-systems/001?dry_run=true").json()


def test_a_person_needs_the_right_to_manage_keys(
    n8n: str, as_person: Callable[[User], Api]
) -> None:
    dora = staff("view_variable")
    shown = as_person(dora).get("/variables/greeting?readers=true").json()
    assert (shown["readers_count"], shown["readers"]) == (1, [])
    dora.user_permissions.add(Permission.objects.get(codename="manage_api_keys"))
    shown = as_person(dora).get("/variables/greeting?readers=true").json()
    assert [one["id"] for one in shown["readers"]] == [n8n[4:16]]


# --- Before a change -------------------------------------------------------------------------


def foretold(api: Api, call: Callable[[str], Any]) -> dict[str, Any]:
    """What both the question and the dry run say; nothing is stored by either."""
    before = exported()
    asked, tried = call(""), call("?dry_run=true")
    assert (asked.status_code, tried.status_code) == (428, 200)
    assert exported() == before
    told: dict[str, Any] = tried.json()["lineage"]
    assert asked.json()["impact"]["lineage"] == told
    return told


def test_before_a_variable_is_deleted(api: Api, n8n: str) -> None:
    told = foretold(api, lambda flags: api.delete(f"/variables/greeting{flags}"))
    assert (told["changed"], told["removed"], told["readers_count"]) == ([], [NAME], 1)
    blank = foretold(api, lambda flags: api.put(f"/variables/greeting{flags}", {"value": ""}))
    assert blank == told


def test_before_a_crm_system_is_deleted(api: Api, make_key: Callable[..., str]) -> None:
    crm.create_crm_system(SYSTEM, name="HubSpot", url="https://hubspot.example")
    read(make_key("variables:read"), OF_CRM, "syteops_std_crm_001_url")
    told = foretold(api, lambda flags: api.delete(f"/crm-systems/001{flags}"))
    assert told["removed"] == [f"syteops_std_crm_001_{one}" for one in ("code", "name", "url")]
    assert [one["variables"] for one in told["readers"]] == [2]
    assert CrmSystem.objects.count() == 1


def test_before_a_holder_is_deleted_the_aliases_are_told_too(api: Api, exporter: str) -> None:
    roles.assign(SYSTEM, Role.objects.get(slug="site_owner"), a_member())
    told = foretold(api, lambda flags: api.delete(f"/team-members/001{flags}"))
    assert {"syteops_user_001_email", "syteops_user_owner_email"} <= set(told["removed"])
    assert told["readers_count"] == 1


def test_before_a_set_or_a_module_goes(api: Api, exporter: str) -> None:
    values = [{"suffix": "color", "type": "text", "value": "red"}]
    services.create_variable_set(SYSTEM, name="Acme", acronym="acme", values=values)
    told = foretold(api, lambda flags: api.delete(f"/variable-sets/acme{flags}"))
    assert told["removed"] == ["syteops_acme_svs_color"]
    a_note()
    told = foretold(api, lambda flags: api.post(f"/modules/notes/deactivate{flags}"))
    assert told["removed"] == [
        one for one in sorted(exported()) if one.startswith("syteops_notes_")
    ]
    assert told["readers_count"] == 1


def test_many_at_once_are_told_together(api: Api, n8n: str) -> None:
    services.create_variable(SYSTEM, key="other", value="1")
    items = [{"action": "delete", "params": {"key": one}} for one in ("greeting", "other")]
    asked = api.post("/variables/bulk", {"items": items})
    assert asked.status_code == 428
    assert asked.json()["impact"]["lineage"]["removed"] == [NAME, "syteops_api_other"]
    assert Variable.objects.count() == 2


def test_a_dry_run_of_an_update_tells_what_gets_another_value(api: Api, n8n: str) -> None:
    tried = api.dispatch("variables.set", {"key": "greeting", "value": "Hi"}, dry_run=True).json()
    assert (tried["lineage"]["changed"], tried["lineage"]["readers_count"]) == ([NAME], 1)
    done = api.put("/variables/greeting", {"value": "Hi"})
    assert "lineage" not in done.json()
    again = api.put("/variables/greeting?dry_run=true", {"value": "Hi"})
    assert "lineage" not in again.json()


def test_what_would_be_refused_brings_about_nothing(api: Api, n8n: str) -> None:
    asked = api.delete("/roles/site_owner")
    assert asked.status_code == 428
    assert "lineage" not in asked.json()["impact"]


def test_a_race_while_it_is_foreseen_is_no_consent(
    api: Api, n8n: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of the call is tried again then; it still lacks consent."""
    remove, raced = audit.remove, list[bool]()

    def lose_once(*args: Any) -> None:
        if not raced:
            raced.append(True)
            raise OperationalError
        remove(*args)

    monkeypatch.setattr(audit, "remove", lose_once)
    monkeypatch.setattr("syteops.core.locks.lost_race", lambda error: True)
    asked = api.delete("/variables/greeting")
    assert (asked.status_code, raced) == (428, [True])
    assert asked.json()["impact"]["lineage"]["removed"] == [NAME]
    assert Variable.objects.count() == 1
