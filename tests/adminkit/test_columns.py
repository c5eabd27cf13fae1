"""Each person chooses the columns of each list: which, and in which order."""

from typing import Any

import pytest
from django.contrib.admin import site
from django.contrib.auth.models import User
from django.test import Client

from syteops.adminkit.columns import name_of
from syteops.lists.models import ColumnChoice
from tests.fixtures import signed_in
from tests.samples.crm import a_system
from tests.samples.team import a_deleted_member, a_member

pytestmark = pytest.mark.django_db
SYSTEMS = "/admin/crm/crmsystem/"
MEMBERS = "/admin/team/teammember/"


def shown(client: Client, address: str) -> list[str]:
    """The columns of a list, without the box to choose a row."""
    answer: Any = client.get(address)
    names = [name_of(one) for one in answer.context["cl"].list_display]
    return [name for name in names if name != "action_checkbox"]


def choose(client: Client, place: str, *order: str, shown: Any = None, **also: str) -> Any:
    data = {"order": order, "shown": order if shown is None else shown, **also}
    return client.post(f"{place}columns/", data, follow=True)


LISTS = [
    model for model, page in site._registry.items() if not hasattr(page, "find_all")
]  # a catalogue has cards


@pytest.mark.parametrize("model", LISTS, ids=lambda one: one.__name__)
def test_the_columns_of_every_list_can_be_chosen_and_reset(alice: User, model: Any) -> None:
    client = signed_in(alice)
    place = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
    page: Any = client.get(place)
    if "cl" not in (page.context or {}):
        return  # it leads elsewhere
    own = shown(client, place)
    if len(own) < 2:
        assert client.get(f"{place}columns/").status_code == 403
        return
    assert f'href="{place}columns/"' in page.content.decode()

    wanted = own[::-1][:2]
    assert choose(client, place, *wanted).status_code == 200
    assert shown(client, place) == wanted
    choose(client, place, reset="")
    assert shown(client, place) == own
    assert not ColumnChoice.objects.exists()


def test_the_buttons_of_every_list_lead_on_with_what_is_asked_for(alice: User) -> None:
    client = signed_in(alice)
    for model in LISTS:
        place = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        page: Any = client.get(f"{place}?q=x")
        for one in (page.context or {}).get("actions_list") or ():
            path, _, query = one["path"].partition("?")
            assert query == "q=x" or (not query and not path.startswith(f"{place}columns")), one


def test_each_row_still_leads_to_its_object(alice: User) -> None:
    system = a_system()
    client = signed_in(alice)
    choose(client, SYSTEMS, "url", "code")

    assert shown(client, SYSTEMS) == ["url", "code"]
    assert f'href="{SYSTEMS}{system.pk}/change/"' in client.get(SYSTEMS).content.decode()


def test_what_one_chose_nobody_else_sees(alice: User, bob: User) -> None:
    own = shown(signed_in(bob), SYSTEMS)
    choose(signed_in(alice), SYSTEMS, "name")

    assert shown(signed_in(alice), SYSTEMS) == ["name"]
    assert shown(signed_in(bob), SYSTEMS) == own


def test_a_column_moves_up_and_down_without_a_script_and_nothing_is_stored_yet(alice: User) -> None:
    client = signed_in(alice)
    order = ("slot", "name", "code")

    answer = choose(client, SYSTEMS, *order, shown=["name"], move="name:up")
    names = [one["name"] for one in answer.context["columns"]]
    assert names[:3] == ["name", "slot", "code"]
    assert [one["name"] for one in answer.context["columns"] if one["is_shown"]] == ["name"]
    answer = choose(client, SYSTEMS, *order, move="name:down")
    assert [one["name"] for one in answer.context["columns"]][:3] == ["slot", "code", "name"]
    assert not ColumnChoice.objects.exists()


@pytest.mark.parametrize(
    "wrong", [[], ["api_key"], ["nothing"], ["\0"], ["__class__"], ["name\n"]], ids=repr
)
def test_no_other_column_is_chosen(alice: User, wrong: list[str]) -> None:
    """A secret, say, or what is no column at all."""
    client = signed_in(alice)
    own = shown(client, SYSTEMS)

    answer = choose(client, SYSTEMS, *wrong)

    assert "Choose at least one column." in answer.content.decode()
    assert shown(client, SYSTEMS) == own


@pytest.mark.parametrize("wrong", ["api_key", "name,api_secret", ",", "\0", "x" * 300, "pk"])
def test_an_address_shows_no_other_column_either(alice: User, wrong: str) -> None:
    a_system()
    client = signed_in(alice)
    assert shown(client, f"{SYSTEMS}?columns=url,name") == ["url", "name"]

    answer: Any = client.get(SYSTEMS, {"columns": wrong})

    assert answer.status_code == 302
    assert "columns" not in answer.headers["Location"]


def test_a_choice_outlives_columns_that_are_gone(alice: User) -> None:
    client = signed_in(alice)
    ColumnChoice.objects.create(person=alice, place="crm.crmsystem", columns=["gone", "name"])
    assert shown(client, SYSTEMS) == ["name"]
    ColumnChoice.objects.update(columns=["gone"])
    assert len(shown(client, SYSTEMS)) > 2


def test_the_button_of_a_row_stays_whatever_was_chosen(alice: User) -> None:
    a_member()
    a_deleted_member()
    client = signed_in(alice)
    choose(client, MEMBERS, "email")

    assert shown(client, MEMBERS) == ["email"]
    assert shown(client, f"{MEMBERS}?state=deleted") == ["email", "restore_now"]


def test_whoever_may_not_see_a_list_chooses_none_of_its_columns(bob: User) -> None:
    assert choose(signed_in(bob), MEMBERS, "name").status_code == 403
    assert not ColumnChoice.objects.exists()
