"""A page that PostgreSQL ended for another's sake is done anew, as a call of the API is."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError
from django.test import Client

from syteops.adminkit.service_admin import ServiceAdmin
from syteops.audit import services as audit
from syteops.audit.models import AuditEntry
from syteops.core.locks import ATTEMPTS
from syteops.crm.models import CrmSystem
from tests.admin_forms import untouched
from tests.fixtures import Api
from tests.keys.key_pages import HOME
from tests.people.person_pages import PASSWORD_FORM, save
from tests.pictures import picture_bytes, upload
from tests.samples.crm import a_system
from tests.samples.team import a_member

pytestmark = [pytest.mark.django_db, pytest.mark.combination]


class Ended(Exception):
    sqlstate = "40P01"


@pytest.fixture
def deadlocks(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Ends that many transactions just after they have stored an entry."""
    store = audit._store

    def end(times: int) -> None:
        left = [times]

        def ended(entry: AuditEntry) -> None:
            store(entry)
            if left[0]:
                left[0] -= 1
                raise OperationalError("deadlock detected") from Ended()

        monkeypatch.setattr(audit, "_store", ended)

    return end


def told(answer: Any) -> list[str]:
    return [str(one) for one in answer.context["messages"]]


def test_a_form_is_saved_once_and_says_so_once(page: Client, deadlocks: Any) -> None:
    url = "/admin/crm/crmsystem/add/"
    sent = untouched(page.get(url)) | {"name": "HubSpot"}
    deadlocks(ATTEMPTS - 1)

    answer = page.post(url, sent, follow=True)

    assert [one.name for one in CrmSystem.objects.all()] == ["HubSpot"]
    assert AuditEntry.objects.filter(event="crm_system.created").count() == 1
    assert len(told(answer)) == 1


def test_what_an_attempt_said_that_was_undone_is_not_said(
    page: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the commit itself is refused: by then the page has said that it is done."""
    url, respond, left = "/admin/crm/crmsystem/add/", ServiceAdmin.response_add, [1]
    sent = untouched(page.get(url)) | {"name": "HubSpot"}

    def refused_at_last(*args: Any, **kwargs: Any) -> Any:
        answer = respond(*args, **kwargs)
        if left and left.pop():
            raise OperationalError("could not serialize access") from Ended()
        return answer

    monkeypatch.setattr(ServiceAdmin, "response_add", refused_at_last)

    assert len(told(page.post(url, sent, follow=True))) == 1
    assert CrmSystem.objects.count() == 1


def test_an_upload_is_read_from_its_beginning_again(
    page: Client, deadlocks: Any, settings: Any, tmp_path: Any
) -> None:
    settings.MEDIA_ROOT = tmp_path
    member = a_member()
    url = f"/admin/team/teammember/{member.pk}/change/"
    sent = untouched(page.get(url)) | {"profile_picture": upload(picture_bytes())}
    deadlocks(2)

    assert page.post(url, sent).status_code == 302

    member.refresh_from_db()
    assert member.profile_picture.size > 0


POSTS: dict[str, Callable[[Client, Any, User], Any]] = {
    "delete": lambda page, item, bob: page.post(f"{item}delete/", {"post": "yes"}, follow=True),
    "a person": lambda page, item, bob: save(page, bob, email="new@example.com"),
    "a password": lambda page, item, bob: page.post(
        f"/admin/auth/user/{bob.pk}/password/", PASSWORD_FORM
    ),
    "own password": lambda page, item, bob: page.post(
        "/admin/password_change/",
        {"old_password": "alice-password", "new_password1": "canary horse battery",
         "new_password2": "canary horse battery"},
    ),
    "a switch": lambda page, item, bob: page.post(
        "/admin/modules/modulestate/notes/switch/", {}
    ),
    "api": lambda page, item, bob: page.post(f"{HOME}api/generate/", {}),
}  # fmt: skip


@pytest.mark.parametrize("name", POSTS)
def test_every_kind_of_page_is_repeated(page: Client, bob: User, deadlocks: Any, name: str) -> None:
    system = a_system()
    before = AuditEntry.objects.count()
    deadlocks(ATTEMPTS - 1)

    POSTS[name](page, f"/admin/crm/crmsystem/{system.pk}/", bob)

    assert AuditEntry.objects.count() == before + 1


def test_in_the_end_both_doors_say_the_same_and_nothing_is_stored(
    page: Client, api: Api, deadlocks: Any
) -> None:
    url = "/admin/crm/crmsystem/add/"
    sent = untouched(page.get(url)) | {"name": "HubSpot"}
    deadlocks(99)

    shown, answered = page.post(url, sent), api.post("/crm-systems", {"name": "HubSpot"})

    assert (shown.status_code, answered.status_code) == (409, 409)
    assert answered.json()["code"] == "conflict"
    assert answered.headers["Retry-After"] == "1"
    assert answered.json()["detail"] in shown.content.decode()
    assert not CrmSystem.objects.exists()
