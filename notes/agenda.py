"""The agenda: what is to be done in all notes, on one page of the admin."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils import timezone
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from notes import people, queries, services
from syteops.adminkit.acting import admin_actor
from syteops.adminkit.growing_lists import KeysFirst
from syteops.adminkit.markdown_editor import MarkdownAdmin
from syteops.adminkit.races import races_refused
from syteops.core.errors import DomainError

PAGE_SIZE = 50
DONE, OVERDUE = "done", "overdue"


class _Numbered(forms.CharField):
    """A team member by number, where there are too many to choose from."""

    def __init__(self) -> None:
        super().__init__(
            required=False, label="For (a number, such as 001)", widget=UnfoldAdminTextInputWidget
        )

    def clean(self, value: Any) -> str:
        known = [number for number, _ in people.offered_names(value or "")[0]]
        return known[0] if known else ""


class AgendaFilter(forms.Form):
    """What the agenda is narrowed down to."""

    assignee = forms.ChoiceField(
        required=False, label="For", widget=UnfoldAdminSelectWidget, choices=()
    )
    show = forms.ChoiceField(
        required=False,
        widget=UnfoldAdminSelectWidget,
        choices=[("", "What is to do"), (OVERDUE, "What is overdue"), (DONE, "What was done")],
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        members, lists_all = people.offered_names("")
        if lists_all:
            self.fields["assignee"].choices = [("", "Everybody"), *members]  # type: ignore[attr-defined]
        else:
            self.fields["assignee"] = _Numbered()

    def values(self) -> dict[str, str]:
        """What was chosen; nothing while it is wrong."""
        return self.cleaned_data if self.is_valid() else {"assignee": "", "show": ""}


class AgendaAdmin(MarkdownAdmin):
    """Adds the agenda to the pages of notes."""

    sidebar_pages = (("Agenda", "checklist", "admin:notes_note_agenda"),)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("agenda/", view(self.agenda_view), name=self.url_name("agenda")),
            path("agenda/<int:pk>/", view(self.tick_view), name=self.url_name("tick")),
        ]
        return [*own, *super().get_urls()]

    def agenda_view(self, request: HttpRequest) -> HttpResponse:
        """What is to do, what is overdue first; or what was done."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        form = AgendaFilter(request.GET)
        chosen = form.values()
        found = queries.agenda(chosen["assignee"], done=chosen["show"] == DONE)
        if chosen["show"] == OVERDUE:
            found = queries.overdue(found)
        context = {
            "filter": form,
            "page": KeysFirst(found, PAGE_SIZE).get_page(request.GET.get("page")),
            "today": timezone.localdate(),
            "may_tick": self.has_change_permission(request),
        }
        return self.page(request, "notes/agenda.html", "Agenda", **context)

    def tick_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Tick off an action item or, with `reopen`, take that back; only a POST does it."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        if request.method == "POST":
            self._tick(request, pk, done="reopen" not in request.POST)
        # Back to what was shown: the form's address has the same query as the page's.
        back = self.url_to("agenda")
        return HttpResponseRedirect(f"{back}?{request.GET.urlencode()}")

    def _tick(self, request: HttpRequest, pk: int, *, done: bool) -> None:
        actor = admin_actor(request, "notes_items.complete_action")
        try:
            with races_refused(), transaction.atomic():
                item = queries.get_action(str(pk), lock=True)
                services.complete_action(actor, item, done=done)
        except DomainError as refusal:
            messages.error(request, refusal.detail)
        else:
            messages.success(request, f"{'Done' if done else 'To do again'}: {item.text}")
