"""Which columns a list shows, and in which order: as a person has chosen, or as its address says.

What can be chosen follows from the admin's `list_display`; no admin names it a second time.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from django.contrib import messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import label_for_field
from django.contrib.admin.views.main import ORDER_VAR
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.text import capfirst

from syteops.adminkit.list_pages import ListPage, ListPagesAdmin
from syteops.lists.queries import columns_of
from syteops.lists.services import choose_columns

PARAMETER = "columns"
"""In an address: the names of the columns to show, parted by commas."""
CHECKBOX = "action_checkbox"


def name_of(column: Any) -> str:
    """What a column is called in addresses and choices."""
    return column if isinstance(column, str) else column.__name__


class ColumnsAdmin(ListPagesAdmin):
    """Offers to choose the columns of its list."""

    button_columns: ClassVar[Sequence[str]] = ()
    """Columns that hold buttons: there whenever the list has them, at its end."""

    @property
    def place(self) -> str:
        """What its list is called where something is kept of it."""
        return str(self.opts.label_lower)

    def columns_offered(self, request: HttpRequest) -> dict[str, Any]:
        """Every column that can be chosen, by its name."""
        named = {name_of(one): one for one in self.get_list_display(request)}
        return {name: one for name, one in named.items() if name not in self.button_columns}

    def columns_shown(self, request: HttpRequest) -> list[str]:
        """The names of those that the list shows now.

        What somebody chose and is offered no more is left out. Raises IncorrectLookupParameters
        for an address that names others.
        """
        offered = self.columns_offered(request)
        if asked := request.GET.get(PARAMETER):
            wanted = list(dict.fromkeys(asked.split(",")))
            if not offered.keys() >= set(wanted):
                raise IncorrectLookupParameters
            return wanted
        chosen = columns_of(request.user, self.place)
        return [name for name in chosen if name in offered] or list(offered)


class ChosenColumns:
    """A list that shows the columns of `chosen`; what leads to an object is in it in any case."""

    def __init__(
        self,
        request: HttpRequest,
        model: Any,
        list_display: Sequence[Any],
        list_display_links: Sequence[Any] | None,
        *args: Any,
        chosen: Sequence[str],
    ) -> None:
        by_name = {name_of(one): one for one in list_display}
        kept = [by_name.pop(CHECKBOX)] if CHECKBOX in by_name else []
        shown = [by_name.pop(name) for name in chosen if name in by_name]
        buttons = [one for name, one in by_name.items() if name in args[-3].button_columns]
        links = list_display_links
        if links is not None:
            links = [one for one in shown if one in links] or shown[:1]
        super().__init__(request, model, [*kept, *shown, *buttons], links, *args)  # type: ignore[call-arg]

    def get_filters_params(self, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Without the columns, which leave out no row."""
        found: dict[str, Any] = super().get_filters_params(params)  # type: ignore[misc]
        found.pop(PARAMETER, None)
        return found


# --- The page to choose them on ------------------------------------------------------------


def _offers(admin: Any, request: HttpRequest) -> bool:
    return admin.has_view_permission(request) and len(admin.columns_offered(request)) > 1


def _show(admin: Any, request: HttpRequest) -> HttpResponse:
    """Asks which, in which order; each button of it works without a script."""
    offered = admin.columns_offered(request)
    query = request.GET.copy()
    for name in (PARAMETER, ORDER_VAR):  # the order is by the places of the columns
        query.pop(name, None)
    back = f"{admin.url_to('changelist')}?{query.urlencode()}".rstrip("?")
    if request.method != "POST":
        try:
            chosen = admin.columns_shown(request)
        except IncorrectLookupParameters:
            return HttpResponseRedirect(request.path)
        return _page(admin, request, back, chosen, [*chosen, *offered])
    if "reset" in request.POST:
        choose_columns(request.user, admin.place, ())
        messages.success(request, "The list shows its own columns again.")
        return HttpResponseRedirect(back)
    order = [name for name in request.POST.getlist("order") if name in offered]
    shown = [name for name in order if name in request.POST.getlist("shown")]
    if move := request.POST.get("move"):
        return _page(admin, request, back, shown, _moved([*order, *offered], move), moved=move)
    if not shown:
        messages.error(request, "Choose at least one column.")
        return _page(admin, request, back, shown, [*order, *offered])
    choose_columns(request.user, admin.place, list(dict.fromkeys(shown)))
    messages.success(request, "The list shows the columns that you chose.")
    return HttpResponseRedirect(back)


def _page(
    admin: Any,
    request: HttpRequest,
    back: str,
    shown: Sequence[str],
    order: Iterable[str],
    moved: str = "",
) -> HttpResponse:
    offered = admin.columns_offered(request)
    columns = [
        {
            "name": name,
            "label": capfirst(str(label_for_field(offered[name], admin.model, admin))),
            "is_shown": name in shown,
            "moves": {"up": f"{name}:up", "down": f"{name}:down"},
        }
        for name in dict.fromkeys(order)
    ]
    context = {"columns": columns, "back": back, "moved": moved}
    title = f"Columns of {admin.opts.verbose_name_plural}"
    made: HttpResponse = admin.page(request, "admin/lists/columns.html", title, **context)
    return made


def _moved(order: Iterable[str], move: str) -> list[str]:
    """The order with one of them a place up or down, such as by "email:up"."""
    names = list(dict.fromkeys(order))
    name, _, where = move.partition(":")
    if name in names:
        place = names.index(name) + (-1 if where == "up" else 1)
        names.remove(name)
        names.insert(max(place, 0), name)
    return names


COLUMNS = ListPage("columns", "columns/", _offers, _show, "Columns", "view_column")
