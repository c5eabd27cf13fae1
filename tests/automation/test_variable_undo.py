"""Changes of free-form variables and of variable sets are undone through their services."""

from typing import Any

import pytest

from syteops.automation import services
from syteops.automation.models import Variable, VariableSet
from syteops.core.actors import SYSTEM
from syteops.core.errors import Conflict
from syteops.history.reverting import revert as revert_by_service
from tests.fixtures import Api
from tests.undoing import back_and_forth, by_service, latest, over_rest, refused, revert

GREETING = "/variables/greeting"


@pytest.fixture
def greeting(api: Api) -> Variable:
    api.put(GREETING, {"value": "Hello\nyou", "description": "Said first"})
    return Variable.objects.get()


def stored() -> list[Any]:
    return list(Variable.objects.values_list("pk", "key", "value", "description", "created_at"))


@pytest.mark.parametrize(
    "change", [{"value": "Bye"}, {"value": "Hello\nyou", "description": ""}, {"value": "1"}]
)
def test_an_update_is_undone_and_redone(api: Api, greeting: Variable, change: Any) -> None:
    back_and_forth("variable.updated", lambda: api.put(GREETING, change), stored, over_rest(api))


def test_a_variable_that_was_made_is_removed_and_comes_back(api: Api) -> None:
    back_and_forth(
        "variable.created", lambda: api.put(GREETING, {"value": "Hello"}), stored, over_rest(api)
    )


@pytest.mark.parametrize("blank", [True, False])
def test_a_variable_that_was_removed_comes_back(api: Api, greeting: Variable, blank: bool) -> None:
    def change() -> None:
        if blank:
            api.put(f"{GREETING}?confirm=true", {"value": ""})
        else:
            api.delete(f"{GREETING}?confirm=true")

    back_and_forth("variable.deleted", change, stored, over_rest(api))


def test_a_variable_does_not_come_back_beside_its_successor(api: Api, greeting: Variable) -> None:
    api.delete(f"{GREETING}?confirm=true")
    deletion = latest("variable.deleted")
    api.put(GREETING, {"value": "Another"})

    assert refused(api, deletion, stored)["fields"] == ["key"]


def test_only_the_latest_deletion_is_undone(api: Api, greeting: Variable) -> None:
    api.delete(f"{GREETING}?confirm=true")
    first = latest("variable.deleted")
    assert revert(api, first).status_code == 200
    assert refused(api, first, stored)["detail"] == "The object is there already."
    api.put(GREETING, {"value": "Changed"})
    api.delete(f"{GREETING}?confirm=true")

    assert "latest deletion" in refused(api, first, stored)["detail"]
    assert revert(api, latest("variable.deleted")).status_code == 200
    assert Variable.objects.get().value == "Changed"


def test_a_later_change_of_the_same_field_stands_in_the_way(api: Api, greeting: Variable) -> None:
    api.put(GREETING, {"value": "2"})
    second = latest("variable.updated")
    api.put(GREETING, {"value": "3"})

    assert refused(api, second, stored)["fields"] == ["value"]


def test_a_later_change_of_another_field_stays(api: Api, greeting: Variable) -> None:
    api.put(GREETING, {"value": "2"})
    second = latest("variable.updated")
    api.put(GREETING, {"value": "2", "description": "New"})

    assert revert(api, second).status_code == 200
    assert Variable.objects.values_list("value", "description").get() == ("Hello\nyou", "New")


def test_it_takes_the_scope_of_what_it_amounts_to(
    api: Api, greeting: Variable, make_key: Any
) -> None:
    created = latest("variable.created")
    writer = Api(make_key("audit:write", "variables:write", "variables:read"))

    assert revert(writer, created).json()["scope"] == "variables:delete"
    api.delete(f"{GREETING}?confirm=true")
    assert revert(writer, latest("variable.deleted")).status_code == 200


# --- Sets -------------------------------------------------------------------------------------

ROWS = [
    {"suffix": "color", "type": "text", "value": "teal"},
    {"suffix": "open", "type": "boolean", "value": "true"},
]


@pytest.fixture
def brand(db: None) -> VariableSet:
    return services.create_variable_set(SYSTEM, name="Brand", acronym="brand", values=ROWS)


def sets() -> list[Any]:
    return [
        (one.pk, one.name, one.acronym, one.created_at, [row.as_row() for row in one.values.all()])
        for one in VariableSet.objects.all()
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"name": "House"},
        {"acronym": "house", "values": []},
        {"values": [{"suffix": "color", "type": "text", "value": "red"}]},
        {"name": "House", "values": [*ROWS, {"suffix": "pages", "type": "number", "value": "7"}]},
    ],
)
def test_an_update_of_a_set_is_undone_and_redone(brand: VariableSet, change: Any) -> None:
    def update() -> None:
        services.update_variable_set(SYSTEM, VariableSet.objects.get(), **change)

    back_and_forth("variable_set.updated", update, sets, by_service)


def test_a_set_that_was_made_is_deleted_and_comes_back(db: None) -> None:
    def create() -> None:
        services.create_variable_set(SYSTEM, name="Brand", acronym="brand", values=ROWS)

    back_and_forth("variable_set.created", create, sets, by_service)


def test_a_set_that_was_deleted_comes_back(brand: VariableSet) -> None:
    def delete() -> None:
        services.delete_variable_set(SYSTEM, VariableSet.objects.get())

    back_and_forth("variable_set.deleted", delete, sets, by_service)


def test_a_set_does_not_come_back_beside_its_successor(brand: VariableSet) -> None:
    services.delete_variable_set(SYSTEM, brand)
    services.create_variable_set(SYSTEM, name="Brand", acronym="brand")

    with pytest.raises(Conflict) as refusal:
        revert_by_service(SYSTEM, latest("variable_set.deleted"))

    assert refusal.value.extra["fields"] == ["acronym"]


def test_a_later_change_of_a_set_s_values_stands_in_the_way(brand: VariableSet) -> None:
    services.update_variable_set(SYSTEM, brand, values=[])
    entry = latest("variable_set.updated")
    services.update_variable_set(SYSTEM, brand, values=ROWS[:1])

    with pytest.raises(Conflict) as refusal:
        revert_by_service(SYSTEM, entry)

    assert refusal.value.extra["fields"] == ["values"]


def test_a_set_is_undone_over_the_api(api: Api, brand: VariableSet) -> None:
    assert revert(api, latest("variable_set.created")).status_code == 200
    assert not VariableSet.objects.exists()
    assert revert(api, latest("variable_set.deleted")).status_code == 200
    assert VariableSet.objects.get().values.count() == len(ROWS)
