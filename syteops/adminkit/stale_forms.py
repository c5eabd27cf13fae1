"""No lost updates in the admin: a form does not overwrite what others changed while it was open.

A form carries, as `_seen`, the newest audit entry about its object at the moment it was opened. If
there is a newer one when the form comes back, nothing is stored: the form is shown again, with what
the person touched and otherwise with what is stored by now (see `merging`), below what the others
changed; saving it once more is then a decision.
"""

import re
from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib import messages
from django.contrib.admin.utils import flatten_fieldsets, unquote
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join

from syteops.adminkit.errors import show_refusal
from syteops.adminkit.history import HistoryAdmin
from syteops.adminkit.merging import (
    Choice,
    MergeableForm,
    merge,
    merge_rows,
    with_choices,
)
from syteops.adminkit.moments import ago
from syteops.adminkit.races import lock_row, races_refused
from syteops.audit.models import AuditEntry, Outcome
from syteops.audit.queries import read_many
from syteops.audit.visibility import visible_to_person
from syteops.audit.words import actor_name, sentence
from syteops.core.errors import Conflict, DomainError, Forbidden
from syteops.core.events import Verb
from syteops.core.permissions import permission_name

FIELD = "_seen"
MOST_SHOWN = 50
"""Changes by others that a form shows, the newest: what it says it has seen may be anything."""


class ChangedMeanwhile(Conflict):
    """Others changed the object while the form was open. `entries` tell what, the newest last."""

    def __init__(self, entries: list[AuditEntry]) -> None:
        super().__init__("Others changed this while you had it open. Nothing was saved.")
        self.entries = entries


def changes_of(resource: str, pk: str) -> QuerySet[AuditEntry]:
    """Every change of one object."""
    return changes_among(AuditEntry.objects.filter(object_resource=resource, object_pk=pk))


def changes_among(entries: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
    """Those that changed a field: a refused attempt did not, nor does a person who signs in."""
    return entries.filter(outcome=Outcome.CHANGED).exclude(changes={})


def refuse_if_unseen(request: HttpRequest, changes: QuerySet[AuditEntry]) -> None:
    """Raises ChangedMeanwhile if the form has not seen all of `changes`.

    What it lets pass under the lock of the change is current; before that it may still change.

    A form that does not say what it has seen (a script's) is taken to know what it does.
    """
    seen = request.POST.get(FIELD, "")
    if re.fullmatch("[0-9]{1,18}", seen):
        newer = read_many(changes.filter(pk__gt=int(seen)).order_by("-pk")[:MOST_SHOWN])
        if newer:
            raise ChangedMeanwhile(newer[::-1])


def what_is_seen(request: HttpRequest, changes: QuerySet[AuditEntry]) -> dict[str, Any]:
    """For a form's page: what whoever opens it sees. Call before the object itself is read.

    A form that comes back, for whatever mistake, has still only seen what it had.
    """
    if request.method == "POST":
        return {"seen": request.POST.get(FIELD, "")}
    newest = changes.order_by("-pk").values_list("pk", flat=True).first()
    return {"seen": newest or 0}


def what_was_missed(refusal: Exception | None) -> dict[str, Any]:
    """For the page that shows a refused form again: what the person did not know, and now does."""
    if not isinstance(refusal, ChangedMeanwhile):
        return {}
    return {"seen": refusal.entries[-1].pk, "meanwhile": refusal.entries}


class RefusableForm(MergeableForm):
    """A form that shows, beside its fields, why it was refused when it was to be saved."""

    refusal: ClassVar[DomainError | None] = None

    def is_valid(self) -> bool:
        """Not once others were faster, though there is nothing wrong in the form itself."""
        return super().is_valid() and not isinstance(self.refusal, ChangedMeanwhile)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if self.refusal is not None and not isinstance(self.refusal, ChangedMeanwhile):
            show_refusal(self, self.refusal)
        return cleaned


class GuardedAdmin(HistoryAdmin):
    """Base of every admin with forms. Its forms are RefusableForms that get `request.refusal`."""

    change_form_before_template = "admin/changed_meanwhile.html"

    def changes(self, object_id: str) -> QuerySet[AuditEntry]:
        """Every change of the object with that primary key."""
        raise NotImplementedError

    def locked(self, pk: Any) -> Any:
        """The stored object, locked for this change; not the one the form has altered.

        Raises NotFound.
        """
        return lock_row(self.model, pk)

    def changes_at(self, object_id: str) -> QuerySet[AuditEntry]:
        """Every change of the object that an address names, if it names one."""
        key = unquote(object_id)
        # PostgreSQL refuses to look for a NUL, which names nothing.
        return self.changes(key) if key and "\0" not in key else AuditEntry.objects.none()

    def _get_obj_does_not_exist_redirect(
        self, request: HttpRequest, opts: Any, object_id: str
    ) -> HttpResponse:
        """An old link leads to the list, which tells who deleted it and how to have it back."""
        deleted = self.changes_at(object_id).filter(event__endswith=f".{Verb.DELETED}")
        entry = deleted.order_by("-pk").first()
        if entry is None or not self.has_view_permission(request):
            return super()._get_obj_does_not_exist_redirect(request, opts, object_id)  # type: ignore[no-any-return]
        told, links = f"This {opts.verbose_name} was deleted.", self.ways_back(request)
        if visible_to_person(request.user, AuditEntry.objects.filter(pk=entry.pk)).exists():
            told = f"{actor_name(entry)} {sentence(entry)} {ago(entry.at)}."
            if request.user.has_perm(permission_name(AuditEntry, "view")):
                page = reverse(f"{self.admin_site.name}:audit_auditentry_change", args=[entry.pk])
                links = [(page, "Look at the deletion"), *links]
        shown = format_html_join("", ' <a class="so-link" href="{}">{}</a>', links)
        messages.warning(request, format_html("{}{}", told, shown))
        return HttpResponseRedirect(self.url_to("changelist"))

    def ways_back(self, request: HttpRequest) -> list[tuple[str, str]]:
        """Address and title of the pages on which the person can restore what is deleted."""
        return []

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Save; what is refused rolls back and is shown in the same form."""
        request.POST = with_choices(request.POST)  # type: ignore[assignment]
        changes = self.changes_at(object_id or "")
        context = {**(extra_context or {}), **what_is_seen(request, changes)}
        if request.method != "POST":
            return super().changeform_view(request, object_id, form_url, context)
        try:
            with races_refused(), transaction.atomic():
                # Here already, because a form of rows that are gone would count as wrong input.
                refuse_if_unseen(request, changes)
                return super().changeform_view(request, object_id, form_url, context)
        except DomainError as refusal:
            request.refusal = refusal  # type: ignore[attr-defined]
            context |= what_was_missed(refusal)
            if isinstance(refusal, ChangedMeanwhile):
                context["choices"] = self._merge(request, unquote(object_id or ""))
            shown = super().changeform_view(request, object_id, form_url, context)
            if isinstance(refusal, Forbidden):
                shown.status_code = 403  # which is recorded: see `refusals`
            return shown

    def _merge(self, request: HttpRequest, object_id: str) -> list[Choice]:
        """Bring what others have stored into what was sent; answers what is to be chosen.

        Of a form that does not say what it held, only rows that are gone become new ones.
        """
        obj = self.get_object(request, object_id)
        if obj is None:
            return []
        data = request.POST.copy()
        shown = flatten_fieldsets(self.get_fieldsets(request, obj))
        made = self.get_form(request, obj, change=True, fields=shown)
        found = merge(data, made(data, request.FILES, instance=obj), made(instance=obj))
        for mine in self._create_formsets(request, obj, change=True)[0]:
            theirs = type(mine)(instance=obj, prefix=mine.prefix, queryset=mine.queryset)
            found += merge_rows(data, mine, theirs)
        request.POST = data  # type: ignore[assignment]
        return found

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> Any:
        return self._refusal_as_message(request, super().delete_view, object_id, extra_context)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        return self._refusal_as_message(request, super().changelist_view, extra_context)

    def _refusal_as_message(
        self, request: HttpRequest, view: Callable[..., Any], *args: Any
    ) -> HttpResponse:
        try:
            with races_refused(), transaction.atomic():
                response: HttpResponse = view(request, *args)
            return response
        except DomainError as refusal:
            messages.error(request, refusal.detail)
            return HttpResponseRedirect(request.get_full_path())
