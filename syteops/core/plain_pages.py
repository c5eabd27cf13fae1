"""Pages that need nothing: no database, no session, no script, no file but their own template."""

import re
from base64 import b64encode
from hashlib import sha256

from django.conf import settings
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse

from syteops.lib.paths import ADMIN_PREFIX


def plain_page(
    path: str, status: int, title: str, *texts: str, leads_back: bool = False
) -> HttpResponse:
    """What a person reads to whom the site can show nothing else at `path`, with the way back.

    No cache keeps it. Whoever came to a page of the admin, or `leads_back` says so, is led to its
    start page.
    """
    back = reverse("admin:index") if leads_back or path.startswith(ADMIN_PREFIX) else ""
    shown = {"site": settings.SITE_NAME, "title": title, "texts": texts, "back": back}
    page = render_to_string("plain.html", shown)
    headers = {"Cache-Control": "no-store", "Content-Security-Policy": _policy_of(page)}
    return HttpResponse(page, status=status, headers=headers)


def _policy_of(page: str) -> str:
    """Takes the page's own style, which stands in it, and nothing else."""
    style = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)[0]
    own = b64encode(sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{own}'; form-action 'none'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )
