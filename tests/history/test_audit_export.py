"""The audit trail as files: the very entries that audit.list shows, and no formulas."""

import csv
import io
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from syteops.audit.models import AuditEntry
from syteops.audit.services import record_refusal
from syteops.core.actors import SYSTEM
from syteops.crm import services as crm
from syteops.crm.models import CrmSystem
from syteops.history.export import COLUMNS
from syteops.lib.cells import ACTIVE, inert
from syteops.team import services as team
from tests.each import each
from tests.fixtures import Api, signed_in
from tests.samples.crm import a_system
from tests.samples.team import a_member

pytestmark = pytest.mark.django_db

LIST = "/admin/audit/auditentry/"
QUERIES = ["", "resource=crm", "resource=users&outcome=changed", "until=2020-01-01T00:00:00Z"]


@pytest.fixture
def trail(db: None) -> None:
    system = crm.update_crm_system(SYSTEM, a_system(), name='=HYPERLINK("http://evil.example","x")')
    crm.set_secrets(SYSTEM, system, api_key="a-very-secret-key")
    a_member(first_name="+Ada, \"the\" 'first'", biography="one\ntwo\r\n=three")
    record_refusal(SYSTEM, "crm", "@sum", "not_found", label="'quoted")


def listed(api: Api, query: str) -> Any:
    return api.get(f"/audit?per_page=200&{query}").json()["entries"]


def from_csv(text: str) -> list[dict[str, Any]]:
    """What a careful reader of the CSV gets."""
    found = []
    for cells in csv.DictReader(io.StringIO(text, newline="")):
        row: dict[str, Any] = {name: text.removeprefix("'") for name, text in cells.items()}
        actor = {name: row.pop(f"actor_{name}") for name in ("kind", "id", "label")}
        row |= {"id": int(row["id"]), "changes": json.loads(row["changes"]), "actor": actor}
        found.append(row)
    return found


def from_json_lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.split("\n") if line]


FORMS: dict[str, Callable[[str], Any]] = {
    "csv": from_csv,
    "jsonl": from_json_lines,
    "json": lambda text: json.loads(text)["entries"],
}


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("form", FORMS)
def test_each_form_holds_what_the_list_shows(api: Api, trail: None, form: str, query: str) -> None:
    answer = api.get(f"/audit/export?format={form}&{query}")
    accepted = api.get(f"/audit/export?{query}", Accept=answer.headers["Content-Type"])
    assert accepted.content == answer.content
    assert accepted.headers["Content-Type"] == answer.headers["Content-Type"]

    assert answer.status_code == 200
    assert FORMS[form](answer.content.decode()) == listed(api, query)
    assert "a-very-secret-key" not in answer.content.decode()
    through_dispatch = api.dispatch("audit.export", {"format": form, "resource": "crm"}).json()
    if form != "json":
        shown = FORMS[form](through_dispatch["data"])
        assert [one for one in shown if one["object"]] == listed(api, "resource=crm")


@pytest.mark.parametrize("form", FORMS)
def test_it_holds_what_may_be_read_and_no_more(
    make_key: Callable[..., str], trail: None, form: str
) -> None:
    reader = Api(make_key("audit:read", "crm:read"))

    answer = reader.get(f"/audit/export?format={form}")

    found = FORMS[form](answer.content.decode())
    assert found == listed(reader, "")
    assert {one["resource"] for one in found} == {"crm"}
    assert "Ada" not in answer.content.decode()


@pytest.mark.parametrize("form", FORMS)
def test_it_holds_no_values_of_others_that_the_list_keeps_back(
    api: Api, make_key: Callable[..., str], trail: None, form: str
) -> None:
    member, system = a_member(), a_system()
    team.update_team_member(SYSTEM, member, crm_ids={system.slot: "Ada-1"})
    crm.delete_crm_system(SYSTEM, system)
    reader = Api(make_key("audit:read", "crm:read"))

    answer = reader.get(f"/audit/export?format={form}&event=crm_system.deleted")

    [found] = FORMS[form](answer.content.decode())
    [all_of_it] = listed(api, "event=crm_system.deleted")
    assert all_of_it["changes"].keys() - found["changes"].keys() == {"identifiers"}
    assert "Ada-1" not in answer.content.decode()


def test_its_columns_are_those_documented(api: Api, trail: None) -> None:
    answer = api.get("/audit/export?format=csv")

    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.content.decode().splitlines()[0] == ",".join(COLUMNS)


@pytest.mark.parametrize("first", [*ACTIVE, "'"])
def test_no_cell_is_a_formula(first: str) -> None:
    assert inert(f"{first}1+1") == f"'{first}1+1"
    assert inert(f"1{first}1") == f"1{first}1"


@each("parted_by", [";", "\t", "|", "\n", "\r"])
@each("first", [*ACTIVE, "'"])
def test_no_cell_is_a_formula_for_who_parts_cells_by_something_else(
    parted_by: str, first: str
) -> None:
    assert inert(f"1{parted_by}{first}1") == f"1{parted_by}'{first}1"
    assert inert(f"1{parted_by}1;1") == f"1{parted_by}1;1"


@pytest.mark.parametrize("parted_by", [",", ";", "\t", "|"])
@given(text=st.text(alphabet=[*ACTIVE, *";|,\"' 1"], max_size=12))
def test_however_a_line_is_read_no_cell_is_a_formula(parted_by: str, text: str) -> None:
    line = io.StringIO()
    csv.writer(line).writerow(["1", inert(text), "2"])
    rows = csv.reader(line.getvalue().splitlines(keepends=True), delimiter=parted_by)
    assert not [cell for row in rows for cell in row if cell.startswith(ACTIVE)]


@pytest.mark.parametrize(("limit", "most"), [("MOST_EXPORTED", 2), ("MOST_BYTES", 300)])
def test_more_than_fit_into_an_answer_are_refused(
    api: Api, trail: None, monkeypatch: pytest.MonkeyPatch, limit: str, most: int
) -> None:
    monkeypatch.setattr(f"syteops.history.export.{limit}", most)

    refused = api.get("/audit/export").json()

    assert [(one["pointer"], one["code"]) for one in refused["errors"]] == [
        ("#/since", "out_of_range")
    ]
    assert api.get("/audit/export?resource=users").status_code == 200


# --- In the admin ----------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_the_buttons_send_what_the_list_shows(
    api: Api, page: Client, trail: None, form: str
) -> None:
    query = "object_resource=crm"
    address = f"{LIST}export-{form}/?{query}"
    assert f'href="{address}"' in page.get(f"{LIST}?{query}").content.decode()

    answer = page.get(address)

    assert answer.headers["Content-Disposition"] == f'attachment; filename="audit.{form}"'
    text = answer.getvalue().decode()
    assert FORMS[form](text) == listed(api, "resource=crm")


def test_a_person_exports_what_they_may_read(bob: User, trail: None) -> None:
    browser = signed_in(bob)
    assert browser.get(f"{LIST}export-csv/").status_code == 403
    bob.user_permissions.add(Permission.objects.get(codename="view_auditentry"))

    text = browser.get(f"{LIST}export-csv/").getvalue().decode()

    # The trail itself is there because of the refusal above.
    assert {one["resource"] for one in from_csv(text)} == {"audit", "crm"}
    assert AuditEntry.objects.filter(object_resource="users").exists()


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_neither_does_a_person_get_values_of_others(bob: User, trail: None, form: str) -> None:
    member, system = a_member(), a_system()
    team.update_team_member(SYSTEM, member, crm_ids={system.slot: "Ada-1"})
    crm.delete_crm_system(SYSTEM, system)
    for codename in ("view_auditentry", "view_crmsystem"):
        bob.user_permissions.add(Permission.objects.get(codename=codename))

    address = f"{LIST}export-{form}/?q=crm_system.deleted"
    [found] = FORMS[form](signed_in(bob).get(address).getvalue().decode())

    assert "api_key" in found["changes"]
    assert "identifiers" not in found["changes"]
    bob.user_permissions.add(Permission.objects.get(codename="view_teammember"))
    [found] = FORMS[form](signed_in(bob).get(address).getvalue().decode())
    assert "Ada-1" in str(found["changes"]["identifiers"])


@pytest.mark.django_db(transaction=True)
def test_others_read_and_write_between_two_pieces(
    page: Client, trail: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("syteops.history.export.CHUNK", 1)
    system = CrmSystem.objects.get()
    pieces = iter(page.get(f"{LIST}export-csv/"))
    begun = [next(pieces), next(pieces)]

    with ThreadPoolExecutor() as another:
        another.submit(_rename, system.pk).result()

    # What is open on this connection would show, and lock, the database as it was.
    system.refresh_from_db()
    assert system.name == "Renamed"
    crm.update_crm_system(SYSTEM, system, name="Renamed here, too")
    found = from_csv(b"".join([*begun, *pieces]).decode())
    assert [one["id"] for one in found] == sorted({one["id"] for one in found}, reverse=True)
    assert "team_member.created" in {one["event"] for one in found}


def _rename(pk: int) -> None:
    crm.update_crm_system(SYSTEM, CrmSystem.objects.get(pk=pk), name="Renamed")
    connection.close()


def test_what_the_list_refuses_the_export_refuses(page: Client) -> None:
    assert page.get(f"{LIST}export-csv/?at__year=1&id__regex=(").status_code == 400
    assert page.get(f"{LIST}export-csv/?object={'x' * 201}").status_code == 302
