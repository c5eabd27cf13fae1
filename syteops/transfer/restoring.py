"""Many deleted objects brought back together, as the button of each does it."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from syteops.adminkit.races import check_references, races_refused
from syteops.core.actors import Actor
from syteops.core.entities import get_any
from syteops.core.errors import Forbidden
from syteops.tasks.jobs import Storing
from syteops.transfer import uploads
from syteops.transfer.budget import Tell, in_turn
from syteops.transfer.models import Import
from syteops.transfer.sheets import sheet_named


def restore(kept: Import, actor: Actor, tell: Tell, storing: Storing) -> str:
    """Bring all of them back, or none; answers what to tell. Raises Forbidden and DomainError."""
    model = sheet_named(kept.resource).viewset.model()
    page: Any = admin.site.get_model_admin(model)
    request = HttpRequest()
    request.user = kept.person
    rows = uploads.table_of(kept).rows
    if not page.may_restore(request) or not admin.site.has_permission(request):
        raise Forbidden("You may not restore these any more.")
    try:
        with races_refused(), storing():
            for _, [key] in in_turn(rows, kept.person, tell):
                page.bring_back(request, actor, get_any(model, int(key), lock=True))
            check_references()
            kept.delete()
    except PermissionDenied as refusal:
        raise Forbidden("You may not restore all of these.") from refusal
    return f"{len(rows):,} are back."
