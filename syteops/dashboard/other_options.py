"""*Other Options*: one page with a card for each, from which their own pages are reached."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from manage_api.keys.pages import site_key_card
from syteops.core.sections import Section, section_of
from syteops.site.models import Connection, License
from syteops.site.queries import current

TITLE = str(Section.OTHER_OPTIONS)
NAME = "other_options"
_TONES = {"active": "good", "ready": "good", "revoked": "bad", "expired": "bad"}


def urls() -> list[URLPattern]:
    """The page's address."""
    return [path("other-options/", admin.site.admin_view(show), name=NAME)]


def address() -> str:
    """Where the page is."""
    return reverse(f"admin:{NAME}")


def show(request: HttpRequest) -> HttpResponse:
    """The cards of what this person may open."""
    listed = admin.site.get_app_list(request)
    shown = [one for one in listed if section_of(one["app_label"]) is Section.OTHER_OPTIONS]
    links = {m["model"]._meta.label_lower: m["admin_url"] for one in shown for m in one["models"]}
    if not links:
        raise PermissionDenied
    context: dict[str, Any] = {**admin.site.each_context(request), "title": TITLE}
    if "keys.managekey" in links:
        context |= {"has_keys": True, **site_key_card(request)}
    cards = [card for card in (_license(links), _connection(links)) if card["url"]]
    context |= {"cards": cards, "tasks_url": links.get("tasks.backgroundtask")}
    context["public_address"] = settings.SITE_URL if request.user.is_superuser else None
    context["sees_address"] = request.user.is_superuser
    return TemplateResponse(request, "admin/other_options.html", context)


def _license(links: dict[str, str]) -> dict[str, Any]:
    found = current(License)
    status = found.current_status
    facts = {"Plan": found.plan, "Sites": found.sites, "Expires": found.expires_at}
    return _card(links, License, "verified", status, facts)


def _connection(links: dict[str, str]) -> dict[str, Any]:
    found = current(Connection)
    facts = {"Mode": found.get_mode_display(), "Id": found.connection_id,
             "Last seen": found.last_seen_at}  # fmt: skip
    return _card(links, Connection, "cable", found.status, facts)


def _card(
    links: dict[str, str], model: Any, icon: str, status: str, facts: dict[str, Any]
) -> dict[str, Any]:
    return {
        "title": str(model._meta.verbose_name).capitalize(),
        "icon": icon,
        "url": links.get(model._meta.label_lower),
        "state": status.capitalize(),
        "tone": _TONES.get(status, ""),
        "facts": {name: value for name, value in facts.items() if value not in (None, "")},
    }
