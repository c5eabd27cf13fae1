"""Pages that need nothing: no database, no session, no script, no file but their own template."""

from django.conf import settings
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse

from syteops.lib.paths import ADMIN_PREFIX


def plain_page(path: str, status: int, title: str, *texts: str) -> HttpResponse:
    """What a person reads to whom the site can show nothing else at `path`, with the way back.

    No cache keeps it. Whoever came to a page of the admin is led to its start page.
    """
    back = reverse("admin:index") if path.startswith(ADMIN_PREFIX) else ""
    shown = {"site": settings.SITE_NAME, "title": title, "texts": texts, "back": back}
    page = render_to_string("plain.html", shown)
    return HttpResponse(page, status=status, headers={"Cache-Control": "no-store"})
