"""Erasing somebody in the admin: a page tells what would go, and asks."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection, transaction
from django.test import Client

from syteops.core.actors import SYSTEM
from syteops.core.entities import get_any
from syteops.team import services
from syteops.team.models import TeamMember
from tests.fixtures import Api, signed_in
from tests.samples.team import a_member
from tests.team.erasing import a_canary
from tests.threads import keeps_somebody_waiting
from tests.waiting import PATIENCE, becomes_true


def test_the_admin_says_what_goes_before_it_erases(api: Api, page: Client) -> None:
    member = a_canary(api)
    address = f"/admin/team/teammember/{member.pk}/erase/"
    assert f'href="{address}"' in page.get(address.replace("erase", "change")).content.decode()

    shown = page.get(address).content.decode()

    assert "This cannot be undone" in shown
    assert "notes: 1" in shown
    assert "CRM ids: 1" in shown
    assert TeamMember.objects.filter(pk=member.pk).exists()
    answer = page.post(address, follow=True)
    assert "Erased for good" in answer.content.decode()
    assert not TeamMember.all_objects.filter(pk=member.pk).exists()


def test_a_deleted_member_is_erased_from_the_list(api: Api, page: Client) -> None:
    member = a_canary(api)
    services.delete_team_member(SYSTEM, member)
    chosen = {"action": "erase_chosen", "_selected_action": [member.pk]}

    answer = page.post("/admin/team/teammember/?state=deleted", chosen)

    address = f"/admin/team/teammember/{member.pk}/erase/"
    assert answer.headers["Location"] == address
    page.post(address)
    assert not TeamMember.all_objects.exists()


@pytest.mark.parametrize("method", ["get", "post"])
def test_whoever_comes_too_late_is_told_and_led_back(
    page: Client, erased: Any, method: str
) -> None:
    member = a_member()
    address = f"/admin/team/teammember/{member.pk}/erase/"
    erased(member)

    answer = getattr(page, method)(address, follow=True)

    assert answer.redirect_chain == [("/admin/team/teammember/", 302)]
    assert "There is no team member" in answer.content.decode()


@pytest.mark.combination
@pytest.mark.postgresql_only
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("method", ["get", "post"])
def test_two_who_erase_at_once_take_turns(page: Client, method: str) -> None:
    member = a_member()
    address = f"/admin/team/teammember/{member.pk}/erase/"
    page.raise_request_exception = False

    def ask() -> tuple[int, str]:
        try:
            answer = getattr(page, method)(address)
            return answer.status_code, answer.headers.get("Location", "")
        finally:
            connection.close()

    with ThreadPoolExecutor() as threads:
        with transaction.atomic():
            services.erase_team_member(SYSTEM, get_any(TeamMember, member.pk, lock=True))
            other = threads.submit(ask)
            assert becomes_true(keeps_somebody_waiting)
            assert not other.done()

        assert other.result(timeout=PATIENCE) == (302, "/admin/team/teammember/")


def test_it_takes_a_right_of_its_own(api: Api, bob: User) -> None:
    member = a_canary(api)
    every_other = Permission.objects.exclude(codename="erase_teammember")
    bob.user_permissions.set(every_other)
    browser, address = signed_in(bob), f"/admin/team/teammember/{member.pk}/erase/"

    assert browser.get(address).status_code == browser.post(address).status_code == 403
    assert address not in browser.get(address.replace("erase", "change")).content.decode()
    bob.user_permissions.add(Permission.objects.get(codename="erase_teammember"))
    assert signed_in(bob).get(address).status_code == 200


def test_to_say_what_goes_it_is_tried_just_once(
    api: Api, page: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    member, tried = a_canary(api), []
    erase = services.erase_team_member

    def count(*args: Any) -> dict[str, Any]:
        tried.append(args)
        return erase(*args)

    monkeypatch.setattr(services, "erase_team_member", count)
    shown = page.get(f"/admin/team/teammember/{member.pk}/erase/?whole").content.decode()

    assert len(tried) == 1
    assert "automation variables go" in shown
    assert TeamMember.objects.filter(pk=member.pk).exists()
