"""Exporting and importing as a person does it, in the admin."""

import csv
import io
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from openpyxl import Workbook, load_workbook
from openpyxl.utils.escape import unescape

from syteops.transfer.importing import Report
from syteops.transfer.sheets import Sheet, all_sheets
from tests.background import outcome
from tests.fixtures import signed_in

SHEETS = {one.viewset.prefix: one for one in all_sheets()}


def with_rights(*codenames: str) -> Client:
    """The browser of a colleague who has these rights and no others."""
    user = User.objects.create_user("dora", "dora@example.com", "x", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return signed_in(user)


def address(sheet: Sheet, page: str = "") -> str:
    """Of a page beside the list of that entity."""
    model_admin: Any = admin.site.get_model_admin(sheet.viewset.model())
    return reverse("admin:" + model_admin.url_name("changelist")) + page


def exported(client: Client, sheet: Sheet, form: str, query: str = "") -> bytes:
    answer: Any = client.get(f"{address(sheet, 'export/')}?format={form}&{query}")
    assert answer.status_code == 200, answer
    data: bytes = answer.getvalue() if answer.streaming else answer.content
    return data


def rows_of(data: bytes) -> list[list[str]]:
    """The rows of an exported file as a spreadsheet shows them."""
    if data.startswith(b"PK"):
        sheet = load_workbook(io.BytesIO(data)).worksheets[0]
        assert not [cell for row in sheet for cell in row if cell.data_type == "f"]
        return [["" if one is None else unescape(str(one)) for one in row] for row in sheet.values]
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True))


def as_file(rows: list[list[str]], form: str = "csv") -> bytes:
    if form == "csv":
        text = io.StringIO(newline="")
        csv.writer(text).writerows(rows)
        return text.getvalue().encode()
    workbook, made = Workbook(), io.BytesIO()
    for row in rows:
        workbook.active.append(row)
    workbook.save(made)
    return made.getvalue()


def upload(client: Client, sheet: Sheet, data: bytes, name: str = "some.csv") -> Any:
    """The page that tells what importing the file would do; or why it cannot be taken."""
    file = SimpleUploadedFile(name, data)
    answer: Any = client.post(address(sheet, "import/"), {"file": file}, follow=True)
    assert answer.status_code == 200, answer
    return outcome(client, answer)


def report(page: Any) -> Report:
    found: Report = page.context["report"]
    return found


def refusal(page: Any) -> str:
    """Why the file was not taken."""
    return str(page.context["form"].errors["file"][0])


def confirm(client: Client, page: Any) -> Any:
    """Import what the page shows; the page on which that ends."""
    return outcome(client, client.post(page.request["PATH_INFO"], follow=True))


def told(page: Any) -> list[str]:
    """What the messages say, without the link that looks back at what was changed."""
    return [str(one).partition(" <a")[0] for one in page.context["messages"]]
