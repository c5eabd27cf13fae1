from datetime import UTC, datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from unfold.contrib.filters.admin import (
    ChoicesDropdownFilter,
    DropdownFilter,
    RangeDateFilter,
    TextFilter,
)
from unfold.decorators import action
from unfold.utils import parse_date_str

from manage_api.principals import PersonPrincipal
from syteops.adminkit.acting import admin_actor
from syteops.adminkit.moments import exact_moment
from syteops.adminkit.races import races_refused
from syteops.adminkit.shown_words import by_texts
from syteops.adminkit.strict import DetailAdmin
from syteops.audit import words
from syteops.audit.models import AuditEntry, Outcome
from syteops.audit.queries import get_entry, latest_actors, resources
from syteops.audit.visibility import visible_to_person
from syteops.core.actors import Actor
from syteops.core.consequences import foresee, words_of
from syteops.core.errors import DomainError, NotFound
from syteops.history.export import FORMATS
from syteops.history.reverting import revert
from syteops.history.rights import may_undo
from syteops.history.undoable import given_back, undo_of, why_never
from syteops.people.confirmation import ConfirmedForm

_OUTCOMES = {Outcome.CHANGED: "Done", Outcome.REFUSED: "Refused"}


class ActorFilter(DropdownFilter):  # type: ignore[misc]
    """The people, keys and commands that acted last."""

    title = "actor"
    parameter_name = "actor"
    shown = 50

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            (f"{kind}:{id_}", f"{label or 'Somebody'} ({kind})")
            for kind, id_, label in latest_actors(model_admin.get_queryset(request), self.shown)
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        kind, found, id_ = (self.value() or "").partition(":")
        return queryset.filter(actor_kind=kind, actor_id=id_) if found else queryset


class ResourceFilter(DropdownFilter):  # type: ignore[misc]
    """The resources of which there are entries."""

    title = "resource"
    parameter_name = "object_resource"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in resources(model_admin.get_queryset(request))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(object_resource=self.value()) if self.value() else queryset


class ObjectFilter(TextFilter):  # type: ignore[misc]
    """One object, by its number or id."""

    title = "object's number or id"
    parameter_name = "object"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(object_id=self.value()) if self.value() else queryset


class PeriodFilter(RangeDateFilter):  # type: ignore[misc]
    """From the one day to the other, both included, in the site's time zone."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = "period"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if first := self._midnight("from"):
            queryset = queryset.filter(at__gte=first)
        if end := self._midnight("to", days_later=1):
            queryset = queryset.filter(at__lt=end)
        return queryset

    def _midnight(self, name: str, days_later: int = 0) -> datetime | None:
        """When the day begins that was given; None for no day, and beyond the ends of time."""
        day = parse_date_str(self.used_parameters.get(f"at_{name}", ""))
        try:
            later = day and datetime.combine(day, time.min) + timedelta(days=days_later)
            return later and timezone.make_aware(later).astimezone(UTC)
        except OverflowError:
            return None


@admin.register(AuditEntry)
class AuditEntryAdmin(DetailAdmin):
    """The trail is read here. Nobody adds, changes or deletes an entry."""

    what_for = "Whatever anybody changes here is written down, with who did it and how to undo it."
    has_objects_in_palette = False
    list_display = ("when", "who", "what", "door", "shown_outcome", "address")
    list_display_links = ("when", "what")
    list_filter = (
        ActorFilter,
        ResourceFilter,
        ObjectFilter,
        ("at", PeriodFilter),
        ("outcome", ChoicesDropdownFilter),
        ("door", ChoicesDropdownFilter),
    )
    list_filter_submit = True
    search_fields = ("=object_id", "=event", "=request_id", "=address", "searched")
    shown_words = {
        "who": words.names_actor,
        "what": words.says,
        "shown_outcome": by_texts(
            lambda: [(text, Q(outcome=outcome)) for outcome, text in _OUTCOMES.items()]
        ),
    }
    search_help_text = "Object, its number, event, actor, address or request id"
    date_hierarchy = "at"
    list_per_page = 18
    actions = None
    actions_list = ("export_csv", "export_jsonl")

    def get_queryset(self, request: HttpRequest) -> QuerySet[AuditEntry]:
        return visible_to_person(request.user, super().get_queryset(request))

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """No column shows what changed, which may be long."""
        listed = super().get_changelist_instance(request)
        listed.result_list = listed.result_list.defer("changes")
        return listed

    @admin.display(description="When", ordering="at")
    def when(self, entry: AuditEntry) -> str:
        return exact_moment(entry.at)

    @admin.display(description="Who", ordering="actor_label")
    def who(self, entry: AuditEntry) -> str:
        return words.actor_name(entry)

    @admin.display(description="What happened")
    def what(self, entry: AuditEntry) -> str:
        return words.sentence(entry)

    @admin.display(description="Outcome", ordering="outcome")
    def shown_outcome(self, entry: AuditEntry) -> str:
        return _OUTCOMES[Outcome(entry.outcome)]

    shown_outcome.label = {"Done": "success", "Refused": "danger"}  # type: ignore[attr-defined]

    def show(self, request: HttpRequest, entry: AuditEntry) -> HttpResponse:
        """One entry."""
        title = f"{words.actor_name(entry)} {words.sentence(entry)}"
        return self.page(request, "admin/audit_entry.html", title, entry=entry)

    # --- Export ---

    @action(  # type: ignore[untyped-decorator]
        description="Export as CSV", icon="download", url_path="export-csv", permissions=["view"]
    )
    def export_csv(self, request: HttpRequest) -> HttpResponseBase:
        return self._export(request, "csv")

    @action(  # type: ignore[untyped-decorator]
        description="Export as JSON Lines",
        icon="download",
        url_path="export-jsonl",
        permissions=["view"],
    )
    def export_jsonl(self, request: HttpRequest) -> HttpResponseBase:
        return self._export(request, "jsonl")

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The buttons lead on with the filters and the search of the list."""
        response: Any = super().changelist_view(request, extra_context)
        if query := request.GET.urlencode():
            for one in getattr(response, "context_data", {}).get("actions_list", ()):
                if "?" not in one["path"]:  # those of every list have it
                    one["path"] = f"{one['path']}?{query}"
        return response  # type: ignore[no-any-return]

    def _export(self, request: HttpRequest, suffix: str) -> HttpResponseBase:
        """The entries of the list, read and sent in pieces."""
        try:
            listed = self.get_changelist_instance(request)
        except IncorrectLookupParameters:
            return HttpResponseRedirect(self.url_to("changelist"))
        chosen, reader = FORMATS[suffix], PersonPrincipal(request.user)
        pieces = chosen.write(listed.get_queryset(request), reader)
        response = StreamingHttpResponse(pieces, content_type=chosen.media_type)
        response.headers["Content-Disposition"] = f'attachment; filename="audit.{suffix}"'
        response.headers["Cache-Control"] = "private, no-store"
        return response

    # --- Undo ---

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.undo_view)
        own = path("<int:entry_id>/undo/", view, name=self.url_name("undo"))
        urls: list[URLPattern] = super().get_urls()
        return [own, *urls]

    def undo_view(self, request: HttpRequest, entry_id: int) -> HttpResponse:
        """Asks before it undoes a change; only a POST does it."""
        try:
            entry = get_entry(str(entry_id), self.get_queryset(request))
        except NotFound as error:
            raise Http404(error.detail) from error
        if not may_undo(request.user, entry):
            raise PermissionDenied(why_never(entry))
        actor, back = admin_actor(request, "audit.revert"), self._back(request, entry)
        undo, sent = undo_of(entry), request.POST if request.method == "POST" else None
        lets_in = undo is not None and undo.lets_in
        form = ConfirmedForm(request, sent) if lets_in else forms.Form(sent)
        if form.is_valid():
            self._undo(request, actor, entry)
            return HttpResponseRedirect(back)
        context = {
            "form": form,
            "entry": entry,
            "given_back": given_back(entry),
            "effect": words.effect_of_undoing(entry),
            "consequences": words_of(foresee(actor, lambda: revert(actor, entry))),
            "back": back,
        }
        return self.page(request, "admin/audit_undo.html", "Undo this change?", **context)

    def _undo(self, request: HttpRequest, actor: Actor, entry: AuditEntry) -> None:
        try:
            with races_refused():
                revert(actor, entry)
        except DomainError as refusal:
            messages.error(request, refusal.detail)
        else:
            messages.success(request, "The change was undone. That can be undone as well.")

    def _back(self, request: HttpRequest, entry: AuditEntry) -> str:
        """The page on which the person was: the object's history, or the entry."""
        asked = request.GET.get("next", "")
        if url_has_allowed_host_and_scheme(asked, {request.get_host()}, request.is_secure()):
            return asked
        return self.url_to("change", entry.pk)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """An entry has no history: it never changes."""
        raise PermissionDenied
