"""Mounts the key pages in the admin site."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from unfold.admin import ModelAdmin

from manage_api.keys import pages
from manage_api.keys.models import ManageKey


@admin.register(ManageKey)
class ManageKeyAdmin(ModelAdmin):  # type: ignore[misc]
    """Has pages of its own: a key is no form to be edited."""

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
        return self.admin_site.admin_view(partial(view, site=self.admin_site))  # type: ignore[no-any-return]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(pages.PERMISSION)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(pages.PERMISSION)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
