import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Paginator
from django.db import models
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from unfold.decorators import action
from unfold.widgets import (
    UnfoldAdminExpandableTextareaWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from syteops.adminkit.palette import MOST, Found, Wanted
from syteops.adminkit.rows import PartsInline
from syteops.adminkit.service_admin import ServiceAdmin
from syteops.audit.visibility import readable_resources
from syteops.automation import queries, services
from syteops.automation.lineage import Lineage, count, in_words
from syteops.automation.models import Variable, VariableSet, VariableSetValue
from syteops.automation.names import FREE_PREFIX
from syteops.core.entities import Entity
from syteops.lib.text import start_of

PAGE_SIZE = 100
SHOWN_OF_A_VALUE = 120
"""Characters of it that lists show."""


class CatalogueFilter(forms.Form):
    """What the catalogue page is narrowed down to."""

    search = forms.CharField(
        required=False,
        max_length=200,
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "Name, value or description"}),
    )
    source = forms.ChoiceField(required=False, widget=UnfoldAdminSelectWidget)

    def __init__(self, *args: Any, sources: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        source = self.fields["source"]
        assert isinstance(source, forms.ChoiceField)
        source.choices = [("", "Every source"), *((one, one) for one in sources)]

    def find(self, most: int) -> tuple[list[Any], bool]:
        """The first of the variables that the filter leaves, of all while it is wrong, and whether
        there are no more."""
        narrowed = self.cleaned_data if self.is_valid() else {}
        return queries.beginning_of_catalogue(most, **narrowed)


def _is_in_name(word: str) -> Q:
    """That the name has it, of which only the key is stored: `syteops_api_` goes before it."""
    if word in FREE_PREFIX:
        return Q()
    return Q(key__icontains=word.removeprefix(FREE_PREFIX))


@admin.register(Variable)
class VariableAdmin(ServiceAdmin):
    what_for = (
        "A variable is a value with a name that your automations read, such as an opening hour. "
        "Change it here, and each of them has it."
    )
    services = services
    fixed_fields = ("key",)
    list_display = ("name", "start_of_value", "description", "read_by", "changed")
    search_fields = ("searched",)
    shown_words = {"name": _is_in_name}
    fields = ("key", "value", "description")
    actions_list = ("catalogue",)
    sidebar_pages = (("All variables", "list", "admin:automation_variable_catalogue"),)

    def palette_objects(self, request: HttpRequest, wanted: Wanted, icon: str) -> Iterator[Found]:
        """With all that are derived from records: one by its name, others on the page of all."""
        key = wanted.text.strip().removeprefix(FREE_PREFIX)  # of the name only the key is stored
        yield from super().palette_objects(request, replace(wanted, text=key), icon)
        page = reverse(f"{self.admin_site.name}:automation_variable_catalogue")
        for name in queries.names_like(wanted.text.strip(), MOST):
            yield Found(name, "variable", f"{page}?{urlencode({'search': name})}", icon)
        title = f"Variables with “{wanted.text.strip()}”"
        query = urlencode({"search": wanted.text})
        yield Found(title, "All variables", f"{page}?{query}", "list", is_last=True)

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        found: ChangeList = super().get_changelist_instance(request)
        rows = _with_readers(found.result_list, readable_resources(request.user))
        for variable, readers in rows:
            variable.readers = readers
        return found

    @admin.display(description="Value", ordering="value")
    def start_of_value(self, variable: Variable) -> str:
        return start_of(variable.value, SHOWN_OF_A_VALUE)

    @admin.display(description="Read by")
    def read_by(self, variable: Any) -> str:
        return render_to_string("admin/automation/read_by.html", {"readers": variable.readers})

    @action(  # type: ignore[untyped-decorator]
        description="All variables", icon="list", url_path="catalogue", permissions=["view"]
    )
    def catalogue(self, request: HttpRequest) -> HttpResponse:
        """Every variable that automations can read now, and the families they come from."""
        families = queries.active_families()
        sources = sorted({one.source for one in families})
        form = CatalogueFilter(request.GET, sources=sources)
        number = request.GET.get("page", "")
        pages = int(number) + 1 if re.fullmatch("[0-9]{1,4}", number) else 2
        found, is_all = form.find(pages * PAGE_SIZE)
        page = Paginator(found, PAGE_SIZE).get_page(number)
        rows = _with_readers(page.object_list, readable_resources(request.user))
        context = {"filter": form, "page": page, "families": families, "is_all": is_all}
        context["rows"] = [
            (one, start_of(one.value, SHOWN_OF_A_VALUE), readers) for one, readers in rows
        ]
        return self.page(request, "admin/automation/catalogue.html", "All variables", **context)


Readers = tuple[int, str]
"""How many tools read a variable, and who, as far as one may know."""


def _with_readers(variables: Any, readable: Any) -> list[tuple[Any, Readers]]:
    lineage = Lineage([one.name for one in variables])
    found = ((one, lineage.readers(one.name)) for one in variables)
    return [(one, (count(readers), in_words(readers, readable))) for one, readers in found]


class SetValueInline(PartsInline):
    """A value is a variable that tools know by its name: removing one takes the right to delete,
    and a new one the right to add."""

    model = VariableSetValue
    fields = ("suffix", "type", "value")
    formfield_overrides = {models.TextField: {"widget": UnfoldAdminExpandableTextareaWidget}}

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._owner().has_add_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._owner().has_delete_permission(request, obj)


@admin.register(VariableSet)
class VariableSetAdmin(ServiceAdmin):
    what_for = (
        "A set holds variables that belong together, such as all of an office, under one acronym."
    )
    services = services
    inlines = (SetValueInline,)
    inline_values = {VariableSetValue: "values"}
    list_display = ("name", "acronym", "value_count", "changed")
    search_fields = ("searched", "values__suffix_folded")
    fields = ("name", "acronym")

    def _change(self, request: HttpRequest, form: Any, values: dict[str, Any]) -> Entity:
        # Another suffix or acronym, or a blank value, removes a variable as well as the row's box,
        # or makes one.
        owner = self.locked(form.instance.pk)
        if not self.has_delete_permission(request):
            services.refuse_to_remove(owner, **values)
        if not self.has_add_permission(request):
            services.refuse_to_add(owner, **values)
        return super()._change(request, form, values)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).annotate(value_count=models.Count("values"))

    @admin.display(description="Values", ordering="value_count")
    def value_count(self, one: Any) -> int:
        return int(one.value_count)
