from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from syteops.audit.models import AuditEntry
from syteops.automation import queries, services
from syteops.automation.models import Variable, VariableSet
from syteops.core.actors import SYSTEM
from syteops.crm import services as crm
from syteops.team.models import TeamMember
from syteops.team.queries import published_values
from tests.each import each
from tests.effort import at_most

VARIABLES = "/admin/automation/variable/"
SETS = "/admin/automation/variableset/"
CATALOGUE = f"{VARIABLES}catalogue/"


def of_sets() -> dict[str, str]:
    """The variables of all sets, as automations get them."""
    return {one.name: one.value for one in queries.catalogue(source="svs")}


def rows(*values: dict[str, Any], initial: int = 0) -> dict[str, Any]:
    """The inline of a set's form."""
    fields = {
        f"values-{index}-{name}": value
        for index, row in enumerate(values)
        for name, value in row.items()
    }
    return {"values-TOTAL_FORMS": len(values), "values-INITIAL_FORMS": initial, **fields}


def test_a_variable_is_added_changed_and_deleted_through_the_services(page: Client) -> None:
    page.post(f"{VARIABLES}add/", {"key": "greeting", "value": "Hi", "description": ""})
    variable = Variable.objects.get()
    assert variable.value == "Hi"

    # A changed key would go unnoticed by every automation, so it is not taken.
    sent = {"key": "other", "value": "two\r\nlines ", "description": "d"}
    page.post(f"{VARIABLES}{variable.pk}/change/", sent)
    variable.refresh_from_db()
    assert (variable.key, variable.value, variable.description) == ("greeting", "two\nlines ", "d")

    page.post(f"{VARIABLES}{variable.pk}/change/", sent)
    page.post(f"{VARIABLES}{variable.pk}/delete/", {"post": "yes"})
    assert not Variable.objects.exists()
    entries = AuditEntry.objects.filter(object_resource="variables").order_by("id")
    events = ["variable.created", "variable.updated", "variable.deleted"]
    assert [one.event for one in entries] == events
    assert {(one.door, one.actor_label) for one in entries} == {("admin", "alice")}


@pytest.mark.parametrize(
    "sent",
    [
        {"key": "Bad Key", "value": "x"},
        {"key": "export", "value": "x"},
        {"key": "taken", "value": "x"},
        {"key": "a", "value": "  "},
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(page: Client, sent: dict[str, str]) -> None:
    services.create_variable(SYSTEM, key="taken", value="first")
    answer = page.post(f"{VARIABLES}add/", {**sent, "description": ""})
    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors
    assert Variable.objects.get().value == "first"


def test_a_set_and_its_values_are_stored_as_one_change(page: Client) -> None:
    color = {"suffix": "color", "type": "text", "value": "red"}
    big = {"suffix": "big", "type": "boolean", "value": "yes"}
    page.post(f"{SETS}add/", {"name": "Acme", "acronym": "acme", **rows(color, big)})
    made = VariableSet.objects.get()
    assert of_sets() == {"syteops_acme_svs_big": "true", "syteops_acme_svs_color": "red"}

    first, second = made.values.all()
    changed = rows(
        {"id": first.pk, "set": made.pk, "suffix": "big", "type": "number", "value": "3"},
        {"id": second.pk, "set": made.pk, **color, "DELETE": "on"},
        initial=2,
    )
    page.post(f"{SETS}{made.pk}/change/", {"name": "Acme", "acronym": "corp", **changed})
    assert of_sets() == {"syteops_corp_svs_big": "3"}
    entries = AuditEntry.objects.filter(object_resource="variable_sets").order_by("id")
    assert [one.event for one in entries] == ["variable_set.created", "variable_set.updated"]

    page.post(f"{SETS}{made.pk}/delete/", {"post": "yes"})
    assert of_sets() == {}


def test_a_value_of_the_wrong_type_is_shown_in_its_row_and_nothing_is_stored(
    page: Client,
) -> None:
    wrong = {"suffix": "size", "type": "number", "value": "huge"}
    answer = page.post(f"{SETS}add/", {"name": "Acme", "acronym": "acme", **rows(wrong)})
    assert answer.status_code == 200
    assert "Write a number such as 12 or -0.5." in answer.content.decode()
    assert not VariableSet.objects.exists()


def test_a_reserved_acronym_is_refused_beside_its_field(page: Client) -> None:
    answer = page.post(f"{SETS}add/", {"name": "Acme", "acronym": "std", **rows()})
    assert "acronym" in answer.context["adminform"].form.errors
    assert not VariableSet.objects.exists()


def test_the_catalogue_page_shows_every_variable_and_family(page: Client) -> None:
    crm.create_crm_system(SYSTEM, name="<b>HubSpot</b>")
    services.create_variable(SYSTEM, key="greeting", value="Hi")
    shown = page.get(CATALOGUE).content.decode()
    assert "syteops_std_crm_001_name" in shown
    assert "&lt;b&gt;HubSpot&lt;/b&gt;" in shown
    assert "<b>HubSpot</b>" not in shown
    assert "syteops_api_greeting" in shown
    assert "syteops_&lt;acronym&gt;_svs_&lt;suffix&gt;" in shown
    assert CATALOGUE in page.get(VARIABLES).content.decode()


@each("place", [VARIABLES, CATALOGUE])
def test_values_of_marks_alone_are_shown_at_once(page: Client, place: str) -> None:
    """To write so many in their order takes Unicode's own normalization half a second each."""
    marks = "a" + "\u0316\u0300" * 4_999
    for number in range(5):
        services.create_variable(SYSTEM, key=f"marks_{number}", value=marks)
    page.get(place)  # what is done once in a process is not measured
    with at_most(1.0, place):
        shown = page.get(place).content.decode()
    assert f"{marks[:119]}…" in shown
    assert marks[:120] not in shown


def test_the_catalogue_page_is_searched_filtered_and_paged(page: Client) -> None:
    for number in range(101):
        services.create_variable(SYSTEM, key=f"k{number:03}", value="x")
    crm.create_crm_system(SYSTEM, name="HubSpot")

    first = page.get(CATALOGUE, {"source": "api"})
    assert (len(first.context["page"]), first.context["page"].paginator.count) == (100, 101)
    assert "source=api&amp;page=2" in first.content.decode()
    last = page.get(CATALOGUE, {"source": "api", "page": "2"})
    assert [one.name for one in last.context["page"]] == ["syteops_api_k100"]
    found = page.get(CATALOGUE, {"search": "hubspot"})
    assert {one.source for one in found.context["page"]} == {"crm"}


def test_of_very_many_variables_no_more_are_derived_than_are_shown(
    page: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("syteops.automation.admin.PAGE_SIZE", 5)
    monkeypatch.setattr("syteops.automation.queries.FEW", 5)
    monkeypatch.setattr("syteops.core.variables.PIECE", 4)
    members = [TeamMember(number=n, first_name=f"Ada {n}") for n in range(1, 41)]
    TeamMember.objects.bulk_create(members)
    told, values = set[int](), published_values

    def noted(member: TeamMember) -> dict[str, str]:
        told.add(member.pk)
        return values(member)

    monkeypatch.setattr("syteops.team.variables.published_values", noted)

    def shown(**query: Any) -> tuple[list[str], str]:
        answer = page.get(CATALOGUE, {"source": "team", **query})
        return [one.name for one in answer.context["page"]], answer.content.decode()

    first, text = shown()
    assert "More than 10 variables" in text
    assert "Page 1</span>" in text
    assert 0 < len(told) <= 8
    walked, number = first, 1
    while f"page={number + 1}" in text:
        number += 1
        found, text = shown(page=number)
        walked = [*walked, *found]
    assert sorted(walked) == [one.name for one in queries.catalogue(source="team")]
    assert f"Page {number} of {number}</span>" in text

    found, text = shown(search="ada 40")
    assert {one[:17] for one in found} == {"syteops_user_040_"}
    assert "More than" not in text


def test_without_the_permission_there_is_no_catalogue_page(client: Client, bob: User) -> None:
    client.force_login(bob)
    assert client.get(CATALOGUE).status_code == 403
    assert client.get(VARIABLES).status_code == 403

    bob.user_permissions.add(Permission.objects.get(codename="view_variable"))
    client.force_login(User.objects.get(pk=bob.pk))
    assert client.get(CATALOGUE).status_code == 200
    assert client.post(f"{VARIABLES}add/", {"key": "a", "value": "x"}).status_code == 403
    assert not Variable.objects.exists()


def test_whoever_may_change_and_add_sets_may_give_them_values(client: Client, bob: User) -> None:
    codenames = ("view_variableset", "change_variableset", "add_variableset")
    bob.user_permissions.add(*Permission.objects.filter(codename__in=codenames))
    made = services.create_variable_set(SYSTEM, name="Acme", acronym="acme")
    client.force_login(bob)
    new = rows({"suffix": "color", "type": "text", "value": "red"})
    client.post(f"{SETS}{made.pk}/change/", {"name": "Acme", "acronym": "acme", **new})
    assert of_sets() == {"syteops_acme_svs_color": "red"}


@pytest.mark.parametrize("address", [VARIABLES, SETS])
def test_lists_cost_the_same_number_of_queries_however_long(
    page: Client, address: str, django_assert_max_num_queries: Any
) -> None:
    for number in range(20):
        services.create_variable(SYSTEM, key=f"k{number}", value="x")
        value = {"suffix": "a", "type": "text", "value": "x"}
        services.create_variable_set(SYSTEM, name="Set", acronym=f"set{number}", values=[value])
    with django_assert_max_num_queries(21):
        assert page.get(address).status_code == 200
