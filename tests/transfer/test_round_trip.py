"""What was exported, of whatever entity, goes in again and changes nothing; nor is it dangerous."""

import io
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.utils.module_loading import autodiscover_modules
from openpyxl.worksheet._writer import ALL_TEMP_FILES

from manage_api.viewsets import SecretsMixin
from syteops.adminkit.service_admin import ServiceAdmin
from syteops.ai.models import AiProvider
from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.core.demo import all_seeds
from syteops.core.errors import Invalid
from syteops.invitations.models import Invitation
from syteops.lib.cells import ACTIVE, inert
from syteops.lib.text import with_plain_line_ends as as_lines
from syteops.team import services
from syteops.team.models import TeamMember
from syteops.transfer import exporting, files, hourly
from syteops.transfer.files import as_xlsx
from syteops.transfer.models import Download
from syteops.transfer.sheets import Sheet
from tests.background import outcome
from tests.each import each
from tests.fixtures import signed_in
from tests.samples import all_samples
from tests.samples.team import a_member
from tests.transfer.transferring import (
    SHEETS,
    address,
    as_file,
    exported,
    report,
    rows_of,
    upload,
)

pytestmark = pytest.mark.django_db
every_entity = each("sheet", SHEETS.values())
every_form = each("form", ["csv", "xlsx"])


@pytest.fixture
def filled(db: None) -> None:
    """A site with some of everything: the demo's, and what the samples of all reads are of."""
    autodiscover_modules("demo")
    for seed in all_seeds():
        seed.run(SYSTEM)
    for name, make in all_samples().items():
        if name.endswith((".get", ".get_area")):
            make()


@every_form
@every_entity
def test_an_exported_file_goes_in_again_and_changes_nothing(
    alice: User, filled: None, sheet: Sheet, form: str
) -> None:
    client = signed_in(alice)
    data = exported(client, sheet, form)
    assert len(rows_of(data)) > 1
    entries = AuditEntry.objects.count()

    found = report(upload(client, sheet, data, f"some.{form}"))

    assert (found.problems, found.changes) == ([], [])
    assert found.unchanged == len(rows_of(data)) - 1
    assert AuditEntry.objects.count() == entries


@every_entity
def test_every_entity_has_both_pages_beside_its_list(
    alice: User, filled: None, sheet: Sheet
) -> None:
    client = signed_in(alice)

    page: Any = client.get(address(sheet))

    shown = page.content.decode()
    if page.context and "cl" in page.context:
        assert address(sheet, "import/") in shown
        assert address(sheet, "export/") in shown
    assert client.get(address(sheet, "import/")).status_code == 200
    assert client.get(address(sheet, "export/")).status_code == 200


def test_every_entity_with_an_admin_and_a_service_that_adds_can_be_imported() -> None:
    adding = {
        model
        for model, model_admin in admin.site._registry.items()
        if isinstance(model_admin, ServiceAdmin) and model_admin.service("create")
    }
    # The API adds neither: providers of AI get keys there, and people are invited by people.
    left_out = {AiProvider, Invitation}
    assert adding - left_out <= {one.viewset.model() for one in SHEETS.values()}


@every_entity
def test_no_secret_is_exported(alice: User, filled: None, sheet: Sheet) -> None:
    for column in sheet.columns.values():
        assert not getattr(column.shown, "secret", False)
        assert not getattr(column.created, "secret", False)
    if issubclass(sheet.viewset, SecretsMixin):
        for one in sheet.viewset.model()._default_manager.all():
            for name in sheet.viewset.secrets:
                sheet.viewset.services.set_secrets(SYSTEM, one, **{name: "a-very-secret-key"})
    client = signed_in(alice)

    for form in ("csv", "xlsx"):
        cells = [cell for row in rows_of(exported(client, sheet, form)) for cell in row]
        assert not [cell for cell in cells if "a-very-secret-key" in cell]


@every_form
@each("first", [*ACTIVE, "'", '"=', "a;=", "a|-"])
def test_no_cell_is_a_formula_and_each_is_read_as_it_was(
    alice: User, db: None, form: str, first: str
) -> None:
    client, sheet = signed_in(alice), SHEETS["team-members"]
    member = services.update_team_member(SYSTEM, a_member(), biography=f"{first}1+1")
    data = exported(client, sheet, form)
    header, row = rows_of(data)
    cells = dict(zip(header, row, strict=True))
    assert as_lines(cells["biography"]) == as_lines(inert(f"{first}1+1"))
    services.update_team_member(SYSTEM, member, biography="something else")
    assert not report(upload(client, sheet, data)).new

    # Without the columns that nobody writes, of which one says that it was changed meanwhile.
    narrow = [[cells["user_num"], cells["biography"]]]
    found = upload(client, sheet, as_file([["user_num", "biography"], *narrow]))

    [change] = report(found).changes
    assert as_lines(change["fields"]["biography"][1]) == as_lines(f"{first}1+1")


@every_form
def test_a_text_with_other_line_ends_keeps_as_many_lines(alice: User, db: None, form: str) -> None:
    client, sheet = signed_in(alice), SHEETS["team-members"]
    services.update_team_member(SYSTEM, a_member(), biography="one\r\ntwo\rthree\r\n\r\nfour\n")

    found = report(upload(client, sheet, exported(client, sheet, form), f"some.{form}"))

    assert (found.problems, found.changes) == ([], [])


def test_a_list_that_is_filtered_is_exported_as_it_is(alice: User, filled: None) -> None:
    client, sheet = signed_in(alice), SHEETS["team-members"]
    a_member(first_name="Zoe", last_name="Zimmermann")

    rows = rows_of(exported(client, sheet, "csv", "q=Zimmermann"))

    assert [row[rows[0].index("first_name")] for row in rows[1:]] == ["Zoe"]


def test_a_large_workbook_is_made_in_the_background_for_its_person_alone(
    alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "AT_ONCE", 2)
    for number in range(4):
        services.create_team_member(
            SYSTEM, first_name=f"P{number}", country="DE" if number else "AT"
        )
    client, place = signed_in(alice), "/admin/team/teammember/export/"
    query = "?country=DE"
    asked = client.get(place + query).content.decode()
    assert "Make XLSX" in asked
    assert "format=xlsx" not in asked
    by_hand = client.get(f"{place}{query}&format=xlsx")
    assert (by_hand.status_code, by_hand["Location"]) == (302, place + query)

    made = outcome(client, client.post(place + query, follow=True))

    assert "Your file is ready." in str(*made.context["messages"])
    where = made.request["PATH_INFO"]
    file: Any = client.get(f"{where}?file")
    assert 'filename="team-members.xlsx"' in file.headers["Content-Disposition"]
    header, *rows = rows_of(file.content)
    assert [row[header.index("first_name")] for row in rows] == ["P1", "P2", "P3"]
    [kept] = Download.objects.all()
    named = b"[Content_Types].xml"  # in clear in each workbook; a short text is there by chance
    assert named in file.content
    assert named not in kept.content.ciphertext
    give = ("view_teammember", "change_teammember")
    bob.user_permissions.add(*Permission.objects.filter(codename__in=give))
    assert signed_in(bob).get(f"{where}?file").status_code == 302

    services.erase_team_member(SYSTEM, TeamMember.objects.earliest("pk"))
    assert client.get(f"{where}?file").status_code == 302
    assert not Download.objects.exists()


def test_a_workbook_that_was_not_fetched_is_forgotten(alice: User) -> None:
    Download.objects.create(person=alice, resource="users")
    Download.objects.update(begun_at="2020-01-01T00:00:00Z")
    hourly.forget_old_imports(SYSTEM)
    assert not Download.objects.exists()


def test_nobody_begins_an_export_by_a_link(alice: User) -> None:
    signed_in(alice).get("/admin/team/teammember/export/")
    assert not Download.objects.exists()


def test_a_workbook_that_is_refused_leaves_no_file_behind() -> None:
    """Its texts would stay on the disk until the process ends."""
    before = [*ALL_TEMP_FILES]
    with pytest.raises(Invalid):
        as_xlsx(["text"], [["short"], ["x" * 40_000]])
    assert before == ALL_TEMP_FILES


def test_a_workbook_holds_no_more_than_an_import_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MOST_TEXT", 10)
    assert as_xlsx(["text"], [["x" * 5], ["x" * 5]])
    with pytest.raises(Invalid):
        as_xlsx(["text"], [["x" * 5], ["x" * 6]])
    with pytest.raises(Invalid):  # of bytes: an emoji has four, and took twelve where it was kept
        as_xlsx(["text"], [["\U0001f600" * 3]])
    with pytest.raises(Invalid):
        files.read(io.BytesIO("text\n\U0001f600\U0001f600".encode()), "a.csv", 12)
