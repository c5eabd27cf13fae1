"""What a person sees whose form was opened before the last sign-in, or comes from elsewhere.

Each sign-in makes the forms of all other tabs invalid, the sign-in form of a second tab first.
"""

from django.conf import settings
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from syteops.core.plain_pages import plain_page

_TITLE = "This form is not valid any more"
_LOST = (
    "You were signed out before the form was sent. Nothing was stored: your browser may still have "
    "what you typed where you go back to."
)
_TEXTS = (
    "It was opened before you signed in or out, or cookies are switched off. Nothing was stored.",
    "Go back, load the page again, and send the form once more.",
)


def form_expired(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The answer to a form without a valid CSRF token: 403, or straight on where that is safe."""
    page = request.resolver_match.view_name if request.resolver_match else ""
    if page in ("admin:login", "admin:second_step", "admin:passkey") and admin.site.has_permission(
        request
    ):
        return HttpResponseRedirect(destination(request))
    if page == "admin:logout" and not request.user.is_authenticated:
        return HttpResponseRedirect(reverse("admin:login"))
    return plain_page(request.path_info, 403, _TITLE, *_TEXTS)


def tell_lost_form(request: HttpRequest, answer: HttpResponse) -> None:
    """Say at the sign-in, where that is the answer to a form, that nothing of it was stored."""
    if request.method != "POST" or request.user.is_authenticated:
        return
    if getattr(answer, "url", "").partition("?")[0] == reverse("admin:login"):
        messages.warning(request, _LOST)


def destination(request: HttpRequest) -> str:
    """Where the sign-in would have led; never to another site."""
    wanted = request.POST.get("next") or request.GET.get("next", "")
    is_here = url_has_allowed_host_and_scheme(
        wanted, {request.get_host()}, require_https=request.is_secure()
    )
    return wanted if is_here else reverse(settings.LOGIN_REDIRECT_URL)
