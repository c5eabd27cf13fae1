"""The manifest is exact for its caller, and says enough to make each call."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User

from manage_api.operations import Operation, all_operations, all_scopes
from tests.fixtures import API, Api
from tests.manage_api.faces import FACES, as_person
from tests.samples import Sample

pytestmark = pytest.mark.usefixtures("generous_budgets")

OLD_ADDRESS = "/wp-json/syteops/v1/manage"


def listed(api: Api) -> set[str]:
    entries = api.get("/manifest").json()["data"]
    return {f"{one['resource']}.{one['action']}" for one in entries}


def refuses(api: Api, operation: Operation) -> bool:
    """Whether the caller lacks the right, whatever else is wrong with an empty call."""
    nowhere = Sample(dict.fromkeys(operation.path_params, "999"))
    answers = [
        face.call(api, operation, nowhere, dry_run=operation.writes) for face in FACES.values()
    ]
    verdicts = {answer.status in (401, 403) for answer in answers}
    assert len(verdicts) == 1
    return verdicts.pop()


def check_exact(api: Api) -> None:
    shown = listed(api)
    for operation in all_operations():
        assert refuses(api, operation) == (operation.name not in shown), operation.name


@pytest.mark.parametrize("seed", range(6))
def test_it_is_exact_for_any_set_of_scopes(make_key: Callable[..., str], seed: int) -> None:
    scopes = all_scopes()
    chosen = random.Random(seed).sample(scopes, k=1 + seed * len(scopes) // 6)

    api = Api(make_key(*chosen))

    assert listed(api) == {one.name for one in all_operations() if one.scope in chosen}
    check_exact(api)


def test_it_lists_everything_for_the_site_key(api: Api) -> None:
    assert listed(api) == {one.name for one in all_operations()}


@pytest.mark.parametrize("seed", range(3))
def test_it_is_exact_for_any_permissions_of_a_person(bob: User, seed: int) -> None:
    everything = list(Permission.objects.order_by("pk"))
    bob.user_permissions.set(random.Random(seed).sample(everything, k=len(everything) // 2))

    check_exact(as_person(bob))


def test_it_is_empty_for_those_without_rights(charlie: User) -> None:
    assert listed(as_person(charlie)) == set()


def test_an_inactive_module_is_left_out(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    modules = {one.module for one in all_operations() if one.module}
    monkeypatch.setattr("manage_api.permissions.inactive_modules", lambda: modules)

    assert listed(api) == {one.name for one in all_operations() if not one.module}
    check_exact_modules_away(api, modules)


def check_exact_modules_away(api: Api, modules: set[str]) -> None:
    assert modules
    for operation in all_operations():
        if operation.module in modules:
            path = dict.fromkeys(operation.path_params, "999")
            for face in FACES.values():
                assert face.call(api, operation, Sample(path)).code == "module_inactive"


def test_each_entry_says_all_that_a_tool_needs(api: Api) -> None:
    by_name = {one.name: one for one in all_operations()}
    entries = api.get("/manifest?fields=full").json()["data"]
    assert entries
    for entry in entries:
        operation = by_name[f"{entry['resource']}.{entry['action']}"]
        assert entry["summary"]
        assert entry["capability"] == operation.scope
        assert entry["destructive"] == operation.destructive
        assert entry["http"] == {"method": operation.method, "path": API + operation.path}
        params = entry["params"]
        assert params["type"] == "object"
        assert params["additionalProperties"] is False
        assert set(operation.path_params) <= set(params["required"])
        assert set(entry["secret_keys"]) <= set(params["properties"])
        assert "$ref" not in str(entry)


def test_only_writes_carry_secrets() -> None:
    carriers = [one for one in all_operations() if one.secret_keys]
    assert carriers
    assert all(one.writes for one in carriers)


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ("/manifest?fields=full", "/manifest"),  # its tools know the full form
        ("/manifest", "/manifest?fields=compact"),
        ("/manifest?fields=full&resource=crm", "/manifest?resource=crm"),
        ("/dispatch?resource=crm&action=list", "/dispatch?resource=crm&action=list"),
    ],
)
def test_the_address_of_the_older_product_answers_alike(api: Api, here: str, there: str) -> None:
    ours, theirs = api.get(here), api.get(OLD_ADDRESS + there)

    assert ours.status_code == theirs.status_code == 200
    assert _steady(ours.json()) == _steady(theirs.json())


def test_the_older_address_writes_alike_and_refuses_alike(api: Api) -> None:
    body: dict[str, Any] = {"resource": "crm", "action": "create", "params": {"name": "One"}}

    made = api.post(f"{OLD_ADDRESS}/dispatch", body).json()

    assert (made["ok"], made["changed"], made["data"]["crm_num"]) == (True, True, "001")
    wrong = {**body, "params": {"nme": 1}}
    for address in ("/dispatch", f"{OLD_ADDRESS}/dispatch"):
        assert api.post(address, wrong).json()["code"] == "validation_error"
        assert Api().post(address, body).status_code == 401
    assert Api().get(f"{OLD_ADDRESS}/manifest").status_code == 401
    assert api.get(f"{OLD_ADDRESS}/whoami").status_code == 404


def _steady(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name != "request_id"}
