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
from syteops.core.errors import DomainError, Forbidden, Invalid, NotFound
from syteops.invitations import queries, services
from syteops.invitations.forms import AcceptForm
from syteops.invitations.models import Invitation

_NOT_HELD = (
    "Whoever invited you may not give these rights any more. Ask for another invitation: nothing "
    "was stored."
)


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def accept(request: HttpRequest, uid: UUID, token: str) -> HttpResponse:
    """Show the form; make the account. Any link that does not work is one and the same 404."""
    try:
        invitation = queries.by_link(uid, token)
        form = AcceptForm(invitation, request.POST if request.method == "POST" else None)
        if form.is_valid() and _accepted(request, invitation, token, form):
            messages.success(request, "Your account is ready. Sign in with it.")
            return HttpResponseRedirect(reverse("admin:login"))
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
        record_refusal(
            actor, invitation.resource, str(invitation.pk), refusal.code, pk=str(invitation.pk)
        )
        return False
    return True


def _page(request: HttpRequest, title: str, status: int, **shown: Any) -> HttpResponse:
    context = {**admin.site.each_context(request), "title": title, **shown}
    answer = render(request, "admin/invitations/accept.html", context, status=status)
    answer.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    return answer
