"""Mounts the key pages in the admin site."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import Any

from django.contrib import admin
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from manage_api.keys import pages
from manage_api.keys.models import KeyKind, ManageKey
from manage_api.keys.queries import api_state, live_keys, site_key
from syteops.adminkit.palette import MOST, Found, Wanted
from syteops.adminkit.strict import ReadOnlyAdmin

PERMISSION = "keys.manage_api_keys"


@admin.register(ManageKey)
class ManageKeyAdmin(ReadOnlyAdmin):
    """Has pages of its own: a key is no form to be edited."""

    palette_pages = (("New restricted key", "add", "admin:keys_managekey_create"),)

    def palette_objects(self, request: HttpRequest, wanted: Wanted, icon: str) -> Iterator[Found]:
        """What can be done with the site key and the API, and the keys that have not ended."""
        for action, about in pages.site_key_actions(site_key(), api_state()):
            if wanted.fits(action.label, "site API key") and action.is_open_to(request.user, about):
                yield Found(action.label, "Action", action.url(about), action.icon)
        shown = live_keys().values_list("name", "hint", "public_id", "kind")
        fitting = (one for one in shown if wanted.fits(*one[:3]))
        for name, hint, public_id, kind in islice(fitting, MOST):
            title, address = f"{name} ({hint})", self.url_to("detail", public_id)
            yield Found(title, str(KeyKind(kind).label), address, icon)

    def get_urls(self) -> list[URLPattern]:
        return [
            path("", self._page(pages.overview), name="keys_managekey_changelist"),
            path("create/", self._page(pages.create), name="keys_managekey_create"),
            path("api/<slug:slug>/", self._page(pages.act_on_api), name="keys_managekey_api"),
            path("<slug:public_id>/", self._page(pages.detail), name="keys_managekey_detail"),
            path(
                "<slug:public_id>/<slug:slug>/",
                self._page(pages.act_on_key),
                name="keys_managekey_act",
            ),
        ]

    def _page(self, view: Callable[..., HttpResponse]) -> Callable[..., Any]:
        """Only for those who may manage keys, on every request. Passwords stay out of reports."""
        page: Any = partial(view, site=self.admin_site)
        page = permission_required(PERMISSION, raise_exception=True)(page)
        page = require_http_methods(["GET", "HEAD", "POST"])(page)
        return self.admin_site.admin_view(sensitive_post_parameters("password")(page))  # type: ignore[no-any-return]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(PERMISSION)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(PERMISSION)
