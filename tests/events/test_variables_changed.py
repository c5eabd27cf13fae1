"""`variables.changed` names exactly the variables whose value changed, whatever changed it."""

from typing import Any

import pytest

from syteops.automation import services as automation
from syteops.automation.queries import exported
from syteops.core.actors import SYSTEM
from syteops.events import variable_changes
from syteops.events.models import Event, PublishedVariable
from syteops.events.variable_changes import VariableChanges, remember_variables
from syteops.modules import services as modules
from syteops.roles import services as roles
from syteops.roles.models import Role
from syteops.team import services as team
from tests.events.publish import publish
from tests.samples.notes import a_note
from tests.samples.team import a_member


def told() -> list[dict[str, Any]]:
    """What each event tells, oldest first."""
    publish()
    found = Event.objects.filter(type="variables.changed").values_list("data", flat=True)
    events: list[Any] = list(found)
    Event.objects.all().delete()
    return events


def test_the_first_comparison_tells_nothing_and_remembers_all() -> None:
    assert told() == []


def test_a_value_that_is_set_changed_and_removed() -> None:
    automation.set_variable(SYSTEM, "greeting", value="Hello")
    assert told() == [{"changed": ["syteops_api_greeting"], "removed": [], "full": False}]

    automation.set_variable(SYSTEM, "greeting", value="Hello", description="For newcomers")
    assert told() == []

    automation.set_variable(SYSTEM, "greeting", value="")
    assert told() == [{"changed": [], "removed": ["syteops_api_greeting"], "full": False}]


def test_reassigning_a_system_role_changes_its_alias() -> None:
    first = a_member(first_name="Ada")
    second = a_member(first_name="Grace")
    owner = Role.objects.get(slug="site_owner")
    roles.assign(SYSTEM, owner, first)
    told()

    roles.assign(SYSTEM, owner, second)
    [event] = told()
    assert "syteops_user_owner_first_name" in event["changed"]
    assert not any(name.startswith("syteops_std_crm") for name in event["changed"])


def test_a_module_that_is_switched_off_takes_its_variables_along() -> None:
    a_note()
    told()
    before = set(exported())
    modules.deactivate(SYSTEM, modules.locked_state("notes"))
    gone = sorted(before - set(exported()))
    assert gone
    assert told() == [{"changed": [], "removed": gone, "full": False}]


def test_many_changes_at_once_are_one_event() -> None:
    for number in range(5):
        automation.set_variable(SYSTEM, f"key_{number}", value="x")
    [event] = told()
    assert len(event["changed"]) == 5


def test_no_value_is_kept() -> None:
    member = a_member(phone_mobile="+43 660 7654321")
    publish()
    name = f"syteops_user_{member.slot}_phone_mobile"
    kept = PublishedVariable.objects.get(name=name)
    assert "7654321" not in kept.digest
    team.update_team_member(SYSTEM, member, phone_mobile="")
    publish()
    assert not PublishedVariable.objects.filter(name=name).exists()


def test_after_a_resync_every_variable_is_told_once() -> None:
    automation.set_variable(SYSTEM, "greeting", value="Hello")
    automation.set_variable(SYSTEM, "farewell", value="Bye")
    told()
    automation.set_variable(SYSTEM, "farewell", value="")
    automation.resync(SYSTEM)
    assert told() == [
        {"changed": sorted(exported()), "removed": ["syteops_api_farewell"], "full": True}
    ]
    automation.set_variable(SYSTEM, "greeting", value="Hi")
    assert told() == [{"changed": ["syteops_api_greeting"], "removed": [], "full": False}]


def test_a_resync_of_no_variables_tells_that_there_are_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(variable_changes, "exported", lambda: {})
    automation.set_variable(SYSTEM, "greeting", value="Hello")
    told()
    automation.resync(SYSTEM)
    assert told() == [{"changed": [], "removed": [], "full": True}]


def test_very_many_that_go_at_once_are_forgotten() -> None:
    """No database takes so many parameters; and what could not be stored was told never more."""
    PublishedVariable.objects.create(name="syteops_api_n7", digest="x")
    PublishedVariable.objects.create(name="syteops_api_stays", digest="x")
    gone = [f"syteops_api_n{n}" for n in range(260_000)]
    remember_variables(VariableChanges({}, gone, frozenset()))
    remember_variables(VariableChanges({}, [], frozenset()))
    kept = PublishedVariable.objects.filter(name__startswith="syteops_api_")
    assert [one.name for one in kept] == ["syteops_api_stays"]
