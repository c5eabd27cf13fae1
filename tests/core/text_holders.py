"""Objects with a text in whichever column a search looks into.

They are made past the services: so each column may hold each text.
"""

from collections.abc import Callable
from itertools import count
from typing import Any

from django.contrib.auth.models import Group, User
from django.db import models

from estimates.models import Estimate
from notes.models import ActionItem, Note, NoteAttendee, NoteTag
from syteops.ai.models import AiProvider, AiUsage
from syteops.audit.models import AuditEntry
from syteops.automation.models import Variable, VariableSet, VariableSetValue
from syteops.crm.models import CrmIdentifier, CrmSystem
from syteops.roles.models import Role, RoleAssignment
from syteops.team.models import TeamMember
from syteops.webhooks.models import Webhook

_numbers = count(100)
NEEDED: dict[Any, dict[str, Callable[[int], Any]]] = {
    Note: {"title": lambda n: "T", "slug": lambda n: f"n{n}"},
    Estimate: {
        "title": lambda n: "T",
        "slug": lambda n: f"e{n}",
        "year": lambda n: 2026,
        "sequence": lambda n: n,
        "number": lambda n: f"x{n}",
        "currency": lambda n: "EUR",
    },
    ActionItem: {"note": lambda n: made(Note), "text": lambda n: "do"},
    TeamMember: {"number": lambda n: n},
    CrmSystem: {"number": lambda n: n, "name": lambda n: "C"},
    Role: {"name": lambda n: f"role {n}", "slug": lambda n: f"r{n}"},
    Variable: {"key": lambda n: f"k{n}", "value": lambda n: "v"},
    VariableSet: {"name": lambda n: "S", "acronym": lambda n: f"s{n}"},
    AiProvider: {"slug": lambda n: f"p{n}", "name": lambda n: "P"},
    AiUsage: {
        "area": lambda n: "notes.summary",
        "day": lambda n: "2026-11-01",
        "provider": lambda n: f"p{n}",
        "model": lambda n: f"m{n}",
    },
    AuditEntry: {"event": lambda n: "note.updated", "changes": lambda n: {}},
    Webhook: {
        "name": lambda n: "W",
        "url": lambda n: "https://w.example",
        "types": lambda n: ["*"],
    },
    User: {"username": lambda n: f"u{n}"},
    Group: {"name": lambda n: f"g{n}"},
}
PARTS: dict[str, tuple[Any, str]] = {
    "tag_rows": (NoteTag, "note"),
    "action_items": (ActionItem, "note"),
    "attendances__member": (TeamMember, "note"),
    "crm_identifiers": (CrmIdentifier, "member"),
    "values": (VariableSetValue, "set"),
    "author": (TeamMember, "author"),
    "role_assignments__role": (Role, "member"),
}


def made(model: Any, /, **values: Any) -> Any:
    number = next(_numbers)
    needed = {name: value(number) for name, value in NEEDED[model].items()}
    return model._base_manager.create(**{**needed, **values})


def made_with(model: Any, path: str, text: str) -> Any:
    """An object in which the text stands where the path leads."""
    part, _, column = path.rpartition("__")
    if not part:
        is_list = isinstance(model._meta.get_field(column), models.JSONField)
        return made(model, **{column: [text] if is_list else text})
    item, (kind, parent) = made(model), PARTS[part]
    if part == "author":
        model.objects.filter(pk=item.pk).update(author=made(kind, **{column: text}))
        return item
    if kind is Role:
        Role.objects.filter(system=False).delete()
        RoleAssignment.objects.create(member=item, role=made(kind, **{column: text}))
        return item
    if kind is TeamMember:
        NoteAttendee.objects.create(note=item, member=made(kind, **{column: text}))
        return item
    more = {"system": made(CrmSystem)} if kind is CrmIdentifier else {}
    kind.objects.create(**{parent: item, column: text}, **more)
    return item
