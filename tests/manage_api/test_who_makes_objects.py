"""Whoever may only change what is there makes nothing new, by whatever name that is called."""

from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Permission, User

from estimates.models import Estimate
from manage_api.operations import all_operations
from syteops.core.actors import SYSTEM
from syteops.core.entities import Entity
from syteops.core.permissions import permission_name
from syteops.team import services
from syteops.team.models import TeamMember
from tests.each import each
from tests.fixtures import Api, signed_in
from tests.manage_api.faces import FACES
from tests.samples import all_samples
from tests.samples.estimates import a_draft, a_sent_one
from tests.samples.team import a_member

SAMPLES = all_samples()
WRITES = [one for one in all_operations() if one.writes]
MADE: list[Any] = [
    one
    for one in apps.get_models()
    if issubclass(one, Entity) and "add" in one._meta.default_permissions
]
"""What takes a right to be added."""
BUTTONS = ("copy", "make-template", "use-template", "revise")


def objects() -> dict[str, int]:
    """How many there are of each kind that are not deleted."""
    return {one.noun: one.objects.count() for one in MADE}


@pytest.fixture
def changer(bob: User) -> User:
    """Has every right but those to add."""
    bob.user_permissions.set(Permission.objects.exclude(codename__startswith="add_"))
    return bob


@each("operation", WRITES)
def test_it_takes_the_right_to_add(operation: Any, changer: User) -> None:
    sample = SAMPLES[operation.name]()
    before = objects()

    FACES["rest"].call(Api(client=signed_in(changer)), operation, sample)

    after = objects()
    assert {noun: count for noun, count in after.items() if count > before[noun]} == {}


@pytest.mark.parametrize("button", BUTTONS)
def test_so_it_does_by_the_buttons_of_an_estimate(button: str, changer: User) -> None:
    estimate = a_sent_one() if button == "revise" else a_draft()
    page = f"/admin/estimates/estimate/{estimate.pk}/{button}/"
    assert signed_in(changer).post(page).status_code == 403
    assert Estimate.objects.count() == 1
    name = permission_name(Estimate, "add").partition(".")[2]
    changer.user_permissions.add(Permission.objects.get(codename=name))
    assert signed_in(changer).post(page).status_code == 302
    assert Estimate.objects.count() == 2


def test_so_it_does_to_restore_a_member_in_the_admin(changer: User) -> None:
    member = a_member()
    services.delete_team_member(SYSTEM, member)
    page = f"/admin/team/teammember/{member.pk}/restore/"
    assert signed_in(changer).post(page).status_code == 403
    assert not TeamMember.objects.exists()
