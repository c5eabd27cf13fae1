"""Whoever changes in the admin what somebody else has just deleted is told so.

The page finds the object, and it is gone when it is locked. On SQLite a page waits for the other
one first; on PostgreSQL it does not.
"""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission, User
from django.db import connection, transaction
from django.test import Client

from syteops.adminkit.service_admin import ServiceAdmin
from syteops.core.actors import SYSTEM
from syteops.core.entities import get_any
from syteops.people import services as people
from syteops.team import services as team
from syteops.team.models import TeamMember
from tests.admin_forms import untouched
from tests.core.test_values import MAKERS
from tests.fixtures import signed_in
from tests.people.person_pages import NEW_PASSWORD, PASSWORD_FORM
from tests.samples.roles import a_role
from tests.samples.team import a_member
from tests.threads import keeps_somebody_waiting
from tests.waiting import PATIENCE, becomes_true

ADMINS = [
    page
    for page in admin.site._registry.values()
    if isinstance(page, ServiceAdmin) and page.model.noun in MAKERS
]


def address(page: ServiceAdmin, *parts: Any) -> str:
    path = "".join(f"{part}/" for part in parts)
    return f"/admin/{page.opts.app_label}/{page.opts.model_name}/{path}"


@pytest.fixture
def gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever an admin locks was deleted a moment before."""
    locked = ServiceAdmin.locked

    def locked_too_late(page: ServiceAdmin, pk: Any) -> Any:
        page.model._base_manager.filter(pk=pk).delete()
        return locked(page, pk)

    monkeypatch.setattr(ServiceAdmin, "locked", locked_too_late)


@pytest.mark.usefixtures("gone")
@pytest.mark.parametrize("page", ADMINS, ids=lambda page: page.model.noun)
def test_every_form_of_what_is_gone_says_so(alice: User, page: ServiceAdmin) -> None:
    item, client = MAKERS[page.model.noun](), signed_in(alice)
    sent = untouched(client.get(address(page, item.pk, "change")))

    answer = client.post(address(page, item.pk, "change"), sent)

    # In one process there is only one transaction: here the deletion was undone with the change.
    assert answer.status_code == 200
    assert "was deleted" in answer.content.decode()


@pytest.mark.usefixtures("gone")
@pytest.mark.parametrize("page", ADMINS, ids=lambda page: page.model.noun)
def test_every_deletion_of_what_is_gone_says_so(alice: User, page: ServiceAdmin) -> None:
    item, client = MAKERS[page.model.noun](), signed_in(alice)
    chosen = {"action": "delete_selected", "_selected_action": [item.pk], "post": "yes"}

    for answer in (
        client.post(address(page, item.pk, "delete"), {"post": "yes"}, follow=True),
        client.post(address(page), chosen, follow=True),
    ):
        assert answer.status_code == 200
        assert "was deleted" in answer.content.decode()


# --- Old links ---------------------------------------------------------------------------------


@pytest.mark.parametrize("page", ADMINS, ids=lambda page: page.model.noun)
def test_an_old_link_says_who_deleted_it_and_leads_to_undoing_that(
    alice: User, page: ServiceAdmin
) -> None:
    item, client = MAKERS[page.model.noun](), signed_in(alice)
    if page.service("delete") is None:
        return
    pk = item.pk
    page.service("delete")(SYSTEM, item)
    for view in ("change", "history", "delete"):
        answer = client.get(address(page, pk, view), follow=True)
        assert answer.redirect_chain == [(address(page), 302)], view
        (message,) = answer.context["messages"]
        assert " deleted " in str(message)
        assert "just now." in str(message)
        entry = re.search(r"/admin/audit/auditentry/\d+/change/", str(message))
        assert entry
        assert "/undo/" in client.get(entry[0]).content.decode()


def test_who_reads_no_trail_learns_no_more_than_that_it_is_gone(bob: User) -> None:
    member = a_member()
    team.delete_team_member(SYSTEM, member)
    link = f"/admin/team/teammember/{member.pk}/change/"
    names = ("view_teammember", "add_teammember")
    bob.user_permissions.set(Permission.objects.filter(codename__in=names))
    (message,) = signed_in(bob).get(link, follow=True).context["messages"]
    assert "deleted team member Ada Lovelace (001) just now." in str(message)
    assert "auditentry" not in str(message)
    assert 'href="/admin/team/teammember/?state=deleted"' in str(message)

    bob.user_permissions.clear()
    for view in ("change", "history"):
        answer = signed_in(bob).get(link.replace("change", view), follow=True)
        assert "Ada" not in answer.content.decode()


# --- Two at once -------------------------------------------------------------------------------


def meanwhile(client: Client, work: Callable[[], Any], url: str, **sent: Any) -> Any:
    """The answer to a form that is sent while `work` is done and not committed yet."""
    client.raise_request_exception = False

    def send() -> Any:
        try:
            answer = client.post(url, sent)
            return answer.status_code, answer.headers.get("Location", "")
        finally:
            connection.close()

    with ThreadPoolExecutor() as threads:
        with transaction.atomic():
            work()
            other = threads.submit(send)
            assert becomes_true(keeps_somebody_waiting)
            assert not other.done()
        return other.result(timeout=PATIENCE)


at_once = [
    pytest.mark.combination,
    pytest.mark.postgresql_only,
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture
def erasing() -> Callable[[TeamMember], Callable[[], Any]]:
    return lambda one: (
        lambda: team.erase_team_member(SYSTEM, get_any(TeamMember, one.pk, lock=True))
    )


class TestAtOnce:
    pytestmark = at_once

    def test_a_form_of_somebody_who_is_being_erased(self, page: Client, erasing: Any) -> None:
        member = a_member()
        url = f"/admin/team/teammember/{member.pk}/change/"
        sent = untouched(page.get(url))

        assert meanwhile(page, erasing(member), url, **sent) == (302, "/admin/")

    def test_a_deletion_of_somebody_who_is_being_erased(self, page: Client, erasing: Any) -> None:
        member = a_member()
        url = f"/admin/team/teammember/{member.pk}/delete/"

        assert meanwhile(page, erasing(member), url, post="yes") == (302, url)
        assert page.get(url).status_code == 302

    def test_a_note_by_somebody_who_is_being_erased(self, page: Client, erasing: Any) -> None:
        member = a_member()
        url = "/admin/notes/note/add/"
        sent = untouched(page.get(url)) | {"title": "New", "author": str(member.pk)}

        status, _ = meanwhile(page, erasing(member), url, **sent)

        assert status == 200  # the form again, and why

    def test_a_holder_who_is_being_erased(self, page: Client, erasing: Any) -> None:
        member, role = a_member(), a_role()
        url = f"/admin/roles/role/{role.pk}/change/"
        sent = untouched(page.get(url)) | {"holders": [str(member.pk)]}

        status, _ = meanwhile(page, erasing(member), url, **sent)

        assert status == 200

    def test_a_login_that_is_being_deleted(self, page: Client, bob: User) -> None:
        member = a_member()
        url = f"/admin/team/teammember/{member.pk}/change/"
        sent = untouched(page.get(url)) | {"user": str(bob.pk)}

        status, _ = meanwhile(page, lambda: people.delete_person(SYSTEM, bob), url, **sent)

        assert status == 200
        assert not TeamMember.objects.filter(user__isnull=False).exists()

    def test_a_person_who_is_being_deleted(self, page: Client, bob: User) -> None:
        url, pk = f"/admin/auth/user/{bob.pk}/change/", bob.pk
        sent = untouched(page.get(url)) | {"first_name": "Robert"}

        status, _ = meanwhile(page, lambda: people.delete_person(SYSTEM, bob), url, **sent)

        assert status == 302
        assert not User.objects.filter(pk=pk).exists()

    def test_a_deletion_of_a_person_who_is_being_deleted(self, page: Client, bob: User) -> None:
        url, pk = f"/admin/auth/user/{bob.pk}/delete/", bob.pk

        status, _ = meanwhile(page, lambda: people.delete_person(SYSTEM, bob), url, post="yes")

        assert status == 302
        assert not User.objects.filter(pk=pk).exists()

    def test_a_group_that_is_being_deleted(self, page: Client) -> None:
        group = Group.objects.create(name="Team")
        url = f"/admin/auth/group/{group.pk}/change/"
        sent = untouched(page.get(url)) | {"name": "Crew"}

        status, _ = meanwhile(page, lambda: people.delete_group(SYSTEM, group), url, **sent)

        assert status == 302
        assert not Group.objects.exists()

    def test_a_new_password_for_somebody_who_is_being_deleted(
        self, page: Client, bob: User
    ) -> None:
        url, pk = f"/admin/auth/user/{bob.pk}/password/", bob.pk

        status, _ = meanwhile(page, lambda: people.delete_person(SYSTEM, bob), url, **PASSWORD_FORM)

        assert status == 404
        assert not User.objects.filter(pk=pk).exists()

    def test_a_new_password_gives_no_right_back(self, page: Client, bob: User) -> None:
        def deactivate() -> None:
            User.objects.filter(pk=bob.pk).update(is_active=False, is_staff=False)

        url = f"/admin/auth/user/{bob.pk}/password/"
        assert meanwhile(page, deactivate, url, **PASSWORD_FORM)[0] == 302

        bob.refresh_from_db()
        assert bob.check_password(NEW_PASSWORD)
        assert (bob.is_active, bob.is_staff) == (False, False)
