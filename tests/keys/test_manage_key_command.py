"""`manage.py manage_key`: the same for the command line and for programs."""

import json
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from manage_api.keys import queries, services, usage
from manage_api.keys.management.commands.manage_key import Command
from manage_api.keys.models import ManageKey
from manage_api.keys.presets import PRESETS
from manage_api.operations import all_operations
from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from tests.fixtures import Api

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    output = StringIO()
    call_command("manage_key", *arguments, stdout=output)
    return output.getvalue()


def run_json(*arguments: str) -> Any:
    return json.loads(run(*arguments, "--json"))


def fail_json(*arguments: str) -> Any:
    output = StringIO()
    with pytest.raises(SystemExit) as stopped:
        call_command("manage_key", *arguments, "--json", stdout=output)
    assert stopped.value.code == 1
    return json.loads(output.getvalue())


def test_generate_prints_a_key_that_works() -> None:
    shown = run_json("generate")
    assert Api(shown["key"]).get("/whoami").status_code == 200
    key = ManageKey.objects.get()
    assert (shown["id"], shown["kind"], shown["hint"]) == (key.public_id, "site", key.hint)


def test_json_may_stand_before_the_action_as_well() -> None:
    assert json.loads(run("--json", "generate"))["key"].startswith("som_")


def test_people_get_the_key_on_the_first_line_and_are_told_to_store_it() -> None:
    lines = run("generate").splitlines()
    assert Api(lines[0]).get("/whoami").status_code == 200
    assert "not shown again" in lines[2]


def test_generating_twice_is_an_error_that_tells_what_to_do() -> None:
    run("generate")
    with pytest.raises(CommandError, match="Rotate it"):
        run("generate")
    assert fail_json("generate") == {
        "error": "There is a site key already. Rotate it to get a new one.",
        "code": "conflict",
    }
    assert ManageKey.objects.count() == 1


def test_rotate_replaces_the_site_key_at_once() -> None:
    old = run_json("generate")
    new = run_json("rotate")
    assert new["replaces"] == old["id"]
    assert Api(old["key"]).get("/whoami").status_code == 401
    assert Api(new["key"]).get("/whoami").status_code == 200


@pytest.mark.parametrize("overlap", ["3600", "3600s", "60m", "1h", "7d"])
def test_rotate_takes_an_overlap(overlap: str) -> None:
    old = run_json("generate")
    assert run_json("rotate", "--overlap", overlap)["old_key_ends_at"]
    assert Api(old["key"]).get("/whoami").status_code == 200


def test_the_old_key_works_no_longer_than_its_expiry_whatever_the_overlap() -> None:
    made = run_json("create", "--name", "x", "--preset", "monitoring", "--days", "1")
    rotated = run_json("rotate", made["id"], "--overlap", "7d")
    assert rotated["old_key_ends_at"] == made["expires_at"]


def test_without_overlap_the_old_key_has_no_end_to_wait_for() -> None:
    made = run_json("create", "--name", "x", "--preset", "monitoring", "--days", "1")
    assert run_json("rotate", made["id"])["old_key_ends_at"] is None


@pytest.mark.parametrize("overlap", ["8d", "604801"])
def test_an_overlap_beyond_7_days_is_refused(overlap: str) -> None:
    run("generate")
    assert fail_json("rotate", "--overlap", overlap)["code"] == "validation_error"
    assert ManageKey.objects.count() == 1


@pytest.mark.parametrize("overlap", ["soon", "1w", "-1", "1.5h", ""])
def test_an_overlap_that_is_no_duration_is_refused(overlap: str) -> None:
    run("generate")
    with pytest.raises(CommandError):
        run("rotate", f"--overlap={overlap}")
    assert ManageKey.objects.count() == 1


@pytest.mark.parametrize("action", ["rotate", "revoke", "show"])
def test_without_a_site_key_there_is_nothing_to_do(action: str) -> None:
    assert fail_json(action) == {
        "error": "There is no site key. Generate one first.",
        "code": "not_found",
    }


def test_revoke_disable_and_enable() -> None:
    key = Api(run_json("generate")["key"])
    assert run_json("disable") == {"api_enabled": False, "changed": True}
    assert key.get("/whoami").json()["code"] == "api_disabled"
    assert run_json("disable")["changed"] is False
    assert run("enable") == "The API is enabled.\n"
    assert key.get("/whoami").status_code == 200
    assert run_json("revoke")["changed"] is True
    assert key.get("/whoami").status_code == 401


def test_create_makes_a_restricted_key(alice: User) -> None:
    options = ["--name", "n8n", "--scopes", "crm:read, crm:write", "--days", "30"]
    shown = run_json("create", *options, "--network", "127.0.0.1/32", "--sponsor", "alice")
    key = ManageKey.objects.get()
    assert key.scopes == ["crm:read", "crm:write"]
    assert key.networks == ["127.0.0.1/32"]
    assert key.sponsor == alice
    assert shown["expires_at"] == key.expires_at.isoformat()  # type: ignore[union-attr]
    assert Api(shown["key"]).get("/crm-systems").status_code == 200


def test_create_takes_a_preset_and_lasts_90_days_unless_told_otherwise() -> None:
    assert run_json("create", "--name", "x", "--preset", "ai_agent")["expires_at"]
    assert ManageKey.objects.get().scopes == sorted(PRESETS["ai_agent"].scopes())
    endless = run_json("create", "--name", "y", "--preset", "ai_agent", "--never-expires")
    assert endless["expires_at"] is None


def test_create_lasts_as_long_as_the_site_allows_where_that_is_less(settings: Settings) -> None:
    settings.KEY_MAX_DAYS = 30
    made = run_json("create", "--name", "x", "--preset", "monitoring")
    left = datetime.fromisoformat(made["expires_at"]) - timezone.now()
    assert timedelta(days=29) < left <= timedelta(days=30)


@pytest.mark.parametrize(
    "options",
    [
        ["--scopes", "crm:all"],
        ["--scopes", ","],
        ["--preset", "monitoring", "--days", "0"],
        ["--preset", "monitoring", "--network", "here"],
        ["--preset", "monitoring", "--sponsor", "nobody"],
        ["--preset", "monitoring", "--sponsor", "charlie"],
    ],
)
def test_create_refuses_what_is_wrong(charlie: User, options: list[str]) -> None:
    assert fail_json("create", "--name", "x", *options)["code"] in ("validation_error", "not_found")
    assert not ManageKey.objects.exists()


@pytest.mark.parametrize("name", [" ", "CI\x1b[2J", "CI\ndeploy", "x" * 101])
def test_create_refuses_a_name_that_people_could_not_read(name: str) -> None:
    refused = fail_json("create", "--name", name, "--preset", "monitoring")
    assert refused["code"] == "validation_error"
    assert "name" in refused["error"]
    assert not ManageKey.objects.exists()


def test_pause_and_resume_by_id() -> None:
    shown = run_json("create", "--name", "x", "--preset", "monitoring")
    assert run_json("pause", shown["id"]) == {"id": shown["id"], "paused": True, "changed": True}
    assert Api(shown["key"]).get("/whoami").status_code == 403
    assert run("resume", shown["id"]) == f"Key {shown['id']} is working again.\n"
    assert Api(shown["key"]).get("/whoami").status_code == 200
    assert fail_json("pause", "nonsense")["code"] == "not_found"


def test_list_shows_what_is_there_and_no_secret() -> None:
    first = run_json("generate")
    second = run_json("create", "--name", "n8n", "--preset", "read_only")
    run("revoke", second["id"])
    for shown in (run("list", "--all"), json.dumps(run_json("list", "--all"))):
        assert first["key"] not in shown
        assert first["key"][16:48] not in shown
    assert [one["id"] for one in run_json("list")["keys"]] == [first["id"]]
    every = run_json("list", "--all")
    assert [one["state"] for one in every["keys"]] == ["revoked", "active"]
    assert every["api_enabled"] is True
    assert "Site key (never expires): Everything" in run("list")


def test_list_tells_all_that_the_page_shows_of_each_key(alice: User) -> None:
    made = run_json("create", "--name", "x", "--preset", "monitoring", "--sponsor", "alice")
    ManageKey.objects.update(last_used_at=timezone.now(), last_used_address="192.0.2.7")
    new = run_json("rotate", made["id"], "--overlap", "1d")
    keys = {one["id"]: one for one in run_json("list")["keys"]}
    old = keys[made["id"]]
    assert (old["state"], old["successor"]) == ("retiring", new["id"])
    assert old["ends_at"] == old["retires_at"] == new["old_key_ends_at"]
    assert old["rotated_at"] < old["ends_at"]
    assert (old["sponsor"], old["last_used_address"]) == ("alice", "192.0.2.7")
    assert keys[new["id"]]["successor"] is None
    assert keys[new["id"]]["risks"] == ["no network limit"]
    assert f"until {old['ends_at']}" in run("list")
    run("pause", new["id"])
    assert run_json("list")["keys"][0]["paused_at"]
    run("revoke", new["id"])
    ended = run_json("list", "--all")["keys"][0]
    assert ended["ends_at"] == ended["revoked_at"]
    assert f"ended {ended['ends_at']}" in run("list", "--all")


def test_list_says_when_the_site_key_is_to_be_rotated() -> None:
    run("generate")
    assert run_json("list")["keys"][0]["rotation_due"] is False
    ManageKey.objects.update(created_at=timezone.now() - timedelta(days=181))
    assert run_json("list")["keys"][0]["rotation_due"] is True
    assert "rotate it" in run("show")


def test_show_tells_all_about_one_key(site_key: str) -> None:
    made = run_json("create", "--name", "n8n", "--scopes", "crm:write,crm:delete")
    tool = Api(made["key"])
    tool.post("/crm-systems", {"name": "HubSpot"})
    tool.get("/crm-systems")
    usage.flush()
    shown = run_json("show", made["id"])
    listed = next(one for one in run_json("list")["keys"] if one["id"] == made["id"])
    assert listed.items() <= shown.items()
    assert (shown["calls_24h"], shown["calls_30d"]) == (2, 2)
    assert len(shown["calls_per_day"]) == 30
    assert shown["calls_per_day"][-1] == {"day": timezone.localdate().isoformat(), "calls": 2}
    manifest = [
        f"{one['resource']}.{one['action']}" for one in tool.get("/manifest").json()["data"]
    ]
    assert [one["name"] for one in shown["operations"]] == manifest
    assert [one["event"] for one in shown["history"]] == [
        "crm.refused",
        "crm_system.created",
        "key.generated",
    ]
    trail = Api(site_key).get(f"/audit?actor={made['id']}").json()["entries"]
    for told, entry in zip(shown["history"], trail, strict=False):
        assert told.keys() - entry.keys() == {"words"}
        assert datetime.fromisoformat(told.pop("at")) == datetime.fromisoformat(entry.pop("at"))
        assert entry.items() <= told.items()


def test_show_tells_people_the_same_in_words() -> None:
    made = run_json("create", "--name", "n8n", "--scopes", "crm:write", "--network", "127.0.0.1")
    tool = Api(made["key"])
    tool.post("/crm-systems", {"name": "Hub\x1bSpot"})
    tool.post("/crm-systems", {"name": "HubSpot"})
    tool.get("/crm-systems")
    usage.flush()
    shown = run("show", made["id"])
    for words in (
        "Changes crm",
        "127.0.0.1/32",
        "3 in 24 hours",
        f"{timezone.localdate()}: 3",
        "crm.create: POST /crm-systems",
        "added CRM system HubSpot (00",
        "was refused crm.list: insufficient scope from 127.0.0.1",
    ):
        assert words in shown
    assert "\x1b" not in shown
    assert made["key"][16:48] not in shown


def test_show_takes_the_site_key_if_none_is_named() -> None:
    made = run_json("generate")
    assert run_json("show")["id"] == made["id"]
    assert len(run_json("show")["operations"]) == len(all_operations())


def test_show_ends_with_the_latest_100_entries() -> None:
    made = run_json("create", "--name", "n8n", "--scopes", "crm:write")
    for _ in range(101):
        services.pause_key(SYSTEM, ManageKey.objects.get())
        services.resume_key(SYSTEM, ManageKey.objects.get())
    events = [one["event"] for one in run_json("show", made["id"])["history"]]
    assert events == ["key.resumed", "key.paused"] * 50


def test_presets_tells_what_each_gives() -> None:
    shown = run_json("presets")["presets"]
    assert [one["slug"] for one in shown] == list(PRESETS)
    assert shown[0]["scopes"] == PRESETS["read_only"].scopes()
    assert "monitoring" in run("presets")


# --- Wrong arguments -----------------------------------------------------------------------

WRONG = [
    ["rotate", "--overlap", "foo"],
    ["create", "--preset", "monitoring"],
    ["create", "--name", "x", "--preset", "nope"],
    ["create", "--name", "x"],
    ["create", "--name", "x", "--preset", "monitoring", "--days", "many"],
    ["pause"],
    ["destroy"],
    [],
    ["list", "everything"],
    ["list", "--nonsense"],
]


@pytest.mark.parametrize("arguments", WRONG)
@pytest.mark.parametrize("place", ["first", "last"])
def test_wrong_arguments_are_told_in_one_json_document(
    arguments: list[str], place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--json", *arguments] if place == "first" else [*arguments, "--json"]
    with pytest.raises(SystemExit) as stopped:
        Command().run_from_argv(["manage.py", "manage_key", *given])
    assert stopped.value.code == 1
    told = json.loads(capsys.readouterr().out)
    assert told.keys() == {"error", "code"}
    assert told["error"]
    assert told["code"] == "validation_error"
    assert not ManageKey.objects.exists()


@pytest.mark.parametrize("arguments", WRONG)
def test_people_are_told_of_wrong_arguments_on_standard_error_with_the_usage(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        Command().run_from_argv(["manage.py", "manage_key", *arguments])
    assert stopped.value.code == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "usage: manage.py manage_key" in told.err


def test_the_trail_names_the_command() -> None:
    run("generate")
    entry = AuditEntry.objects.earliest("id")
    told = (entry.actor_kind, entry.actor_id, entry.door, entry.operation, entry.event)
    assert told == ("command", "manage_key", "command", "keys.generate", "key.generated")
    assert queries.history_of(ManageKey.objects.get()).count() == 1
