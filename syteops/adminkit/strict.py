"""What every admin keeps to: only what it declares may be asked of its lists and addresses.

Django lets whoever sees a list filter it by any look-up of any column. A regular expression, or a
number that no column holds, then costs the server whatever the person likes.
"""

import re
from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.admin.exceptions import DisallowedModelAdminLookup
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import SEARCH_VAR, ChangeListSearchForm
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db.models import OrderBy, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.admin import ModelAdmin
from unfold.views import ChangeList

from syteops.adminkit import list_pages
from syteops.adminkit.columns import COLUMNS, PARAMETER, ChosenColumns
from syteops.adminkit.errors import problems_of
from syteops.adminkit.growing_lists import FirstOfMany, KeysFirst, Periods
from syteops.adminkit.moments import moment
from syteops.adminkit.palette import InPalette
from syteops.adminkit.saved_views import VIEWS, SavedViewsAdmin
from syteops.adminkit.searched_choices import SearchedSelect, make_searched
from syteops.adminkit.shown_words import Condition, conditions
from syteops.core.folding import ordered_by
from syteops.core.form_fields import options_for
from syteops.core.identifiers import ROW_ID
from syteops.core.search import search
from syteops.lib.text import with_article

MAX_LENGTH = 200
"""Characters of what is searched for, and of each parameter of a list."""
MAX_PARAMETERS = 50
_MAKES_SLUGS = re.compile(r"/(xregexp|urlify|prepopulate)\b")

list_pages.enter(COLUMNS)
list_pages.enter(VIEWS)


class SearchForm(ChangeListSearchForm):
    """Takes what a person would type; a database gives up on a thousand words."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields[SEARCH_VAR] = forms.CharField(
            label="Search", required=False, strip=False, max_length=MAX_LENGTH
        )


class StrictChangeList(ChosenColumns, ChangeList):  # type: ignore[misc]
    """A list that is filtered by its `list_filter` and `date_hierarchy`, and by nothing else."""

    search_form_class = SearchForm

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        """Texts in the order of their folding, and what has no value last, on every database."""
        found = super().get_ordering(request, queryset)
        return [self._ordered_by(one) if isinstance(one, str) else one for one in found]

    def get_ordering_field_columns(self) -> dict[int, str]:
        """The columns that are there, by their places; Django gives whatever is asked for."""
        asked: dict[int, str] = super().get_ordering_field_columns()
        return {place: way for place, way in asked.items() if place < len(self.list_display)}

    def _ordered_by(self, name: str) -> OrderBy | str:
        plain = name.removeprefix("-")
        field = next((one for one in self.lookup_opts.fields if one.name == plain), None)
        if field is None or field.is_relation:
            return name
        ordered: OrderBy = self.model_admin.ordered_by(self.model, plain, descending=name != plain)
        return ordered

    def get_results(self, request: HttpRequest) -> None:
        """As Django does it; without reading every row for the dates above the list."""
        self.full_result_count: int | None
        super().get_results(request)
        if self.full_result_count is None and not (self.query or self.get_filters_params()):
            self.full_result_count = self.result_count  # nothing is left out
        if self.date_hierarchy:
            periods = Periods(self.queryset, self.date_hierarchy, self.result_count)
            for name in ("aggregate", "dates", "datetimes"):
                setattr(self.queryset, name, getattr(periods, name))

    def get_filters(self, request: HttpRequest) -> Any:
        """Raises DisallowedModelAdminLookup (400) for look-ups that no filter of the list takes.

        Values that make no sense lead back to the list without them (IncorrectLookupParameters).
        """
        lists = request.GET.lists()
        checked = (SEARCH_VAR, PARAMETER)  # elsewhere
        values = [value for name, values in lists if name not in checked for value in values]
        if len(values) > MAX_PARAMETERS or any(map(_is_beyond, values)):
            raise IncorrectLookupParameters
        try:
            found = super().get_filters(request)
        except OverflowError as error:  # from dates at either end of time
            raise IncorrectLookupParameters(error) from error
        by_date = {f"{self.date_hierarchy}__gte", f"{self.date_hierarchy}__lt"}
        undeclared = (found[2].keys() - by_date) | (by_date & self.filter_params.keys())
        if undeclared:
            raise DisallowedModelAdminLookup(f"Filtering by {min(undeclared)} is not offered.")
        return found


def _is_beyond(text: str) -> bool:
    """Whether no column could hold it: too long, or with a NUL, which PostgreSQL refuses."""
    return len(text) > MAX_LENGTH or "\0" in text


class ExactFields:
    """Offers for each column the form field that takes what the API takes, and nothing else."""

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs = {**options_for(db_field), **kwargs}
        return super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]

    def formfield_for_foreignkey(
        self, db_field: Any, request: HttpRequest | None, **kwargs: Any
    ) -> Any:
        if db_field.name in self.get_autocomplete_fields(request):  # type: ignore[attr-defined]
            kwargs.setdefault("widget", SearchedSelect(db_field, self.admin_site))  # type: ignore[attr-defined]
            return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]
        make_searched(field, db_field, request)
        return field

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_manytomany(db_field, request, **kwargs)  # type: ignore[misc]
        make_searched(field, db_field, request)
        return field


class StrictAdmin(InPalette, ExactFields, SavedViewsAdmin, ModelAdmin):  # type: ignore[misc]
    """Base of every admin. Its `search_fields` are columns that `search` takes."""

    what_for = ""
    """What its objects are good for, or where they come from: said while there are none."""
    shown_words: ClassVar[Mapping[str, Condition]] = {}
    """How a word is found that a column makes of several things: see `shown_words`."""
    paginator: Any = KeysFirst
    show_full_result_count = False
    search = staticmethod(search)
    ordered_by = staticmethod(ordered_by)

    @property
    def list_per_page(self) -> int:
        """So many rows that the page has at most 150 kB: a cell of the theme has up to one."""
        return min(25, max(10, 100 // (len(self.list_display) + 1)))

    @admin.display(description="Changed", ordering="updated_at")
    def changed(self, obj: Any) -> str:
        """How long ago the object was changed last, for lists."""
        return moment(obj.updated_at)

    def url_name(self, view: str) -> str:
        """The name of one of its addresses, within the admin's."""
        return f"{self.opts.app_label}_{self.opts.model_name}_{view}"

    def url_to(self, view: str, *args: Any) -> str:
        """The address of one of its pages."""
        return reverse(f"{self.admin_site.name}:{self.url_name(view)}", args=args)

    def page(
        self, request: HttpRequest, template: str, title: str, **context: Any
    ) -> TemplateResponse:
        """A page in the admin's frame."""
        frame = {**self.admin_site.each_context(request), "title": title, "opts": self.opts}
        return TemplateResponse(request, template, {**frame, **context})

    @property
    def media(self) -> forms.Media:
        """Without the scripts, long ones, that make one field of another: services do that."""
        media: Any = super().media
        scripts = [one for one in media._js if not _MAKES_SLUGS.search(str(one))]
        return forms.Media(css=media._css, js=scripts)

    def title_of_form(self, request: HttpRequest, obj: Any) -> str:
        """What one does in its form, such as "Add a note"; `obj` is as it is stored."""
        if obj is None:
            return f"Add {with_article(str(self.opts.verbose_name))}"
        return f"Change {obj}" if self.has_change_permission(request, obj) else str(obj)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        obj = kwargs.get("obj")
        if obj is not None and request.method == "POST":
            # The form has already put into this one what it holds.
            obj = self.get_object(request, str(obj.pk)) or obj
        context |= {"title": self.title_of_form(request, obj), "subtitle": None}
        context["problems"] = problems_of(context)
        made: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return made

    def render_delete_form(self, request: HttpRequest, context: dict[str, Any]) -> Any:
        """With the question as the title."""
        context["title"] = f"Delete {context['object']}?"
        return super().render_delete_form(request, context)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only with the right to see it: the page that asks shows what would go."""
        allowed = super().has_delete_permission(request, obj)
        return bool(allowed and self.has_view_permission(request, obj))

    def get_paginator(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Of the list, or of a box that completes what is typed."""
        is_searched = request.GET.get(SEARCH_VAR) or request.GET.get("term")
        return (FirstOfMany if is_searched else self.paginator)(*args, **kwargs)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> Any:
        return partial(StrictChangeList, chosen=self.columns_shown(request))

    def get_shown_words(self, request: HttpRequest) -> Mapping[str, Condition]:
        """Override for what not everybody sees, and so not everybody may find."""
        return self.shown_words

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Of the lists and of the boxes that complete what is typed."""
        fields = self.get_search_fields(request)
        if _is_beyond(search_term):
            return queryset.none(), False
        if not fields:
            return queryset, False
        also = conditions(self, request)
        return self.search(queryset, fields, search_term, also), False

    # Django 6.1 says as well which of the two menus of actions was used.
    def response_action(self, request: HttpRequest, queryset: QuerySet[Any], **also: Any) -> Any:
        """Do an action to what was chosen in the list. Raises SuspiciousOperation (400) for a
        choice that is no id, or one that no column holds.
        """
        chosen = request.POST.getlist(ACTION_CHECKBOX_NAME)
        if not all(re.fullmatch(ROW_ID, one) for one in chosen):
            raise SuspiciousOperation("What was chosen is nothing that a list shows.")
        return super().response_action(request, queryset, **also)

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        """The object, by the one way to write its id: `02`, `+2` and ` 2` name nothing.

        Else each comparison of an address with an id would be a guess. `from_field` is what the
        address says (`_to_field`) of a foreign key to another column; here is none.
        """
        if _is_beyond(object_id):
            return None
        found = super().get_object(request, object_id)
        return found if found is not None and str(found.pk) == object_id else None

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Rights before reasons: Django says first that there is no such object, to anybody."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        shown: HttpResponse = super().history_view(request, object_id, extra_context)
        return shown

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Nothing from the address: no page here links so, and a link must not fill in a form."""
        return {}


class ReadOnlyAdmin(StrictAdmin):
    """Base of the admins in whose lists nobody adds, changes or deletes anything."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class DetailAdmin(ReadOnlyAdmin):
    """Base of those whose objects have a page of our own, made by `show`."""

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """One object, to be read: whatever `show` makes of it."""
        found = self.get_object(request, unquote(object_id)) if object_id else None
        adds = object_id is None
        if adds or not self.has_view_permission(request, found) or request.method == "POST":
            raise PermissionDenied
        if found is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)  # type: ignore[no-any-return]
        return self.show(request, found)

    def show(self, request: HttpRequest, found: Any) -> HttpResponse:
        """The page of one object."""
        raise NotImplementedError
