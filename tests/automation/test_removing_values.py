"""A value of a set is a variable that tools know by its name: removing one is deleting.

So it takes the right to delete, and consent, however it is done: by leaving it out, by a blank
value, by another suffix, by undoing what made it. Through every door. To make one is to add.
"""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from syteops.automation import queries, services
from syteops.automation.models import VariableSet
from syteops.core.actors import SYSTEM
from tests.fixtures import Api
from tests.undoing import latest, revert

PATH = "/variable-sets/acme"
PAGE = "/admin/automation/variableset/"
COLOR, SIZE = "syteops_acme_svs_color", "syteops_acme_svs_size"


def row(suffix: str, value: str) -> dict[str, str]:
    return {"suffix": suffix, "type": "text", "value": value}


ROWS = [row("color", "red"), row("size", "L")]
REMOVING: dict[str, list[dict[str, str]]] = {
    "left out": [row("size", "L")],
    "all": [],
    "blank": [row("color", " "), row("size", "L")],
    "renamed": [row("colour", "red"), row("size", "L")],
    "other case of the same change": [row("colors", "blue"), *ROWS[1:]],
}
KEEPING: dict[str, list[dict[str, str]]] = {
    "changed": [row("color", "blue"), row("size", "L")],
    "more": [*ROWS, row("weight", "1")],
    "in another order": ROWS[::-1],
}
each = pytest.mark.parametrize


@pytest.fixture(autouse=True)
def acme(db: None) -> VariableSet:
    return services.create_variable_set(SYSTEM, name="Acme", acronym="acme", values=ROWS)


def there() -> list[str]:
    return queries.names_in(VariableSet.objects.get())


def bulk(api: Api, values: Any, confirm: bool = False) -> Any:
    items = [{"action": "update", "params": {"acronym": "acme", "values": values}}]
    return api.post("/variable-sets/bulk" + ("?confirm=true" if confirm else ""), {"items": items})


def dispatch(api: Api, values: Any, confirm: bool = False) -> Any:
    params = {"acronym": "acme", "values": values}
    return api.dispatch("variable_sets.update", params, confirm=confirm)


def rest(api: Api, values: Any, confirm: bool = False) -> Any:
    return api.patch(PATH + ("?confirm=true" if confirm else ""), {"values": values})


every_door = each("update", [rest, dispatch, bulk])


@every_door
@each("values", REMOVING.values(), ids=REMOVING)
def test_it_takes_the_right_to_delete(
    make_key: Callable[..., str], update: Any, values: Any
) -> None:
    writer = Api(make_key("variable_sets:read", "variable_sets:write"))

    refused = update(writer, values, confirm=True)

    assert refused.json()["code"] == "insufficient_scope"
    assert "variable_sets:delete" in refused.content.decode()
    assert there() == [COLOR, SIZE]


@every_door
@each("values", REMOVING.values(), ids=REMOVING)
def test_it_takes_consent_to_what_is_told(api: Api, update: Any, values: Any) -> None:
    refused = update(api, values)

    assert (refused.status_code, refused.json()["code"]) == (428, "confirmation_required")
    assert COLOR in refused.content.decode()
    assert there() == [COLOR, SIZE]
    assert update(api, values, confirm=True).status_code == 200
    assert COLOR not in there()


@every_door
@each("values", KEEPING.values(), ids=KEEPING)
def test_nothing_more_is_asked_where_no_variable_goes(
    make_key: Callable[..., str], update: Any, values: Any
) -> None:
    writer = Api(make_key("variable_sets:write"))

    assert update(writer, values).status_code == 200
    assert {COLOR, SIZE} <= set(there())
    assert writer.patch(PATH, {"name": "Other"}).status_code == 200


def test_a_blank_value_may_be_left_out(make_key: Callable[..., str]) -> None:
    """It was no variable."""
    services.update_variable_set(
        SYSTEM, VariableSet.objects.get(), values=[*ROWS, row("later", "")]
    )

    assert rest(Api(make_key("variable_sets:write")), ROWS).status_code == 200


def test_a_dry_run_shows_it_without_consent(api: Api) -> None:
    shown = api.patch(f"{PATH}?dry_run=true", {"values": ROWS[1:]}).json()

    assert shown["impact"] == {"acronym": "acme", "name": "Acme", "variables": [COLOR]}
    assert shown["lineage"]["removed"] == [COLOR]
    assert there() == [COLOR, SIZE]


def test_undoing_what_made_a_variable_is_removing_it(
    api: Api, make_key: Callable[..., str]
) -> None:
    rest(api, [*ROWS, row("weight", "1")])
    made = latest("variable_set.updated")
    scopes = ("audit:write", "variable_sets:read", "variable_sets:write")

    assert revert(Api(make_key(*scopes)), made).json()["scope"] == "variable_sets:delete"
    assert len(there()) == 3
    assert revert(Api(make_key(*scopes, "variable_sets:delete")), made).status_code == 200
    assert there() == [COLOR, SIZE]


def test_undoing_a_removal_takes_no_right_to_delete(api: Api, make_key: Callable[..., str]) -> None:
    rest(api, ROWS[1:], confirm=True)
    writer = Api(make_key("audit:write", "variable_sets:read", "variable_sets:write"))

    assert revert(writer, latest("variable_set.updated")).status_code == 200
    assert there() == [COLOR, SIZE]


# --- In the admin ----------------------------------------------------------------------------


@pytest.fixture
def editor(client: Client, bob: User) -> Client:
    """Bob, who may change sets and delete none."""
    names = ("view_variableset", "change_variableset")
    bob.user_permissions.add(*Permission.objects.filter(codename__in=names))
    client.force_login(bob)
    return client


def send(client: Client, made: VariableSet, acronym: str = "acme", **of_color: str) -> Any:
    """The form of the set, with other values in the row of the color, and whole names of others."""
    rows = [
        {"id": one.pk, "set": made.pk, "suffix": one.suffix, "type": one.type, "value": one.value}
        for one in made.values.all()
    ]
    more = {name: one for name, one in of_color.items() if name.startswith("values-")}
    rows[0] |= {name: one for name, one in of_color.items() if name not in more}
    fields = {
        f"values-{n}-{name}": value for n, one in enumerate(rows) for name, value in one.items()
    }
    management = {"values-TOTAL_FORMS": len(rows), "values-INITIAL_FORMS": len(rows)}
    return client.post(
        f"{PAGE}{made.pk}/change/",
        {"name": "Acme", "acronym": acronym, **management, **fields, **more},
    )


@each(
    "change",
    [{"DELETE": "on"}, {"suffix": "colour"}, {"value": ""}, {"acronym": "corp"}],
    ids=lambda one: next(iter(one)),
)
def test_a_person_needs_the_right_too(
    editor: Client, bob: User, acme: VariableSet, change: dict[str, str]
) -> None:
    send(editor, acme, **change)
    assert there() == [COLOR, SIZE]

    further = ["delete_variableset", *(["add_variableset"] if _makes_one(change) else [])]
    for name in further:
        assert there() == [COLOR, SIZE]
        bob.user_permissions.add(Permission.objects.get(codename=name))
        answer = send(editor, acme, **change)
    assert answer.status_code == 302
    assert COLOR not in there()


def _makes_one(change: dict[str, str]) -> bool:
    """Whether it is the same value under another name."""
    return bool({"suffix", "acronym"} & change.keys())


# --- Making one ------------------------------------------------------------------------------

MORE = [*ROWS, row("weight", "1")]


@every_door
@each("values", [MORE, [*ROWS[1:], row("colour", "red")]], ids=["more", "renamed"])
def test_a_person_who_may_not_add_makes_none(
    bob: User, as_person: Callable[[User], Api], update: Any, values: Any
) -> None:
    names = ("view_variableset", "change_variableset", "delete_variableset")
    bob.user_permissions.add(*Permission.objects.filter(codename__in=names))

    assert "automation.add_variableset" in update(as_person(bob), values, True).content.decode()
    assert there() == [COLOR, SIZE]
    changed = [row("color", "blue"), row("size", "")]
    assert update(as_person(bob), changed, True).status_code == 200
    bob.user_permissions.add(Permission.objects.get(codename="add_variableset"))
    assert update(as_person(bob), values, True).status_code == 200


def test_nor_by_undoing_that_one_went(
    api: Api, bob: User, as_person: Callable[[User], Api]
) -> None:
    rest(api, ROWS[1:], confirm=True)
    names = ("view_variableset", "change_variableset", "change_auditentry", "view_auditentry")
    bob.user_permissions.add(*Permission.objects.filter(codename__in=names))

    refused = revert(as_person(bob), latest("variable_set.updated"))
    assert refused.json()["permission"] == "automation.add_variableset"
    assert there() == [SIZE]


def test_nor_in_the_admin_where_there_is_no_box_for_it(
    editor: Client, acme: VariableSet, bob: User
) -> None:
    new = {"values-2-suffix": "weight", "values-2-type": "text", "values-2-value": "1"}
    assert "values-__prefix__-" not in editor.get(f"{PAGE}{acme.pk}/change/").content.decode()
    send(editor, acme, value="blue", **{"values-TOTAL_FORMS": "3"}, **new)
    assert there() == [COLOR, SIZE]


def test_a_person_without_it_is_told_why_and_offered_no_box(
    editor: Client, acme: VariableSet
) -> None:
    page = editor.get(f"{PAGE}{acme.pk}/change/").content.decode()
    refused = send(editor, acme, suffix="colour").content.decode()

    assert "values-0-value" in page
    assert "values-0-DELETE" not in page
    assert f"this removes {COLOR}" in refused
    assert send(editor, acme, value="blue").status_code == 302
    assert there() == [COLOR, SIZE]
