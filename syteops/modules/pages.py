"""The pages of modules outside the admin and the API: a module's `urls.py`, mounted at the root."""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from django.http import HttpResponse
from django.urls import Resolver404, ResolverMatch, URLResolver, include
from django.urls.resolvers import RoutePattern
from django.utils.module_loading import module_has_submodule

from syteops.core.modules import ModuleConfig, installed_modules
from syteops.modules.queries import inactive_slugs

Page = Callable[..., HttpResponse]
P = TypeVar("P", bound=Page)


def while_inactive(away: Page) -> Callable[[P], P]:
    """Mark a page in whose place `away` is shown while its module is inactive, in place of a 404.

    For pages that outsiders come to, who deserve a word. It is given the same arguments.
    """

    def mark(page: P) -> P:
        page.while_inactive = away  # type: ignore[attr-defined]
        return page

    return mark


class ModulePages(URLResolver):
    """The addresses of one module. While it is inactive, nothing is there, or what a page says."""

    def __init__(self, config: ModuleConfig) -> None:
        urls, app_name, namespace = include(f"{config.name}.urls")
        pattern = RoutePattern("", is_endpoint=False)
        super().__init__(pattern, urls, app_name=app_name, namespace=namespace)
        self.slug = config.module_slug

    def resolve(self, path: Any) -> ResolverMatch:
        match = super().resolve(path)  # asks the database only for an address of this module
        if self.slug in inactive_slugs():
            away = getattr(match.func, "while_inactive", None)
            if away is None:
                raise Resolver404({"path": path})
            match.func = away
        return match


def module_pages() -> Iterator[ModulePages]:
    """The addresses of every module that has pages."""
    for config in installed_modules().values():
        if module_has_submodule(config.module, "urls"):
            yield ModulePages(config)
