"""The page of one destination, and the list of them on the page of their integration."""

from collections.abc import Callable, Collection, Iterable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldBooleanSwitchWidget

from syteops.adminkit.acting import admin_actor
from syteops.adminkit.strict import StrictAdmin
from syteops.audit.visibility import readable_resources
from syteops.core.actors import Actor
from syteops.core.errors import DomainError, NotFound
from syteops.core.form_fields import SwitchField
from syteops.deliveries import queries, services
from syteops.deliveries.models import Delivery
from syteops.deliveries.queries import KnownDestination
from syteops.integrations.queries import Installed, all_installed

SHOWN = 20
GLANCED_AT = 5
LISTED = 20
_PERIODS = ((3600, "Last hour"), (86_400, "Last day"), (604_800, "Last week"))


def destination_url(integration: str, destination: str) -> str:
    """The page of one destination."""
    where = urlencode({"integration": integration, "destination": destination})
    return f"{reverse('admin:deliveries_delivery_destination')}?{where}"


def naming(request: HttpRequest, deliveries: Iterable[Delivery]) -> Callable[[Delivery], str]:
    """Names where one of these goes, as far as one may know; what is gone is named by its key."""
    places = {(one.integration, one.destination) for one in deliveries}
    known = {
        one.place: queries.full_name(one.installed, one.destination, one.name)
        for one in queries.destinations_at(places, readable_resources(request.user))
    }

    def name(one: Delivery) -> str:
        where = one.integration, one.destination
        return known.get(where) or " ".join(where).strip()

    return name


class ResendForm(forms.Form):
    """What is to be sent once more."""

    since = forms.TypedChoiceField(
        label="Queued within the", choices=_PERIODS, coerce=int, widget=UnfoldAdminSelectWidget
    )
    everything = SwitchField(
        required=False, label="Also what has arrived", widget=UnfoldBooleanSwitchWidget
    )


def destination(page: StrictAdmin, request: HttpRequest) -> HttpResponse:
    """How it stands, what went there last, and what to do about it."""
    if not request.GET:
        return HttpResponseRedirect(page.url_to("changelist"))
    one = _destination_or_404(request)
    if request.method == "POST":
        if not may_change(request):
            raise PermissionDenied
        _act_on(request, one)
        return HttpResponseRedirect(destination_url(one.integration, one.destination))
    where = {"integration": one.integration, "destination": one.destination}
    context = {
        "one": one,
        "why": one.state.problem,
        "form": ResendForm(),
        "deliveries": page.get_queryset(request).filter(**where)[:SHOWN],
        "may_change": may_change(request),
        "integration_url": reverse(
            "admin:integrations_integrationstate_change", args=[one.integration]
        ),
        "log_url": f"{page.url_to('changelist')}?{urlencode(where)}",
    }
    title = f"{one.installed.name}: {one.name}"
    return page.page(request, "admin/deliveries/destination.html", title, **context)


def destinations_section(request: HttpRequest, entry: Installed) -> dict[str, Any] | None:
    """The destinations of an integration, for its own page."""
    found = _worst_of_each(request, LISTED, [entry])
    shown, further = found.get(entry.slug, ([], 0))
    page = entry.integration.destinations_page
    if not (shown or page):
        return None
    template, url = "admin/deliveries/_destinations.html", reverse(page) if page else ""
    return {"template": template, "destinations": shown, "further": further, "url": url}


def glances(request: HttpRequest) -> dict[str, dict[str, Any]]:
    """How it goes at the destinations of each integration, what fails first: for the list."""
    template = "admin/deliveries/_glance.html"
    return {
        slug: {"template": template, "destinations": shown, "further": further}
        for slug, (shown, further) in _worst_of_each(request, GLANCED_AT, all_installed()).items()
    }


def _worst_of_each(
    request: HttpRequest, most: int, installed: Collection[Installed]
) -> dict[str, tuple[list[dict[str, Any]], int]]:
    """By integration, what is told of its destinations, the worst first, and how many more there
    are; nothing to who may not see deliveries."""
    user: Any = request.user
    if not user.has_perm("deliveries.view_delivery"):
        return {}

    def told(one: KnownDestination) -> dict[str, Any]:
        why = one.state.why_paused or one.state.problem
        return {"one": one, "url": destination_url(*one.place), "why": why}

    found = queries.worst_destinations(most, installed, readable_resources(user))
    return {
        slug: ([told(one) for one in worst], count - len(worst))
        for slug, (worst, count) in found.items()
    }


def may_change(request: HttpRequest) -> bool:
    """Whether the person may send something again, or resume a destination."""
    user: Any = request.user
    return bool(user.has_perm("deliveries.change_delivery"))


def act(request: HttpRequest, operation: str, work: Callable[[Actor], str]) -> None:
    """Do it in one transaction, and tell what was done, or why not."""
    try:
        with transaction.atomic():
            told = work(admin_actor(request, operation))
    except DomainError as refusal:
        messages.error(request, refusal.detail)
    else:
        messages.success(request, told)


def _destination_or_404(request: HttpRequest) -> KnownDestination:
    where = {name: request.GET.get(name, "") for name in ("integration", "destination")}
    try:
        return queries.get_destination(**where, readable=readable_resources(request.user))
    except NotFound as error:
        raise Http404(error.detail) from error


def _act_on(request: HttpRequest, one: KnownDestination) -> None:
    form = ResendForm(request.POST)
    if "resume" in request.POST:
        act(request, "deliveries.resume", lambda actor: _resume(actor, one))
    elif form.is_valid():
        asked = form.cleaned_data
        act(request, "deliveries.resend_since", lambda actor: _resend(actor, one, **asked))


def _resume(actor: Actor, one: KnownDestination) -> str:
    services.resume(actor, queries.locked_state(one.integration, one.destination))
    return f"{one.name} gets what is waiting."


def _resend(actor: Actor, one: KnownDestination, since: int, everything: bool) -> str:
    moment = timezone.now() - timedelta(seconds=since)
    count = services.resend_since(
        actor, one.integration, one.destination, moment, everything=everything
    )
    return f"Sent once more: {count}."
