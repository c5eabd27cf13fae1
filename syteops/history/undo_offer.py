"""*Undo* in the message that tells of a change, wherever in the admin it was made."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from django.contrib.messages import SUCCESS, get_messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html

from syteops.audit.models import AuditEntry, Outcome
from syteops.audit.queries import read_many
from syteops.core.actors import Channel
from syteops.history.rights import may_undo

_LATEST = 200
"""Entries in which those of a request that has just ended are looked for; and of a job, so many."""
_APART = timedelta(minutes=5)
"""By so much the clocks of a process that begins a job and of one that does it may differ."""


def with_undo(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """The response; if it tells of what was changed, with a link to undo that in the message.

    Only where it can be undone, and for whoever may. Of several changes at once the link leads to
    all of them.
    """
    told: Any = getattr(get_messages(request), "_queued_messages", [])
    if response.status_code != 302 or not told or told[-1].level != SUCCESS:
        return response
    undoable = (one for one in _made_by(request) if may_undo(request.user, one))
    if made := [*islice(undoable, 2)]:
        link = '{} <a class="so-link so-undo" href="{}">{}</a>'
        where = _where(made, response.headers["Location"])
        told[-1].message = format_html(link, told[-1].message, *where)
    return response


def _made_by(request: HttpRequest) -> Iterator[AuditEntry]:
    """The changes of this request, without those that others of them brought about.

    Of a page that tells what became of a job, those of the job.
    """
    job = getattr(request, "told_of", None)
    request_id = job.actor["request_id"] if job else getattr(request, "request_id", "")
    latest = AuditEntry.objects.filter(door=Channel.ADMIN)
    if job:
        latest = latest.filter(at__gte=job.begun_at - _APART)
    else:
        newest = AuditEntry.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        latest = latest.filter(pk__gt=newest - _LATEST)
    mine = latest.filter(request_id=request_id, outcome=Outcome.CHANGED).exclude(changes={})
    some = read_many(mine[:_LATEST])  # of a job there may be thousands
    return (one for one in some if one.operation.startswith(f"{one.object_resource}."))


def _where(made: list[AuditEntry], back: str) -> tuple[str, str]:
    if len(made) == 1:
        page = reverse("admin:audit_auditentry_undo", args=[made[0].pk])
        return f"{page}?{urlencode({'next': back})}", "Undo"
    query = urlencode({"q": made[0].request_id})
    return f"{reverse('admin:audit_auditentry_changelist')}?{query}", "Look at the changes"
