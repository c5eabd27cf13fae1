"""The admin site: the theme's, without the sections of inactive modules, and audited."""

from collections.abc import Callable
from functools import partial, wraps
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import PasswordChangeView
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
)
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from unfold.sites import UnfoldAdminSite

from syteops.adminkit.races import repeated_page
from syteops.core.modules import inactive_modules
from syteops.dashboard import other_options, palette
from syteops.guides import views as guides
from syteops.history.undo_offer import with_undo
from syteops.people import factor_pages
from syteops.people.expired_forms import destination, tell_lost_form
from syteops.people.openid import OpenIdView, come_back
from syteops.people.passkeys import PasskeyView, any_passkeys
from syteops.people.passwords import must_change_first
from syteops.people.second_steps import SecondStepView, SignInView


def is_away(app_label: str) -> bool:
    """Whether an app belongs to a module that is not active."""
    slug = getattr(apps.get_app_config(app_label), "module_slug", None)
    return slug is not None and slug in inactive_modules()


def _repeated(view: Callable[..., Any]) -> Callable[..., Any]:
    """The view; what is posted to it is done anew where PostgreSQL ended it for another's sake."""

    @wraps(view)
    def repeat(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        page = partial(view, request, *args, **kwargs)
        shown = page() if request.method != "POST" else repeated_page(request, page)
        tell_lost_form(request, shown)
        return with_undo(request, shown)

    return repeat


class SyteOpsAdminSite(UnfoldAdminSite):  # type: ignore[misc]
    """What an inactive module brings is neither listed nor reachable."""

    def get_urls(self) -> list[URLPattern | URLResolver]:
        return [
            path("login/second-step/", self.second_step, name="second_step"),
            path("login/openid/", never_cache(OpenIdView.as_view()), name="openid"),
            path("login/openid/back/", never_cache(come_back), name="openid_callback"),
            path("login/passkey/", never_cache(PasskeyView.as_view()), name="passkey"),
            *factor_pages.urls(),
            *guides.urls(),
            *other_options.urls(),
            *super().get_urls(),
        ]

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Callable[..., Any]:
        model = getattr(getattr(view, "__self__", None), "model", None)
        guarded = _repeated(super().admin_view(view, cacheable))
        if model is None or not hasattr(apps.get_app_config(model._meta.app_label), "module_slug"):
            return guarded

        def only_while_active(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if is_away(model._meta.app_label):
                raise Http404("The module is not active.")
            response: HttpResponse = guarded(request, *args, **kwargs)
            return response

        return only_while_active

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> Any:
        """All sections are listed once per request: the page and its sidebar both show them."""
        if app_label is not None:
            return super().get_app_list(request, app_label)
        if not hasattr(request, "_admin_sections"):
            request._admin_sections = super().get_app_list(request)  # type: ignore[attr-defined]
        return request._admin_sections  # type: ignore[attr-defined]

    def _build_app_dict(self, request: HttpRequest, label: str | None = None) -> Any:
        found = super()._build_app_dict(request, label)
        if label is not None:
            return None if found and is_away(label) else found
        return {name: one for name, one in found.items() if not is_away(name)}

    def search(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """What the palette finds. The theme's own would keep answers beyond a change of rights."""
        text = request.GET.get("s", "")
        results = palette.find(request, text)
        context = {"results": results, "search_term": text[: palette.MAX_LENGTH]}
        return TemplateResponse(request, "unfold/helpers/command_results.html", context)

    @method_decorator(never_cache)
    @login_not_required
    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        """Django's own, but for the second step."""
        start = reverse(f"{self.name}:index")
        if request.method == "GET" and self.has_permission(request):
            return HttpResponseRedirect(destination(request))
        request.current_app = self.name
        context = {
            **self.each_context(request),
            "title": "Log in",
            "app_path": request.get_full_path(),
            "username": request.user.get_username(),
            "next": request.POST.get("next") or request.GET.get("next", start),
            "has_passkeys": any_passkeys(),
            "openid": settings.OIDC_ISSUER and settings.OIDC_NAME,
        }
        view = SignInView.as_view(
            authentication_form=self.login_form,
            template_name="admin/login.html",
            extra_context={**context, **(extra_context or {})},
        )
        return view(request)

    @method_decorator(never_cache)
    @login_not_required
    def second_step(self, request: HttpRequest) -> HttpResponseBase:
        """What follows the right password of who has a second factor."""
        title = {"title": "One more step", "has_passkeys": any_passkeys()}
        context = {**self.each_context(request), **title}
        return SecondStepView.as_view(extra_context=context)(request)

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        """After a one-time password the start page follows, with nothing in between to click."""
        from syteops.people.confirmation import OwnPasswordForm

        is_first = must_change_first(request)
        done = "index" if is_first else "password_change_done"
        title = f"{'Choose' if is_first else 'Change'} your password"
        context = {"is_first": is_first, "title": title, **(extra_context or {})}
        view = PasswordChangeView.as_view(
            form_class=partial(OwnPasswordForm, request=request, is_first=is_first),
            success_url=reverse(f"{self.name}:{done}"),
            extra_context={**self.each_context(request), **context},
        )
        return view(request)
