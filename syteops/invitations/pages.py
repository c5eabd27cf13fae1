"""The page of the invited, who choose name and password. Whoever has the link is the invited."""

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from syteops.adminkit.errors import show_refusal
from syteops.adminkit.races import races_refused
from syteops.audit.services import record_refusal
from syteops.core.actors import Actor, ActorKind, Channel
from syteops.core.addresses import client_address
from syteops.core.counters import CounterKind, counters
from syteops.core.errors import DomainError, Forbidden, Invalid, NotFound
from syteops.invitations import queries, services
from syteops.invitations.forms import AcceptForm
from syteops.invitations.models import Invitation
from syteops.people.lockout import has_to_wait, note_try, wait
from syteops.people.sign_ins import KEPT_PER_MINUTE

_NOT_HELD = (
    "Whoever invited you may not give these rights any more. Ask for another invitation: nothing "
    "was stored."
)


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def accept(request: HttpRequest, uid: UUID, token: str) -> HttpResponse:
    """Show the form; make the account. Any link that does not work is one and the same 404."""
    if request.method == "POST" and has_to_wait(request):
        return wait(request)
    try:
        invitation = queries.by_link(uid, token)
        form = AcceptForm(invitation, request.POST if request.method == "POST" else None)
        if form.is_valid() and _accepted(request, invitation, token, form):
            messages.success(request, "Your account is ready. Sign in with it.")
            return HttpResponseRedirect(reverse("admin:login"))
        if form.errors.keys() & {"username", "email"}:  # which may tell whose there are
            note_try(request)
    except NotFound:
        return _page(request, "This invitation does not work", 404)
    status = 200 if form.is_valid() or not form.is_bound else 400
    return _page(request, "Choose your name and password", status, invitation=invitation, form=form)


def _accepted(request: HttpRequest, invitation: Invitation, token: str, form: AcceptForm) -> bool:
    """Raises NotFound for a link that somebody else was faster with."""
    actor = Actor(
        ActorKind.CLIENT,
        f"{invitation.resource}/{invitation.pk}",
        "",
        Channel.PUBLIC,
        "invitations.accept",
        getattr(request, "request_id", ""),
        client_address(request),
    )
    try:
        with races_refused():
            password = form.cleaned_data["password1"]
            services.accept_invitation(actor, invitation.uid, token, form.instance, password)
    except NotFound:
        raise
    except Invalid as refusal:
        show_refusal(form, refusal)
        return False
    except DomainError as refusal:
        told = _NOT_HELD if isinstance(refusal, Forbidden) else refusal.detail
        form.add_error(None, told)
        _note(request, actor, invitation, refusal.code)
        return False
    return True


def _note(request: HttpRequest, actor: Actor, invitation: Invitation, code: str) -> None:
    """Keep a refused attempt, of many in a minute the first ones. Each takes as long as a sign-in:
    so it counts as one that failed.
    """
    note_try(request)
    if counters().add(CounterKind.REFUSED_CALLS, actor.id, 60) <= KEPT_PER_MINUTE:
        pk = str(invitation.pk)
        record_refusal(actor, invitation.resource, pk, code, pk=pk)


def _page(request: HttpRequest, title: str, status: int, **shown: Any) -> HttpResponse:
    context = {**admin.site.each_context(request), "title": title, **shown}
    answer = render(request, "admin/invitations/accept.html", context, status=status)
    answer.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    return answer
