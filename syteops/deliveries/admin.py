from collections import defaultdict
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils.functional import SimpleLazyObject
from unfold.contrib.filters.admin import ChoicesDropdownFilter, FieldTextFilter
from unfold.decorators import display

from syteops.adminkit.moments import exact_moment
from syteops.adminkit.shown_words import Condition, by_texts
from syteops.adminkit.strict import DetailAdmin
from syteops.audit.visibility import readable_resources
from syteops.core.actors import Actor
from syteops.deliveries import pages, services
from syteops.deliveries.models import Delivery, DeliveryState
from syteops.deliveries.queries import destination_names
from syteops.integrations.admin import IntegrationStateAdmin
from syteops.lib.folding import fold


def _says(word: str) -> Q:
    return Q(event__type__icontains=word) | Q(event__object_id__icontains=word)


_STATES = {
    DeliveryState.WAITING.label: "info",
    DeliveryState.DELIVERED.label: "success",
    DeliveryState.GIVEN_UP.label: "danger",
    DeliveryState.CANCELLED.label: "warning",
}


@admin.register(Delivery)
class DeliveryAdmin(DetailAdmin):
    """The delivery log, and how each destination stands."""

    what_for = (
        "Everything that is sent to webhooks and integrations is listed here, with what was "
        "answered. Enable one, and its deliveries appear by themselves."
    )
    icon = "outbox"
    list_display = ("queued", "what", "to", "shown_state", "attempts", "ended")
    list_display_links = ("queued", "what")
    list_filter = (
        ("state", ChoicesDropdownFilter),
        ("integration", FieldTextFilter),
        ("destination", FieldTextFilter),
        ("event__type", FieldTextFilter),
    )
    list_filter_submit = True
    has_objects_in_palette = False
    search_fields = ("=event__object_id",)
    search_help_text = "Event, object, destination or state"
    shown_words = {
        "what": _says,
        "shown_state": by_texts(
            lambda: [(label, Q(state=value)) for value, label in DeliveryState.choices]
        ),
    }
    actions = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        found: QuerySet[Delivery] = super().get_queryset(request).select_related("event")
        resources = readable_resources(request.user)
        return found if resources is None else found.filter(event__resource__in=resources)

    def get_shown_words(self, request: HttpRequest) -> dict[str, Condition]:
        readable = readable_resources(request.user)
        known = SimpleLazyObject(lambda: list(destination_names(readable)))

        def goes_to(word: str) -> Q:
            named: dict[str, set[str]] = defaultdict(set)
            for (integration, destination), name in known:
                if word in fold(name):
                    named[integration].add(destination)
            found = Q(integration__icontains=word) | Q(destination__icontains=word)
            for integration, those in named.items():
                found |= Q(integration=integration, destination__among=those)
            return found

        return {**self.shown_words, "to": goes_to}

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("destination/", view(self.destination_view), name=self.url_name("destination")),
            path("<int:pk>/resend/", view(self.resend_view), name=self.url_name("resend")),
        ]
        return [*own, *super().get_urls()]

    # --- The list ---

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        found: ChangeList = super().get_changelist_instance(request)
        name = pages.naming(request, found.result_list)
        for one in found.result_list:
            one.goes_to = name(one)
        return found

    @display(description="To")  # type: ignore[untyped-decorator]
    def to(self, delivery: Any) -> str:
        return str(delivery.goes_to)

    @display(description="Queued", ordering="created_at")  # type: ignore[untyped-decorator]
    def queued(self, delivery: Delivery) -> str:
        return exact_moment(delivery.created_at)

    @display(description="Ended", ordering="finished_at")  # type: ignore[untyped-decorator]
    def ended(self, delivery: Delivery) -> str:
        return exact_moment(delivery.finished_at, "–")

    @display(description="Event")  # type: ignore[untyped-decorator]
    def what(self, delivery: Delivery) -> str:
        return str(delivery.event)

    @display(description="State", label=_STATES)  # type: ignore[untyped-decorator]
    def shown_state(self, delivery: Delivery) -> str:
        return delivery.get_state_display()

    # --- One delivery ---

    def show(self, request: HttpRequest, found: Delivery) -> HttpResponse:
        """One delivery, with each attempt and what was answered."""
        context = {
            "delivery": found,
            "to": pages.naming(request, [found])(found),
            "tries": found.latest_tries,
            "destination_url": pages.destination_url(found.integration, found.destination),
            "resend_url": self.url_to("resend", found.pk),
            "may_resend": pages.may_change(request) and found.state != DeliveryState.WAITING,
        }
        title = f"{found.event} to {context['to']}"
        return self.page(request, "admin/deliveries/delivery.html", title, **context)

    def resend_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Sends it once more; only a POST does it."""
        if request.method != "POST" or not pages.may_change(request):
            raise PermissionDenied
        found = self.get_queryset(request).select_for_update(of=("self",)).filter(pk=pk)

        def act(actor: Actor) -> str:
            services.resend(actor, found.get())
            return "It is sent once more."

        if not self.get_queryset(request).filter(pk=pk).exists():
            raise Http404
        pages.act(request, "deliveries.resend", act)
        return HttpResponseRedirect(self.url_to("change", pk))

    # --- One destination ---

    def destination_view(self, request: HttpRequest) -> HttpResponse:
        """How it stands, what went there last, and what to do about it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return pages.destination(self, request)


IntegrationStateAdmin.sections.append(pages.destinations_section)
IntegrationStateAdmin.glancers.append(pages.glances)
