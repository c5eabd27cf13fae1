"""Every search and every order of texts is by their folding, at every door, on any database."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import connection, models
from django.test import RequestFactory

from estimates.models import Estimate
from manage_api.operations import Operation, all_operations
from notes.models import Note, NoteTag
from syteops.adminkit.catalogue import CatalogueAdmin
from syteops.adminkit.strict import StrictAdmin
from syteops.ai.models import AiAreaSettings, AiProvider, AiUsage
from syteops.audit.models import AuditEntry
from syteops.automation.models import Variable, VariableSet, VariableSetValue
from syteops.automation.services import create_variable
from syteops.core.actors import SYSTEM
from syteops.core.folding import FoldedField, ordered_by
from syteops.crm.models import CrmSystem
from syteops.lib.folding import fold
from syteops.people.admin import AuditedAdmin
from syteops.roles.models import Role
from syteops.team.models import TeamMember
from syteops.webhooks.models import Webhook
from tests.core.text_holders import NEEDED, PARTS, made, made_with
from tests.each import each, undone
from tests.fixtures import Api, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.combination]

# What is stored, and what is searched for.
ALIKE = [
    ("Müller", "MÜLLER"),
    ("Müller", "Mu\u0308ller"),
    ("Mu\u0308ller", "müller"),
    ("MÜLLER", "muller"),
    ("muller", "Müller"),
    ("Иванов", "ИВАНОВ"),
    ("ИВАНОВ", "иванов"),
    ("ﬁnance", "FINANCE"),
    ("finance", "ﬁnance"),
    ("İzmir", "izmir"),
    ("izmir", "İZMİR"),
    ("Straße", "STRASSE"),
    ("STRASSE", "straße"),
    ("Äpfel", "apfel"),
    ("apfel", "ÄPFEL"),
    ("100%_\\", "100%_\\"),
]
TEXTS = [
    "Zebra", "apple", "Banana", "Äpfel", "STRASSE", "straße", "иван", "ИВАНОВ", "Éclair",
    "e\u0301clair", "ﬁnal", "final", "İzmir", "izmir", "_x", "-x", "x y", "xa",
]  # fmt: skip
# Columns of identifiers and addresses: their characters are those of ASCII, in one case.
PLAIN: dict[Any, set[str]] = {
    Role: {"slug"},
    CrmSystem: {"url"},
    AiProvider: {"slug", "base_url"},
    AiAreaSettings: {"area"},
    AiUsage: {"area", "provider"},
    VariableSet: {"acronym"},
    VariableSetValue: {"suffix"},
    Variable: {"key"},
    Estimate: {"number"},
    AuditEntry: {"address"},
    Webhook: {"url"},
}
PLAIN_TEXTS = ["b1", "a1", "ab", "ac"]
AREAS = ["notes.summary", "estimates.line_items", "notes.action_items"]


def places(model: Any, fields: Any) -> Iterator[str]:
    """The paths of all columns with texts that a search looks into, and which all are folded."""
    for path in fields:
        part, _, name = path.rpartition("__")
        owner = PARTS[part][0] if part else model
        if path.startswith("="):  # as a whole, and an identifier
            assert model is AuditEntry
            continue
        field = owner._meta.get_field(name)
        if not part and isinstance(field, models.IntegerField):  # a number is found as it is
            continue
        assert isinstance(field, FoldedField), f"{model.__name__}: {path}"
        for source in field.made_of:
            if source not in PLAIN.get(owner, ()):
                yield f"{part}__{source}" if part else source


# --- The API -------------------------------------------------------------------------------------


def lists_with(param: str) -> list[Operation]:
    inputs: list[Any] = [(one, one.input) for one in all_operations() if one.input]
    found = [one for one, form in inputs if param in form().fields]
    return [
        one for one in found if hasattr(one.viewset, "ordering_fields") and one.access == "read"
    ]


def listed(api: Api, operation: Operation, model: Any, **params: str) -> list[Any]:
    """The primary keys of what the list answers, in its order."""
    answer = api.dispatch(operation.name, params).json()
    assert answer["ok"], answer
    rows = answer["data"][operation.viewset.list_name]
    if model is TeamMember:
        return [TeamMember.objects.get(number=int(row["user_num"])).pk for row in rows]
    return [row["id"] for row in rows]


SEARCHED = [one for one in lists_with("search") if one.resource != "variables"]
ORDERED = [
    (operation, name)
    for operation in lists_with("ordering")
    for name in operation.viewset.ordering_fields  # type: ignore[attr-defined]
]


def test_the_lists_are_those_that_are_known() -> None:
    assert {one.name for one in lists_with("search")} == {
        "users.list", "notes_items.list", "notes_items.list_actions", "estimates_items.list",
        "variables.catalog", "webhooks.list",
    }  # fmt: skip
    assert len(ORDERED) > 15


@pytest.mark.parametrize("operation", SEARCHED, ids=lambda one: one.name)
def test_the_api_finds_what_is_alike(api: Api, operation: Operation) -> None:
    view: Any = operation.viewset
    model = view.model()
    made(model)
    paths = {*places(model, view.search_fields)}
    for text, asked in ALIKE:
        with undone():
            items = {path: made_with(model, path, text).pk for path in paths}
            found = listed(api, operation, model, search=asked)
            assert sorted(found) == sorted(items.values()), (text, asked, items)


@pytest.mark.parametrize("search", ["", " ", "´", "\u0301", "\u00a0¨"])
def test_a_search_without_anything_to_compare_is_none(api: Api, search: str) -> None:
    made(Note)
    for operation in SEARCHED:
        answer = api.dispatch(operation.name, {"search": search}).json()
        assert answer["ok"], answer
    [notes] = [one for one in SEARCHED if one.name == "notes_items.list"]
    assert listed(api, notes, Note, search=search)


@pytest.mark.parametrize(("operation", "name"), ORDERED, ids=lambda one: getattr(one, "name", one))
def test_the_api_orders_texts_by_their_folding(api: Api, operation: Operation, name: str) -> None:
    view: Any = operation.viewset
    model = view.model()
    column = view.ordering_fields[name] or name
    if not isinstance(column, str) or not is_text(model, column):
        return
    folded = [one.sources for one in model._meta.fields if isinstance(one, FoldedField)]
    assert (column,) in folded, column
    items = [made(model, **{column: text}) for text in TEXTS]
    tie = view.ordering_tie_break
    items.sort(key=lambda one: getattr(one, tie.removeprefix("-")), reverse=tie.startswith("-"))
    for sign in ("", "-"):
        items.sort(key=lambda one: fold(getattr(one, column)), reverse=bool(sign))
        found = listed(api, operation, model, ordering=f"{sign}{name}", per_page=str(200))
        assert found == [one.pk for one in items]


def is_text(model: Any, column: str) -> bool:
    field = model._meta.get_field(column)
    return isinstance(field, models.CharField | models.TextField) and not field.choices


@pytest.mark.parametrize(
    ("model", "name", "index"),
    [
        (Note, "title", "notes_by_title"),
        (Estimate, "title", "estimates_by_title"),
        (Estimate, "client_name", "estimates_by_client_name"),
        (TeamMember, "full_name", "team_by_full_name"),
        (TeamMember, "email", "team_by_email"),
    ],
)
@pytest.mark.parametrize("descending", [False, True])
def test_an_index_has_the_order(model: Any, name: str, index: str, descending: bool) -> None:
    ordered = ordered_by(model, name, descending=descending)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":  # which would not open an index for no row
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("SET LOCAL enable_sort = off")
    plan = model._base_manager.order_by(ordered, "-pk").explain()
    assert index in plan, plan


def test_an_index_has_the_notes_of_a_tag() -> None:
    plan = NoteTag.objects.order_by().filter(name_folded="Über").explain()
    assert "notes_by_tag" in plan or connection.vendor == "postgresql", plan


def test_roles_are_listed_in_the_order_of_their_names(api: Api) -> None:
    for name in ("Zebra", "apple", "Banana", "Äpfel"):
        made(Role, name=name)
    found = [one["name"] for one in api.get("/roles").json()["roles"] if not one["system"]]
    assert found == ["Äpfel", "apple", "Banana", "Zebra"]


@each(("text", "asked"), ALIKE)
def test_the_catalogue_of_variables_finds_what_is_alike(api: Api, text: str, asked: str) -> None:
    create_variable(SYSTEM, key="one", value=f"Frau {text}", description="d")
    create_variable(SYSTEM, key="two", value="v", description=f"von {text}")
    create_variable(SYSTEM, key="three", value="v")

    found = api.dispatch("variables.catalog", {"search": asked}).json()["data"]["variables"]

    assert {one["name"] for one in found} == {"syteops_api_one", "syteops_api_two"}


# --- The admin -----------------------------------------------------------------------------------


ADMINS = {
    model: page
    for model, page in admin.site._registry.items()
    if isinstance(page, StrictAdmin) and not isinstance(page, CatalogueAdmin) and model in NEEDED
}


def test_every_list_of_the_admin_is_tried() -> None:
    others = {
        model.__name__
        for model, page in admin.site._registry.items()
        if model not in ADMINS and not isinstance(page, CatalogueAdmin)
    }
    # The areas are fixed, keys have pages of their own, tasks, deliveries and invitations hold no
    # text that is folded, and of the others there is one.
    of_their_own = {"AiAreaSettings", "ManageKey", "BackgroundTask", "Delivery", "Invitation"}
    assert others == {*of_their_own, "License", "Connection"}


def shown(person: User, model: Any, **query: str) -> list[Any]:
    """The primary keys that the admin's list shows, in its order."""
    return [one.pk for one in changelist(person, model, **query).result_list]


def changelist(person: User, model: Any, **query: str) -> Any:
    request = RequestFactory().get("/admin/", {"all": "", **query})
    request.user = person
    return ADMINS[model].get_changelist_instance(request)


@pytest.mark.parametrize("model", [m for m, one in ADMINS.items() if one.search_fields])
def test_the_admin_finds_what_is_alike(alice: User, model: Any) -> None:
    page: Any = ADMINS[model]
    other = made(model)
    unfolded = isinstance(page, AuditedAdmin)
    paths = {*(page.search_fields if unfolded else places(model, page.search_fields))}
    for text, asked in ALIKE:
        with undone():
            items = {path: made_with(model, path, text).pk for path in paths}
            found = shown(alice, model, q=asked)
            assert sorted(found) == sorted(items.values()), (text, asked, items)
    assert other.pk in shown(alice, model, q="´")


def orders(person: User, model: Any) -> Iterator[tuple[int, str]]:
    """The number and the column of each text that the list can be ordered by."""
    found = changelist(person, model)
    for number, name in enumerate(found.list_display):
        column = found.get_ordering_field(name)
        is_column = isinstance(column, str) and column in {one.name for one in model._meta.fields}
        if is_column and is_text(model, column):
            yield number, column


@pytest.mark.parametrize("model", ADMINS)
def test_the_admin_orders_texts_by_their_folding(alice: User, model: Any) -> None:
    for number, column in orders(alice, model):
        texts = TEXTS
        if column in PLAIN.get(model, ()):
            texts = AREAS if column == "area" else PLAIN_TEXTS
        elif not isinstance(ADMINS[model], AuditedAdmin):
            folded = [one.sources for one in model._meta.fields if isinstance(one, FoldedField)]
            assert (column,) in folded, f"{model.__name__}.{column}"
        if model is Role:
            texts = list({fold(text): text for text in texts}.values())  # each name once
        items = [made(model, **{column: text}) for text in texts]
        wanted = {one.pk: fold(getattr(one, column)) for one in items}
        for sign in ("", "-"):
            found = [pk for pk in shown(alice, model, o=f"{sign}{number}") if pk in wanted]
            order = [wanted[pk] for pk in found]
            assert order == sorted(wanted.values(), reverse=bool(sign)), (column, sign)
        model._base_manager.filter(pk__in=wanted).delete()


def test_the_areas_of_ai_are_found_and_in_order(alice: User) -> None:
    client, address = signed_in(alice), "/admin/ai/aiareasettings/?q=NOTES."
    number = client.get(address).context["cl"].list_display.index("title")
    for order in "", "-":
        listed = client.get(f"{address}&o={order}{number}").context["cl"]
        found = [one.area for one in listed.result_list]
        assert found == sorted(["notes.action_items", "notes.summary"], reverse=order == "-")


def test_what_has_no_value_comes_last_in_the_admin(alice: User) -> None:
    dated, undated = made(Note, meeting_date="2026-11-01"), made(Note)
    found = changelist(alice, Note)
    number = list(found.list_display).index("meeting_date")
    assert shown(alice, Note, o=f"{number}") == [dated.pk, undated.pk]
    assert shown(alice, Note, o=f"-{number}") == [dated.pk, undated.pk]


def test_identifiers_are_in_the_order_of_their_characters(alice: User) -> None:
    slugs = ["a-b", "a_b", "ab", "a1"]
    items = {made(AiProvider, slug=slug).pk: slug for slug in slugs}
    number = list(changelist(alice, AiProvider).list_display).index("slug")
    found = [items[pk] for pk in shown(alice, AiProvider, o=str(number)) if pk in items]
    assert found == sorted(slugs)


def test_many_people_are_listed_and_found(alice: User) -> None:
    User.objects.bulk_create(User(username=f"u{n}", last_name=f"Ä{n:05}") for n in range(3000))
    page = signed_in(alice).get("/admin/auth/user/?o=2&q=a02999")
    assert [one.username for one in page.context["cl"].result_list] == ["u2999"]


def test_the_trail_is_searched_by_whole_identifiers(alice: User) -> None:
    entry = made(AuditEntry, object_id="42", object_label="Müller", request_id="abc-def")
    made(AuditEntry, object_id="421", object_label="Meier")
    for asked in ("42", "42 MULLER", "ABC-DEF"):
        assert shown(alice, AuditEntry, q=asked) == [entry.pk], asked
    assert shown(alice, AuditEntry, q="4") == []
