"""Pages that stand beside the list of every admin for which they make sense, such as its import.

An app enters such a page once, in its `ready`; no admin names it, and a new one has it too.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from django.contrib.admin.options import IS_POPUP_VAR
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path
from unfold.admin import ModelAdmin
from unfold.enums import ActionVariant


@dataclass(frozen=True)
class ListPage:
    """One page, below the address of the list.

    `offered` says whether an admin has it for whoever asks; nobody else is let in. With a `title`
    it has a button above the list.
    """

    name: str
    route: str
    offered: Callable[[Any, HttpRequest], bool]
    show: Callable[..., HttpResponseBase]
    title: str = ""
    icon: str = ""
    is_action: bool = False
    """Whether the title says what one does, so that the palette offers it: "Import notes"."""


@dataclass(frozen=True)
class ListAction:
    """What can be done with the rows that were chosen; `act` is an action of Django's admin.

    It `takes_place` of the action of that name, where an admin has one, and is no further one.
    """

    name: str
    title: str
    offered: Callable[[Any, HttpRequest], bool]
    act: Callable[[Any, HttpRequest, Any], HttpResponseBase | None]
    takes_place: bool = False


_pages: list[ListPage] = []
_actions: list[ListAction] = []


def enter(page: ListPage | ListAction) -> None:
    """Have it beside the lists from now on. Call it before addresses are looked up."""
    if isinstance(page, ListAction):
        _actions.append(page)
    else:
        _pages.append(page)


def all_list_pages() -> tuple[ListPage, ...]:
    """Those that were entered."""
    return tuple(_pages)


def _doing(action: Any, act: Callable[..., Any]) -> Any:
    """The action as it is, but that it does something else. Since Django 6.1 it is no tuple."""
    return (act, *action[1:]) if isinstance(action, tuple) else replace(action, func=act)


class ListPagesAdmin(ModelAdmin):  # type: ignore[misc]
    """Has the addresses of these pages, and buttons that lead there above the list."""

    url_name: Callable[[str], str]
    url_to: Callable[..., str]

    def get_urls(self) -> list[URLPattern]:
        pages = (
            path(
                one.route,
                self.admin_site.admin_view(self._guarded(one)),
                name=self.url_name(one.name),
            )
            for one in all_list_pages()
        )
        return [*pages, *super().get_urls()]

    # Django 6.1 asks for those of a form as well.
    def get_actions(self, request: HttpRequest, action_location: Any = None) -> dict[str, Any]:
        where = {"action_location": action_location} if action_location else {}
        own: dict[str, Any] = super().get_actions(request, **where)
        is_list = getattr(action_location, "name", "CHANGE_LIST") == "CHANGE_LIST"
        if self.actions is None or IS_POPUP_VAR in request.GET or not is_list:
            return own
        offered = [one for one in _actions if one.offered(self, request)]
        taken = {one.name: one.act for one in offered if one.takes_place}
        own |= {name: _doing(own[name], act) for name, act in taken.items() if name in own}
        further = {n.name: (n.act, n.name, n.title) for n in offered if not n.takes_place}
        return {**further, **own}

    def _guarded(self, page: ListPage) -> Callable[..., HttpResponseBase]:
        def show(request: HttpRequest, **named: Any) -> HttpResponseBase:
            if not page.offered(self, request):
                raise PermissionDenied
            return page.show(self, request, **named)

        return show

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The buttons lead on with the filters and the search of the list."""
        query = request.GET.urlencode()
        response: HttpResponse = super().changelist_view(request, extra_context)
        buttons = [
            {"title": one.title, "icon": one.icon, "variant": ActionVariant.DEFAULT, "path": where}
            for one in all_list_pages()
            if one.title and one.offered(self, request)
            for where in [f"{self.url_to(one.name)}{'?' if query else ''}{query}"]
        ]
        context = getattr(response, "context_data", None) or {}
        if "actions_list" in context:  # else it is no list, but leads elsewhere
            context["actions_list"] += buttons
        return response
