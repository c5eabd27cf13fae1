"""What a person may do with the table of a list: the pages beside the list follow from it."""

from typing import Any

from django.http import HttpRequest

from manage_api.principals import PersonPrincipal
from syteops.transfer.sheets import Sheet, sheet_of

AT_ONCE = 250
"""So many rows are worked on while the person waits; more of them in the background."""
CHARACTERS = 1000
"""Of each, on average: a cell may be a list of hundreds."""


def allowed(admin: Any, request: HttpRequest) -> set[str]:
    """What of its table the person may do: `list`, `create`, `partial_update`, `update`."""
    sheet = sheet_of(admin.model)
    if sheet is None or not admin.has_view_permission(request):
        return set()
    operations = [one for one in (sheet.lists, sheet.creates, sheet.updates) if one]
    principal = PersonPrincipal(request.user)  # of a module that is away, nothing may be seen
    return {one.endpoint for one in operations if principal.may(one)}


def may_export(admin: Any, request: HttpRequest) -> bool:
    """Whether the person may read the table."""
    return "list" in allowed(admin, request)


def may_import(admin: Any, request: HttpRequest) -> bool:
    """Whether the person may read the table, and add to it or change it."""
    operations = allowed(admin, request)
    return "list" in operations and len(operations) > 1


def sheet_beside(admin: Any) -> Sheet:
    """The table of an admin's list, where a page beside that list is offered."""
    sheet = sheet_of(admin.model)
    assert sheet is not None  # else the page is not offered
    return sheet
