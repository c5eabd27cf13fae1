"""What is told before a change is what the whole catalogue would differ in, though only what may
follow from the objects that it touches is derived.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from django.contrib import admin
from django.core.management import call_command

from syteops.adminkit.catalogue import CatalogueAdmin
from syteops.adminkit.service_admin import ServiceAdmin
from syteops.audit import services as audit
from syteops.automation import queries
from syteops.automation.queries import Altered, altered, exported
from syteops.core.actors import SYSTEM
from syteops.core.consequences import foresee
from syteops.core.errors import DomainError
from syteops.core.trials import trial
from syteops.crm import services as crm
from syteops.crm.models import CrmIdentifier, CrmSystem
from syteops.modules import services as modules
from syteops.roles import services as roles
from syteops.roles.models import Role
from syteops.team import services as team
from syteops.team import variables as team_variables
from syteops.team.models import TeamMember

pytestmark = pytest.mark.django_db

Change = Callable[[], object]


@pytest.fixture
def demo() -> None:
    call_command("seed_demo")
    ada, ben, *_ = TeamMember.objects.order_by("number")
    author = roles.create_role(SYSTEM, name="Author", constraint_type="unlimited")
    for member in (ada, ben):
        roles.assign(SYSTEM, author, member)
        team.update_team_member(SYSTEM, member, crm_ids={CrmSystem.objects.first().slot: "x"})  # type: ignore[union-attr]
    team.delete_team_member(SYSTEM, TeamMember.objects.latest("number"))


def slowly(change: Change) -> Altered | None:
    """By the whole catalogue, with the change and without it."""
    before = exported()
    try:
        with trial():
            change()
            after = exported()
    except DomainError:
        return None
    return altered(before, after)


def foretold(change: Change) -> Altered | None:
    found = foresee(SYSTEM, change)
    if "lineage" not in found:
        return None
    data = found["lineage"].data
    return Altered(data["changed"], data["removed"])


def deletions() -> Iterator[tuple[str, Change]]:
    """Of two of each kind that can be deleted."""
    for model, page in admin.site._registry.items():
        if not isinstance(page, ServiceAdmin) or isinstance(page, CatalogueAdmin):
            continue
        if (delete := page.service("delete")) is None:
            continue
        for obj in model._default_manager.order_by("pk")[:2]:
            yield f"{obj} is deleted", partial(_do, delete, obj)


def other_changes() -> Iterator[tuple[str, Change]]:
    owner, author = (Role.objects.get(slug=slug) for slug in ("site_owner", "author"))
    ada, ben, *_, last = TeamMember.objects.order_by("number")
    gone, system = TeamMember.all_objects.exclude(deleted_at=None).get(), CrmSystem.objects.first()
    yield "a role is renamed", partial(_do, roles.update_role, author, name="Writer")
    yield "a role gets a holder", partial(_do, roles.assign, author, last)
    yield "a role loses a holder", partial(_do, roles.unassign, author, ben)
    yield "a role has others", lambda: roles.update_role(SYSTEM, Role.objects.get(slug="author"),
                                                         holders=[ben, last])  # fmt: skip
    yield (
        "a role has others and a name",
        lambda: roles.update_role(
            SYSTEM, Role.objects.get(slug="author"), holders=[ben, last], name="Writer"
        ),
    )
    yield "a role moves", partial(_do, roles.assign, owner, last)
    yield "a role is made", lambda: roles.create_role(SYSTEM, name="Poet")
    yield "a member is renamed", partial(_do, team.update_team_member, ada, first_name="Eve")
    yield "a member comes back", partial(_do, team.restore_team_member, gone)
    yield "a member is erased", partial(_do, team.erase_team_member, gone)
    yield "a member is made", lambda: team.create_team_member(SYSTEM, first_name="Zoe")
    yield "a system is renamed", partial(_do, crm.update_crm_system, system, name="Other")
    for slug in ("notes", "estimates"):
        yield f"{slug} goes", partial(_switch_off, slug)


def _do(service: Callable[..., object], *objects: Any, **values: Any) -> None:
    """To the objects as they are stored: one that was deleted on trial has lost its key."""
    service(SYSTEM, *(type(one)._base_manager.get(pk=one.pk) for one in objects), **values)


def _switch_off(slug: str) -> None:
    modules.deactivate(SYSTEM, modules.locked_state(slug))


@pytest.mark.usefixtures("demo")
def test_it_is_what_the_whole_catalogue_would_differ_in(monkeypatch: pytest.MonkeyPatch) -> None:
    def whole() -> dict[str, str]:
        raise AssertionError("Every variable of the site is derived.")

    monkeypatch.setattr(queries, "exported", whole)
    told = 0
    for name, change in (*deletions(), *other_changes()):
        expected: Any = slowly(change)
        if expected is None or not (expected.changed or expected.removed):
            assert foretold(change) is None, name
        else:
            assert foretold(change) == expected, name
            told += 1
    assert told >= 20


@pytest.mark.usefixtures("demo")
def test_a_change_of_very_many_is_told_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    system = CrmSystem.objects.first()
    assert system is not None
    made = TeamMember.objects.bulk_create(TeamMember(number=n) for n in range(101, 701))
    CrmIdentifier.objects.bulk_create(
        CrmIdentifier(member=one, system=system, identifier=f"x{one.number}") for one in made
    )
    change = partial(_do, crm.delete_crm_system, system)
    expected: Any = slowly(change)
    assert len(expected.removed) > 600

    def whole(*_: object) -> Any:
        raise AssertionError("More is derived than can change.")

    monkeypatch.setattr(queries, "exported", whole)
    monkeypatch.setattr(team_variables, "published_values", whole)
    monkeypatch.setattr(audit, "insert_rows", whole)

    assert foretold(change) == expected
