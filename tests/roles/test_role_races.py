"""Two requests at once, each in a thread and a connection of its own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, transaction

from syteops.core.actors import SYSTEM
from syteops.core.errors import DomainError, Invalid, RoleFull
from syteops.roles import services
from syteops.roles.models import RoleAssignment
from syteops.team.services import delete_team_member
from tests.objects import get_member, get_role
from tests.samples.roles import a_role
from tests.samples.team import a_member
from tests.waiting import PATIENCE

pytestmark = [pytest.mark.combination, pytest.mark.django_db(transaction=True)]

Change = Callable[[], Any]


def at_once(*changes: Change) -> list[DomainError | None]:
    """What each change was refused with, if it was, when all begin together."""
    start = Barrier(len(changes))

    def run(change: Change) -> DomainError | None:
        try:
            start.wait(PATIENCE)
            with transaction.atomic():
                change()
        except DomainError as refusal:
            return refusal
        finally:
            connection.close()
        return None

    with ThreadPoolExecutor(len(changes)) as threads:
        return list(threads.map(run, changes))


def assign(user_num: str) -> Change:
    return lambda: services.assign(SYSTEM, get_role("editor", lock=True), get_member(user_num))


def test_a_role_is_never_filled_beyond_its_limit() -> None:
    a_role(max_count=2)
    numbers = [a_member().slot for _ in range(4)]

    refusals = at_once(*(assign(number) for number in numbers))

    assert [type(one) for one in refusals if one] == [RoleFull, RoleFull]
    assert RoleAssignment.objects.count() == 2


def test_the_same_assignment_twice_is_one() -> None:
    a_role()
    a_member()

    assert at_once(assign("001"), assign("001")) == [None, None]
    assert get_role("editor").assigned_users == ["001"]


def test_a_limit_is_not_lowered_while_the_role_is_filled() -> None:
    role = a_role(max_count=2)
    services.assign(SYSTEM, role, a_member())
    a_member()

    def lower() -> None:
        services.update_role(SYSTEM, get_role("editor", lock=True), max_count=1)

    refusals = at_once(assign("002"), lower)

    assert len([one for one in refusals if one]) == 1
    stored = get_role("editor")
    assert len(stored.assigned_users) == stored.max_count


def test_a_member_who_is_deleted_meanwhile_holds_nothing_afterwards() -> None:
    a_role()
    a_member()

    refusals = at_once(
        assign("001"), lambda: delete_team_member(SYSTEM, get_member("001", lock=True))
    )

    assert refusals[1] is None
    assert refusals[0] is None or isinstance(refusals[0], DomainError)
    assert RoleAssignment.objects.count() == 0


def test_deleting_two_holders_of_the_same_roles_at_once_ends_well() -> None:
    roles = [a_role(name=name) for name in ("Editor", "Writer")]
    for _ in range(2):
        member = a_member()
        for role in roles:
            services.assign(SYSTEM, role, member)

    def delete(user_num: str) -> Change:
        return lambda: delete_team_member(SYSTEM, get_member(user_num, lock=True))

    assert at_once(delete("001"), delete("002")) == [None, None]
    assert RoleAssignment.objects.count() == 0


def test_two_roles_of_one_name_are_not_made_at_once() -> None:
    def create() -> None:
        a_role(name="Writer")

    refusals = at_once(create, create)

    assert len([one for one in refusals if one]) == 1
    assert not isinstance(next(one for one in refusals if one), Invalid)
