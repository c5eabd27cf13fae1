"""Folded columns: always in step with the texts they are made of, and seen by nobody."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import FieldError
from django.db import IntegrityError, transaction
from django.db.models import F
from django.test import RequestFactory

from manage_api.operations import all_operations
from notes.models import Note, NoteTag
from syteops.adminkit.service_admin import ServiceAdmin
from syteops.audit.models import AuditEntry
from syteops.audit.snapshots import snapshot
from syteops.core.actors import SYSTEM
from syteops.core.folding import folded_fields
from syteops.core.records import Record
from syteops.core.search import search
from syteops.core.texts import LONGEST_CONTENT
from syteops.crm.services import create_crm_system, set_identifiers
from syteops.roles.models import Role
from syteops.roles.services import create_role
from syteops.team.models import TeamMember
from tests.each import each
from tests.fixtures import Api, signed_in
from tests.samples import all_samples

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).parents[2]
FOLDED = [one for one in apps.get_models() if folded_fields(one)]
NAMES = {field.name for model in FOLDED for field in folded_fields(model)}


def stored(item: Any, name: str) -> Any:
    return type(item)._base_manager.values_list(name, flat=True).get(pk=item.pk)


def a_note(**values: Any) -> Note:
    note: Note = Note.objects.create(**{"title": "Äpfel", "slug": "a", **values})
    return note


def test_there_are_some() -> None:
    assert {Note, NoteTag, Role, TeamMember, AuditEntry} <= {*FOLDED}
    assert "searched" in NAMES


@each("model", FOLDED)
def test_every_model_that_has_one_stores_it_with_what_it_is_made_of(model: Any) -> None:
    assert issubclass(model, Record)
    for field in folded_fields(model):
        for name in field.made_of:
            text = model(**{name: "MÜLLER"})
            assert getattr(text, field.name) == "muller", field


def test_it_follows_whichever_way_an_object_is_saved() -> None:
    note = a_note()
    assert (stored(note, "title_folded"), stored(note, "searched")) == ("apfel", "apfel")

    note.title = "Birnen"
    note.save()
    assert stored(note, "title_folded") == "birnen"

    note.title = "Çilek"
    note.save(update_fields=["title"])
    assert (stored(note, "title_folded"), stored(note, "searched")) == ("cilek", "cilek")

    partly = Note.objects.defer("searched", "title_folded").get()
    partly.title = "Ñame"
    partly.save()
    assert (stored(note, "title_folded"), stored(note, "searched")) == ("name", "name")

    NoteTag.objects.bulk_create([NoteTag(note=note, name="Übung")])
    tag = NoteTag.objects.get()
    assert stored(tag, "name_folded") == "ubung"
    tag.name = "Probe"
    NoteTag.objects.bulk_update([tag], ["name", "name_folded"])
    assert stored(tag, "name_folded") == "probe"


def test_what_it_is_not_made_of_leaves_it_alone() -> None:
    note = a_note()
    Note.objects.filter(pk=note.pk).update(title="changed by somebody else")
    note.status = "archived"
    note.save(update_fields=["status"])

    assert stored(note, "title") == "changed by somebody else"
    assert stored(note, "title_folded") == "apfel"


def test_no_other_column_can_be_searched() -> None:
    with pytest.raises(FieldError, match="has"):
        search(Note.objects.all(), ("title",), "a")


def test_nobody_can_set_it() -> None:
    note = a_note(title_folded="something else")
    assert (note.title_folded, stored(note, "title_folded")) == ("apfel", "apfel")


def test_a_full_name_that_is_left_out_is_that_of_first_and_last_name() -> None:
    member = TeamMember(first_name="Zoë", last_name="Çelik")
    assert member.full_name_folded == "zoe celik"
    member.full_name = "Dr. Zoë Ç."
    assert member.full_name_folded == "dr. zoe c."


def test_a_hostile_text_fits_into_the_index() -> None:
    member = TeamMember.objects.create(number=1, full_name="\ufdfa" * 200, email="a@example.com")
    assert 0 < len(stored(member, "full_name_folded")) <= 200
    note = a_note(content="\ufdfa" * LONGEST_CONTENT)
    assert len(stored(note, "searched")) <= 2 * LONGEST_CONTENT
    Role.objects.create(name="\U0001f600" * 60, slug="faces")


@each("operation", all_operations())
def test_no_operation_leaves_one_behind(api: Api, operation: Any) -> None:
    made = all_samples()[operation.name]()
    params = {**made.path, **made.params}
    api.dispatch(operation.name, params, confirm=True)
    for model in FOLDED:
        names = [field.name for field in folded_fields(model)]
        columns = {f"stored_{name}": F(name) for name in names}
        for item in model._base_manager.annotate(**columns):
            found = {name: getattr(item, f"stored_{name}") for name in names}
            assert found == {name: getattr(item, name) for name in names}, model


def updates() -> Iterator[tuple[str, set[str]]]:
    """Each call of a method `update` with names of columns, in the product."""
    for package in ("syteops", "manage_api", "notes", "estimates"):
        for file in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "update":
                    yield f"{file}:{node.lineno}", {one.arg for one in node.keywords if one.arg}


def test_nothing_changes_such_a_text_past_its_object() -> None:
    made_of = {name for model in FOLDED for field in folded_fields(model) for name in field.made_of}
    found = list(updates())
    assert any(names for _, names in found)
    assert [(where, names & made_of) for where, names in found if names & made_of] == []


def test_an_identifier_is_found_after_it_was_replaced(api: Api) -> None:
    create_crm_system(SYSTEM, name="HubSpot")
    member = TeamMember.objects.create(number=1)
    set_identifiers(member.pk, {"001": "old"})
    set_identifiers(member.pk, {"001": "Größe-7"})

    assert api.get("/team-members?search=grosse-7").json()["total"] == 1
    assert api.get("/team-members?search=old").json()["total"] == 0


# --- Seen by nobody ------------------------------------------------------------------------------


def test_no_audit_entry_shows_one(api: Api) -> None:
    assert not NAMES & snapshot(a_note()).keys()
    role = api.post("/roles", {"name": "Éditeur"}).json()["slug"]
    api.patch(f"/roles/{role}", {"name": "Écrivain"})
    api.delete(f"/roles/{role}?confirm=true")
    entries = AuditEntry.objects.filter(object_id=role)
    assert entries.count() == 3
    assert not any(NAMES & entry.changes.keys() for entry in entries)


def test_no_form_has_one(alice: User) -> None:
    request = RequestFactory().get("/admin/")
    request.user = alice
    seen = 0
    for page in admin.site._registry.values():
        if isinstance(page, ServiceAdmin):
            assert not NAMES & page.get_form(request)().fields.keys(), page
            seen += 1
    assert seen


def test_the_description_of_the_api_names_none(api: Api) -> None:
    described = api.get("/schema").content.decode()
    assert not [name for name in NAMES - {"searched"} if name in described]
    assert '"searched"' not in described


# --- Unique --------------------------------------------------------------------------------------


@pytest.mark.combination
def test_the_database_itself_keeps_names_apart() -> None:
    Role.objects.create(name="Éditeur", slug="one")
    with pytest.raises(IntegrityError), transaction.atomic():
        Role.objects.create(name="EDITEUR", slug="two")
    note = a_note()
    with pytest.raises(IntegrityError), transaction.atomic():
        NoteTag.objects.bulk_create(NoteTag(note=note, name=one) for one in ("é", "e\u0301"))


@pytest.mark.parametrize(
    "name", ["editeur", "E\u0301DITEUR", "Éditeur", "ｅditeur", "édi\u00adteur"]
)
def test_a_role_by_a_name_that_looks_alike_is_refused(api: Api, name: str) -> None:
    create_role(SYSTEM, name="Éditeur")
    other = create_role(SYSTEM, name="Writer").slug

    made, renamed = api.post("/roles", {"name": name}), api.patch(f"/roles/{other}", {"name": name})

    assert [(one.status_code, one.json()["code"]) for one in (made, renamed)] == [
        (409, "conflict")
    ] * 2
    assert "Éditeur" in made.json()["detail"]


def test_a_role_may_be_spelled_otherwise(api: Api) -> None:
    slug = create_role(SYSTEM, name="Editeur").slug
    assert api.patch(f"/roles/{slug}", {"name": "Éditeur"}).json()["role"]["name"] == "Éditeur"


def test_a_note_has_a_tag_once_however_it_is_spelled(api: Api) -> None:
    tags = ["Café", "cafe\u0301", "CAFE", "ﬁnance", "Finance", "straße", "STRASSE", "Ångström"]
    note = api.post("/notes", {"title": "T", "tags": tags}).json()
    assert note["tags"] == ["ångström", "café", "ﬁnance", "straße"]

    again = api.patch(f"/notes/{note['id']}", {"tags": ["cafe", "angstrom"]})
    assert again.json()["tags"] == ["angstrom", "cafe"]
    assert again.headers["SyteOps-Changed"] == "true"
    again = api.patch(f"/notes/{note['id']}", {"tags": ["ANGSTROM", "cafe"]})
    assert again.headers["SyteOps-Changed"] == "false"


@pytest.mark.parametrize("tag", ["CAFÉ", "cafe%CC%81", "%20cafe%20"])
def test_notes_are_found_by_a_tag_however_either_is_spelled(api: Api, tag: str) -> None:
    for title, spelled in (("one", "café"), ("two", "Cafe"), ("three", "cafes")):
        api.post("/notes", {"title": title, "tags": [spelled]})
    found = api.get(f"/notes?tag={tag}&ordering=title").json()["items"]
    assert [one["title"] for one in found] == ["one", "two"]


def test_the_admin_offers_a_tag_once(alice: User, api: Api) -> None:
    for title, spelled in (("one", "café"), ("two", "Cafe"), ("three", "Äpfel")):
        api.post("/notes", {"title": title, "tags": [spelled]})
    page = signed_in(alice).get("/admin/notes/note/?tag=cafe").context["cl"]
    assert {one.title for one in page.result_list} == {"one", "two"}
    [tags] = [one for one in page.filter_specs if one.title == "tag"]
    assert tags.lookup_choices == [("apfel", "äpfel"), ("cafe", "cafe")]
