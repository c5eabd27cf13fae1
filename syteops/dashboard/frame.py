"""The admin's frame: start page, sidebar, environment label, style and script (see UNFOLD)."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse

from syteops.audit.queries import latest_changes
from syteops.audit.visibility import visible_to_person
from syteops.core.start_page import start_page_for
from syteops.dashboard.sidebar import navigation as navigation

RECENT_CHANGES = 10
_TONES = {"production": "danger", "staging": "warning"}


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """The start page: what needs attention, the site at a glance, what happened last."""
    sees_trail = request.user.has_perm("audit.view_auditentry")
    return {
        **context,
        "title": "Start page",
        "start": start_page_for(request.user),
        "sees_trail": sees_trail,
        "recent": visible_to_person(request.user, latest_changes().defer("changes"))[
            :RECENT_CHANGES
        ]
        if sees_trail
        else [],
    }


def environment_label(request: HttpRequest) -> list[str] | None:
    """The ENVIRONMENT beside the site's name, so that nobody mistakes one site for another."""
    name: str = settings.ENVIRONMENT
    return [name, _TONES.get(name.lower(), "info")] if name else None


def account_links(request: HttpRequest) -> list[dict[str, str]]:
    """What the account menu offers beside signing out."""
    user = request.user
    if not user.is_authenticated:  # the sign-in page has the frame, too
        return []
    links = [{"title": "Two-step sign-in", "link": reverse("admin:second_factor")}]
    if user.has_usable_password():
        links.insert(0, {"title": "Change password", "link": reverse("admin:password_change")})
    return links


def stylesheet(request: HttpRequest) -> str:
    """Our styles beside the theme's."""
    return static("syteops/admin.css")


def script(request: HttpRequest) -> str:
    """What makes the theme's own pages accessible, where its markup alone does not."""
    return static("syteops/accessible.js")


def operable_script(request: HttpRequest) -> str:
    """What lets the keyboard work the theme's menus, tabs and switches."""
    return static("syteops/operable.js")


def forms_script(request: HttpRequest) -> str:
    """What every form does: the focus on errors, a busy state, pickers, pictures, secrets."""
    return static("syteops/forms.js")


def palette_script(request: HttpRequest) -> str:
    """What opens the palette by a key and a button, and makes it accessible."""
    return static("syteops/palette.js")


def favicon(request: HttpRequest) -> str:
    """The icon in the browser's tab."""
    return static("syteops/icon.svg")
