"""Pages of the admin that were refused to somebody, in the audit trail.

One place for all of them: whatever page lacks a right, and any form from elsewhere, ends in a 403.
"""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.http import HttpRequest, HttpResponse
from django.urls import ResolverMatch

from syteops.adminkit.acting import admin_actor
from syteops.audit.chain import TrailBroken
from syteops.audit.services import record_refusal
from syteops.core.counters import CounterKind, counters
from syteops.core.encryption import UnsealError
from syteops.core.errors import LimitReached
from syteops.core.outages import RETRY_AFTER
from syteops.core.plain_pages import plain_page
from syteops.lib.paths import ADMIN_PREFIX

_PLACES = (ADMIN_PREFIX, "/uploads/")
"""Where people's pages are, and the pictures on them."""


class AdminRefusalMiddleware:
    """Records that a signed-in person was answered 403 on a page; costs other answers nothing.

    Once a minute for each person and kind of page, so that nobody floods the trail.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        is_refusal = response.status_code == 403 and request.path_info.startswith(_PLACES)
        if is_refusal and request.user.is_authenticated and request.resolver_match:
            _note(request, request.resolver_match)
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """While the trail is broken nothing is changed, nor does anybody sign in.

        And what a page has not told itself of what cannot be read, or of a limit, such as that of
        tasks, is no fault of ours.
        """
        if isinstance(error, TrailBroken):
            told = 503, "Nothing can be stored for the moment"
        elif isinstance(error, UnsealError):
            told = 503, "This cannot be read"
        elif isinstance(error, LimitReached):
            told = 429, "That is too much"
        else:
            return None
        page = plain_page(request.path_info, *told, error.detail, "Nothing was stored.")
        page.headers["Retry-After"] = str(RETRY_AFTER)
        return page


def _note(request: HttpRequest, match: ResolverMatch) -> None:
    seen = f"{request.user.pk} {match.url_name}"
    if counters().add(CounterKind.REFUSED_PAGES, seen, 60) > 1:
        return
    model_admin, page = _page(match.url_name or "")
    of_model = getattr(getattr(model_admin, "model", None), "resource", "")
    resource = str(getattr(model_admin, "resource", of_model))  # "" for a page of the site itself
    kind = resource or "admin"
    key = unquote(str(next(iter(match.kwargs.values()), ""))) if resource else ""
    found = model_admin.get_object(request, key) if key else None
    about: dict[str, Any] = {} if found is None else {"label": str(found), "pk": str(found.pk)}
    object_id = key if found is None else getattr(found, "public_id", str(found.pk))
    actor = admin_actor(request, f"{kind}.{page}")
    record_refusal(actor, resource, object_id, "permission_denied", noun=kind, **about)


def _page(name: str) -> tuple[Any, str]:
    """Whose page it is by its name `<app>_<model>_<page>`, and which; of no model: the site's."""
    for model, model_admin in admin.site._registry.items():
        prefix = f"{model._meta.app_label}_{model._meta.model_name}_"
        if name.startswith(prefix):
            return model_admin, name.removeprefix(prefix)
    return None, name
