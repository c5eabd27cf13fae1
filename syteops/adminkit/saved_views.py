"""Saved views: a list as somebody looks at it, under a name; a tab of the list, and in the palette.

A view is an address and nothing else. Opened, it is asked for as any address of the list is: with
the rights of whoever opens it, and refused where the list does not take it.
"""

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import IGNORED_PARAMS, ORDER_VAR, PAGE_VAR, SEARCH_VAR
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from unfold.widgets import UnfoldAdminTextInputWidget, UnfoldBooleanSwitchWidget

from syteops.adminkit.acting import admin_actor
from syteops.adminkit.columns import PARAMETER, ColumnsAdmin, name_of
from syteops.adminkit.errors import show_refusal
from syteops.adminkit.list_pages import ListPage
from syteops.adminkit.races import races_refused
from syteops.core.errors import DomainError
from syteops.core.form_fields import LineField, SwitchField
from syteops.lists import services
from syteops.lists.models import SavedView
from syteops.lists.queries import SHARE, views_kept_by, views_seen_by

_KEPT_OUT = {*IGNORED_PARAMS, PAGE_VAR, PARAMETER, "e"}
"""Parameters that are no part of what is asked for."""


class ViewForm(forms.Form):
    """The name of a view, and who sees it."""

    name = LineField(max_length=60, widget=UnfoldAdminTextInputWidget)
    is_shared = SwitchField(
        label="For everybody who may see the list",
        required=False,
        widget=UnfoldBooleanSwitchWidget,
    )

    def __init__(self, person: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not person.has_perm(SHARE):
            del self.fields["is_shared"]

    @property
    def given(self) -> dict[str, Any]:
        """What the services take."""
        return {"is_shared": False, **self.cleaned_data}


class SavedViewsAdmin(ColumnsAdmin):
    """Shows the saved views of its list, to those who may see it."""

    def views_shown(self, request: HttpRequest) -> Iterator[tuple[str, str]]:
        """Name and address of each."""
        for one in _views(request):
            if one.place == self.place:
                yield one.name, self.address_of(request, one)

    def address_of(self, request: HttpRequest, view: SavedView) -> str:
        """Where the view is seen: by columns that whoever asks is offered, ordered by those."""
        offered = self.columns_offered(request)
        columns = [one for one in view.columns if one in offered] or list(offered)
        first = 1 if self.get_actions(request) else 0  # behind the boxes to choose rows
        order = [
            f"{'-' if one.startswith('-') else ''}{columns.index(name) + first}"
            for one in view.order
            if (name := one.removeprefix("-")) in columns
        ]
        asked = {**view.asked, PARAMETER: ",".join(columns)}
        if order:
            asked[ORDER_VAR] = ".".join(order)
        return f"{self.url_to('changelist')}?{urlencode(asked, doseq=True)}"

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        response = super().changelist_view(request, extra_context)
        shown = getattr(response, "context_data", None) or {}
        if "cl" in shown:
            now = _comparable(request.GET)
            shown["views"] = [
                {"label": name, "address": address, "is_chosen": _comparable(asked) == now}
                for name, address in self.views_shown(request)
                for asked in [QueryDict(address.partition("?")[2])]
            ]
            shown["is_view"] = any(one["is_chosen"] for one in shown["views"])
        return response


def _views(request: HttpRequest) -> Sequence[SavedView]:
    """All that whoever asks may see, of every list, in one query for the whole request."""
    found: Sequence[SavedView] | None = getattr(request, "_saved_views", None)
    if found is None:
        found = list(views_seen_by(request.user))
        request._saved_views = found  # type: ignore[attr-defined]
    return found


def _comparable(asked: QueryDict) -> dict[str, Any]:
    return {name: values for name, values in asked.lists() if name != PAGE_VAR}


# --- The page to save, rename and delete them on --------------------------------------------


def _offers(admin: Any, request: HttpRequest) -> bool:
    """Where there is something to keep of a list."""
    has_something = admin.get_search_fields(request) or len(admin.columns_offered(request)) > 1
    return bool(has_something) and admin.has_view_permission(request)


def _seen(admin: Any, request: HttpRequest) -> dict[str, Any]:
    """What of the list is asked for now. Raises IncorrectLookupParameters, as the list does."""
    listed = admin.get_changelist_instance(request)
    names = [name_of(one) for one in listed.list_display]
    places = listed.get_ordering_field_columns() if ORDER_VAR in request.GET else {}
    asked = {name: values for name, values in request.GET.lists() if name not in _KEPT_OUT}
    if listed.query:
        asked[SEARCH_VAR] = [listed.query]
    return {
        "asked": asked,
        "order": [f"{'-' if way == 'desc' else ''}{names[at]}" for at, way in places.items()],
        "columns": admin.columns_shown(request),
    }


def _show(admin: Any, request: HttpRequest) -> HttpResponse:
    """Saves the list as it is, and lists what was saved before."""
    try:
        seen = _seen(admin, request)
    except IncorrectLookupParameters:
        return HttpResponseRedirect(request.path)
    saving = request.method == "POST" and "view" not in request.POST
    form = ViewForm(request.user, request.POST if saving else None)
    kept = list(views_kept_by(request.user, admin.place))
    chosen = next((one for one in kept if str(one.pk) == request.POST.get("view")), None)
    if saving and form.is_valid():
        if done := _saved(admin, request, form, seen):
            return done
    elif request.method == "POST" and not saving:
        if chosen is None:
            raise PermissionDenied
        return _changed(admin, request, chosen)
    context = {
        "form": form,
        "seen": seen,
        "kept": [{"view": one, "form": _form_of(request, one)} for one in kept],
        "back": f"{admin.url_to('changelist')}?{request.GET.urlencode()}".rstrip("?"),
    }
    title = f"Views of {admin.opts.verbose_name_plural}"
    made: HttpResponse = admin.page(request, "admin/lists/views.html", title, **context)
    return made


def _form_of(request: HttpRequest, view: SavedView) -> ViewForm:
    initial = {"name": view.name, "is_shared": view.is_shared}
    return ViewForm(request.user, initial=initial, auto_id=f"id_{view.pk}_%s")


def _saved(
    admin: Any, request: HttpRequest, form: ViewForm, seen: dict[str, Any]
) -> HttpResponse | None:
    actor = admin_actor(request, "saved_views.create")
    try:
        with races_refused(), transaction.atomic():
            view = services.save_view(actor, request.user, place=admin.place, **form.given, **seen)
    except DomainError as refusal:
        show_refusal(form, refusal)
        return None
    messages.success(request, f"“{view.name}” is a tab of the list now.")
    return HttpResponseRedirect(admin.address_of(request, view))


def _changed(admin: Any, request: HttpRequest, view: SavedView) -> HttpResponse:
    """Renames or deletes a view that is there, and leads back to the page."""
    form = ViewForm(request.user, request.POST)
    back = HttpResponseRedirect(request.get_full_path())
    try:
        with races_refused(), transaction.atomic():
            if "delete" in request.POST:
                services.delete_view(admin_actor(request, "saved_views.delete"), view)
                messages.success(request, f"“{view.name}” was deleted.")
            elif form.is_valid():
                actor = admin_actor(request, "saved_views.update")
                services.change_view(actor, request.user, view, **form.given)
                messages.success(request, f"“{view.name}” was saved.")
            else:
                messages.error(request, " ".join(map(str, form.errors["name"])))
    except DomainError as refusal:
        errors = getattr(refusal, "errors", None)
        messages.error(request, errors[0].detail if errors else refusal.detail)
    return back


VIEWS = ListPage("views", "views/", _offers, _show, "Views", "bookmark")
