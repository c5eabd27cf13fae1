"""What is done in the background takes its right when it is done, and not only when asked for."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from manage_api.keys import services as keys
from manage_api.keys.models import ApiSwitch, ManageKey
from syteops.ai import client as ai_client
from syteops.ai import tasks as ai_tasks
from syteops.ai.models import AiAreaSettings, AiProvider, AiSuggestion
from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.integrations import services as integrations
from syteops.integrations import tasks as integration_tasks
from syteops.modules import services as modules
from syteops.tasks.models import Job
from syteops.tasks.working import AWAY, LOST, SHUT_OUT, carry_out
from syteops.team import services as team
from syteops.team.models import TeamMember
from syteops.transfer import exporting, pages, uploads
from syteops.transfer import tasks as transfer_tasks
from tests.ai.suggesting import suggest
from tests.background import run_tasks
from tests.each import each
from tests.fixtures import Api, signed_in
from tests.samples.ai import a_provider_with_key
from tests.samples.notes import a_note

pytestmark = pytest.mark.django_db
ADMIN, MEMBERS = "/admin", "/admin/team/teammember/"


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What providers were asked. Everything is set up, and nothing is done at once."""
    sent: list[Any] = []
    monkeypatch.setattr(ai_client, "_exchange", lambda question, *args: sent.append(question))
    a_provider_with_key()
    AiProvider.objects.update(is_default=False)
    AiProvider.objects.filter(slug="openai").update(is_default=True, default_model="small")
    AiAreaSettings.objects.update(enabled=True)
    for module in (exporting, uploads):
        monkeypatch.setattr(module, "AT_ONCE", 0)
    monkeypatch.setattr(pages, "AT_ONCE_DELETED", 0)
    return sent


# --- Every door that begins a job, and what it takes -----------------------------------------


def _suggest(client: Client) -> Any:
    return client.post(f"{ADMIN}/notes/note/{a_note().pk}/suggest/summary/")


def _try_provider(button: str) -> Callable[[Client], Any]:
    def press(client: Client) -> Any:
        pk = AiProvider.objects.get(slug="openai").pk
        return client.post(f"{ADMIN}/ai/aiprovider/{pk}/{button}/")

    return press


def _push_a_test(client: Client) -> Any:
    url = integrations.locked_secret("automation_push", "url")
    integrations.set_secret(SYSTEM, url, value="https://flows.example.com/start")
    return client.post(f"{ADMIN}/integrations/integrationstate/automation_push/test/")


def _export(client: Client) -> Any:
    return client.post(f"{MEMBERS}export/")


def _try_import(client: Client) -> Any:
    file = SimpleUploadedFile("some.csv", b"first_name\nBert\n")
    return client.post(f"{MEMBERS}import/", {"file": file})


def _import(client: Client) -> Any:
    _try_import(client)
    run_tasks()
    return client.post(Job.objects.get().back)


def _restore(client: Client) -> Any:
    team.delete_team_member(SYSTEM, gone := TeamMember.objects.get())
    chosen = {"action": "restore", "_selected_action": [gone.pk]}
    return client.post(f"{MEMBERS}?state=deleted", chosen)


VIEW, CHANGE = "view_teammember", "change_teammember"
DOORS: tuple[tuple[Any, Callable[[Client], Any], tuple[str, ...]], ...] = (
    (ai_tasks.make_suggestion, _suggest, ("view_note", "change_note")),
    (ai_tasks.check_connection, _try_provider("test-connection"), ("change_aiprovider",)),
    (ai_tasks.fetch_models, _try_provider("fetch-models"), ("change_aiprovider",)),
    (integration_tasks.send_test, _push_a_test, ("view_variable", "change_integrationstate")),
    (integration_tasks.send_test, _push_a_test, ("change_integrationstate", "view_variable")),
    (transfer_tasks.make_workbook, _export, (VIEW,)),
    (transfer_tasks.try_file, _try_import, ("add_teammember", CHANGE, VIEW)),
    (transfer_tasks.store_file, _import, ("add_teammember", CHANGE, VIEW)),
    (transfer_tasks.restore_rows, _restore, ("add_teammember", VIEW)),
)
"""The last of the permissions is the one that is lost."""


def test_no_job_is_left_out() -> None:
    named = (vars(one) for one in (ai_tasks, integration_tasks, transfer_tasks))
    tasks = [one for names in named for one in names.values() if hasattr(one, "enqueue")]
    jobs = [one for one in tasks if carry_out.__name__ in one.func.__code__.co_names]
    assert {one.module_path for one in jobs} == {one.module_path for one, *_ in DOORS}


def _begun(bob: User, door: Callable[[Client], Any], rights: tuple[str, ...]) -> None:
    team.create_team_member(SYSTEM, first_name="Ada")
    bob.user_permissions.set(Permission.objects.filter(codename__in=rights))
    answer = door(signed_in(bob))
    assert DBTaskResult.objects.filter(status="READY").exists(), answer.content.decode()[:3000]


@each(("task", "door", "rights"), DOORS)
def test_nothing_is_done_for_who_lost_the_permission_since(
    bob: User, asked: list[Any], task: Any, door: Any, rights: tuple[str, ...]
) -> None:
    _begun(bob, door, rights)
    before, there = AuditEntry.objects.count(), [*TeamMember.objects.values()]
    lost = bob.user_permissions.get(codename=rights[-1])
    bob.user_permissions.remove(lost)

    (done,) = run_tasks()

    assert done.task_path == task.module_path
    name = f"{lost.content_type.app_label}.{lost.codename}"
    told = {"code": "permission_denied", "detail": LOST.format(name)}
    assert Job.objects.latest("begun_at").problem == told
    assert asked == []
    assert [*TeamMember.objects.values()] == there
    assert AuditEntry.objects.count() == before


@each(("task", "door", "rights"), DOORS)
def test_it_is_done_for_who_has_all_of_them(
    bob: User, task: Any, door: Any, rights: tuple[str, ...]
) -> None:
    """So none of these asks for more than its door does."""
    _begun(bob, door, rights)
    run_tasks(may_fail=True)
    problem = Job.objects.latest("begun_at").problem
    assert problem is None or problem["code"] != "permission_denied"


def test_a_permission_that_is_lost_while_a_provider_answers_is_lost(
    bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(*args: Any) -> Any:
        bob.user_permissions.clear()
        return {"data": [{"id": "small"}]}

    monkeypatch.setattr(ai_client, "_exchange", answer)
    _begun(bob, _try_provider("fetch-models"), ("change_aiprovider",))
    run_tasks()
    assert AiProvider.objects.get(slug="openai").known_models == []
    problem = Job.objects.get().problem
    assert problem == {
        "code": "permission_denied",
        "detail": LOST.format("ai.change_aiprovider"),
    }


def test_nothing_is_done_in_a_module_that_was_switched_off(bob: User, asked: list[Any]) -> None:
    _begun(bob, _suggest, ("view_note", "change_note"))
    modules.deactivate(SYSTEM, modules.locked_state("notes"))
    run_tasks()
    assert asked == []
    assert Job.objects.get().problem == {"code": "module_inactive", "detail": AWAY.format("notes")}


def _expire(key: ManageKey) -> None:
    ManageKey.objects.filter(pk=key.pk).update(expires_at=timezone.now() - timedelta(minutes=1))


def _alter(key: ManageKey) -> None:
    ManageKey.objects.filter(pk=key.pk).update(networks=["192.0.2.0/24"])


def _revoke_and_put_back(key: ManageKey) -> None:
    mine = ManageKey.objects.filter(pk=key.pk)
    before = mine.values().get()
    keys.revoke_key(SYSTEM, key)
    mine.update(**before)


def _replace_and_revoke(key: ManageKey) -> None:
    keys.rotate_key(SYSTEM, key)
    key.refresh_from_db()
    assert key.successor
    keys.revoke_key(SYSTEM, key.successor)


def _close(key: ManageKey) -> None:
    ApiSwitch.objects.update(enabled=False)


@each(
    "end",
    [
        lambda key: keys.pause_key(SYSTEM, key),
        _expire,
        _alter,
        _revoke_and_put_back,
        _replace_and_revoke,
        _close,
    ],
)
def test_nothing_is_done_for_a_key_that_would_not_be_let_in(
    make_key: Callable[..., str], asked: list[Any], end: Callable[[ManageKey], Any]
) -> None:
    suggest(Api(make_key("notes_items:read", "notes_items:write")), a_note())
    end(ManageKey.objects.get())
    run_tasks()
    assert asked == []
    problem = Job.objects.get().problem
    assert problem is not None
    assert problem["code"] == "permission_denied"
    assert problem["detail"] in (SHUT_OUT, LOST.format("notes.change_note"))
    assert AiSuggestion.objects.get().items == []
