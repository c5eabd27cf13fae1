"""The sidebar, derived from the admin's own sections.

What a person may not see, and what belongs to an inactive module, is no part of those. A module's
sections appear by themselves, under its name.
"""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.text import capfirst

from syteops.core.sections import Section, place_of, section_of
from syteops.dashboard import other_options

# Material symbols. A ModelAdmin may name its own in `icon`.
_ICONS = {
    "team.teammember": "badge",
    "roles.role": "assignment_ind",
    "crm.crmsystem": "contacts",
    "keys.managekey": "vpn_key",
    "site.license": "verified",
    "site.connection": "cable",
    "auth.user": "person",
    "auth.group": "group",
    "audit.auditentry": "history",
}
_APP_ICONS = {"ai": "neurology", "automation": "data_object"}
_ANY_ICON = "article"


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The groups of the sidebar with the entries that this person may open; one at most is lit."""
    groups: dict[str, list[dict[str, Any]]] = {name: [] for name in Section}
    for app in sorted(admin.site.get_app_list(request), key=lambda one: place_of(one["app_label"])):
        shown = [one for one in app["models"] if one["admin_url"]]
        entries = [entry for one in shown for entry in (*_pages(one), _entry(one))]
        groups[section_of(app["app_label"])] += entries
    if groups[Section.OTHER_OPTIONS]:
        overview = {"title": "Overview", "icon": "tune", "link": other_options.address()}
        groups[Section.OTHER_OPTIONS].insert(0, overview)
    _mark_active(request.path, [one for items in groups.values() for one in items])
    start = reverse("admin:index")
    home = {"title": "Start page", "icon": "home", "link": start, "active": request.path == start}
    groups_shown = [
        {"title": name, "separator": True, "items": items} for name, items in groups.items()
    ]
    return [{"items": [home]}, *(group for group in groups_shown if group["items"])]


def _mark_active(path: str, entries: list[dict[str, Any]]) -> None:
    """The entry whose page this is, or lies the nearest above it.

    The theme would mark every entry whose address is part of this one's.
    """
    above = (one["link"] for one in entries if path.startswith(one["link"]))
    nearest = max(above, key=len, default=None)
    for one in entries:
        one["active"] = one["link"] == nearest


def _pages(shown: dict[str, Any]) -> list[dict[str, Any]]:
    """Further pages of a section: its ModelAdmin lists title, icon and URL name of each."""
    pages = getattr(admin.site._registry[shown["model"]], "sidebar_pages", ())
    return [{"title": title, "icon": icon, "link": reverse(name)} for title, icon, name in pages]


def _entry(shown: dict[str, Any]) -> dict[str, Any]:
    title, icon = capfirst(str(shown["name"])), icon_of(shown["model"])
    return {"title": title, "icon": icon, "link": shown["admin_url"]}


def icon_of(model: Any) -> str:
    """The symbol of what the admin lists there."""
    meta, own = model._meta, getattr(admin.site._registry[model], "icon", None)
    return own or _ICONS.get(meta.label_lower) or _APP_ICONS.get(meta.app_label, _ANY_ICON)
