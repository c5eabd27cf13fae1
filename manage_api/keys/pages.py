"""Other Options → Manage API Key: the pages. GET changes nothing; every POST is asked for first.

A new key appears in the answer to the POST that made it and nowhere else: no redirect, no session,
no message carries it, and no GET, such as a browser's prefetch, shows it or uses it up. Reloading
that answer sends the form again, which finds the key in place and changes nothing.
"""

from collections.abc import Callable, Iterable
from datetime import date
from functools import wraps
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from manage_api.keys import actions, hints, presets, queries, services
from manage_api.keys.actions import Action
from manage_api.keys.forms import COLUMNS, CreateKeyForm
from manage_api.keys.models import KeyKind, ManageKey
from manage_api.keys.services import Issued
from manage_api.keys.verification import KeyHolder
from manage_api.operations import all_operations
from manage_api.permissions import allowed_operations
from manage_api.views import API_ROOT
from syteops.adminkit.history import page_of
from syteops.adminkit.service_admin import admin_actor
from syteops.core.errors import Conflict, DomainError, NotFound

PERMISSION = "keys.manage_api_keys"
FORMER_SHOWN = 50
OTHERS_SHOWN = 5

View = Callable[..., HttpResponse]


def guarded(view: View) -> View:
    """Only for those who may manage keys, on every request. Passwords stay out of reports."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.has_perm(PERMISSION):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return sensitive_post_parameters("password")(
        require_http_methods(["GET", "HEAD", "POST"])(checked)
    )


def page(
    request: HttpRequest, site: Any, template: str, title: str, **context: Any
) -> TemplateResponse:
    """A page in the admin's frame."""
    shown = {**site.each_context(request), "title": title, **context}
    return TemplateResponse(request, f"admin/keys/{template}.html", shown)


# --- The pages -----------------------------------------------------------------------------


@guarded
def overview(request: HttpRequest, site: Any) -> HttpResponse:
    """The site key's card, and the restricted keys below."""
    key, state = queries.site_key(), queries.api_state()
    offered = [*_buttons(request, actions.offered_on_api(key, state))]
    if key is not None:
        offered = [*_buttons(request, actions.offered_on(key), key), *offered]
    return page(
        request,
        site,
        "overview",
        "Manage API Key",
        key=key,
        state=state,
        is_old=key is not None and hints.is_old(key),
        calls=_calls(key) if key else None,
        buttons=offered,
        replaced=[_row(one) for one in queries.replaced_site_keys()],
        rows=[_row(one) for one in queries.restricted_keys()],
        former=[_row(one) for one in queries.former_keys()[:FORMER_SHOWN]],
        expiring=queries.expiring_keys(),
        **_alarms(),
        curl=_curl(request, "som_…"),
    )


def _alarms() -> dict[str, Any]:
    ended, others = hints.alarms()
    return {
        "alarms": [*ended, *others[:OTHERS_SHOWN]],
        "more_alarms": len(others[OTHERS_SHOWN:]),
        "alarm_days": hints.ALARM_DAYS,
        "cut_off": queries.cut_off_addresses(hints.ALARM_DAYS),
    }


@guarded
def detail(request: HttpRequest, site: Any, public_id: str) -> HttpResponse:
    """One key: its rights to the letter, and what became of it."""
    key = _key_or_404(public_id)
    return page(
        request,
        site,
        "detail",
        f"Key {key.name}",
        key=key,
        row=_row(key),
        enabled=queries.api_enabled(),
        preset=presets.preset_of(key.scopes) if key.kind == KeyKind.RESTRICTED else None,
        buttons=_buttons(request, actions.offered_on(key), key),
        operations=allowed_operations(KeyHolder(key), all_operations()),
        calls=_calls(key),
        per_day=_bars(queries.calls_per_day(key, queries.DAYS_SHOWN)),
        entries=page_of(request, queries.history_of(key)),
    )


@guarded
def create(request: HttpRequest, site: Any) -> HttpResponse:
    """The form of a new restricted key, and the key itself once it is made."""
    initial = _like(request.GET.get("like", ""))
    form = CreateKeyForm(request, _sent(request), initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            actor = admin_actor(request, "keys.create")
            issued = services.create_restricted_key(actor, **form.values())
            return _shown_once(request, site, issued)
        except Conflict as refusal:
            messages.warning(request, refusal.detail)
            return HttpResponseRedirect(_address(_key_or_404(form.cleaned_data["public_id"])))
        except DomainError as refusal:
            form.show(refusal)
    choices = [(one, one.scopes()) for one in presets.PRESETS.values()]
    return page(
        request, site, "create", "New restricted key", form=form, presets=choices, columns=COLUMNS
    )


@guarded
def act_on_api(request: HttpRequest, site: Any, slug: str) -> HttpResponse:
    """Ask for and do what concerns the API as a whole."""
    return _act(request, site, actions.ON_API.get(slug), None)


@guarded
def act_on_key(request: HttpRequest, site: Any, public_id: str, slug: str) -> HttpResponse:
    """Ask for and do what concerns one key."""
    return _act(request, site, actions.ON_KEY.get(slug), _key_or_404(public_id))


# --- Doing it ------------------------------------------------------------------------------


def _act(
    request: HttpRequest, site: Any, action: Action | None, key: ManageKey | None
) -> HttpResponse:
    if action is None:
        raise Http404
    form = action.form(request, _sent(request))
    back = _address(key) if key is not None and key.kind == KeyKind.RESTRICTED else _home()
    if request.method == "GET" or not form.is_valid():
        shown = {"action": action, "form": form, "key": key, "back": back}
        shown["also_ends"] = _also_ends(action, key)
        return page(request, site, "confirm", action.question, **shown)
    try:
        outcome = action.run(admin_actor(request, action.operation), key, form)
    except DomainError as refusal:
        messages.error(request, refusal.detail)
        return HttpResponseRedirect(back)
    if isinstance(outcome, Issued):
        return _shown_once(request, site, outcome)
    messages.success(request, action.done)
    return HttpResponseRedirect(back)


def _shown_once(request: HttpRequest, site: Any, issued: Issued) -> HttpResponse:
    """The key, in this answer and never again. `admin_view` lets no answer of ours be stored."""
    return page(
        request,
        site,
        "issued",
        "Your new key",
        key=issued.key,
        text=issued.text,
        curl=_curl(request, issued.text),
        predecessor=ManageKey.objects.filter(successor=issued.key).first(),
    )


def _sent(request: HttpRequest) -> Any:
    """What a form is bound to: nothing on GET."""
    return request.POST if request.method == "POST" else None


# --- Helpers -------------------------------------------------------------------------------


def _buttons(
    request: HttpRequest, offered: Iterable[Action], key: ManageKey | None = None
) -> list[dict[str, Any]]:
    """Each action with its address and the form that its dialog shows."""
    return [
        {
            "action": one,
            "url": _address(key, one.slug)
            if key
            else reverse("admin:keys_managekey_api", args=[one.slug]),
            "form": one.form(request, auto_id=f"{one.slug}_%s"),
            "also_ends": _also_ends(one, key),
        }
        for one in offered
    ]


def _also_ends(action: Action, key: ManageKey | None) -> list[ManageKey]:
    return queries.still_working(key) if key is not None and action.ends_former else []


def _row(key: ManageKey) -> dict[str, Any]:
    site_key = key.kind == KeyKind.SITE
    return {
        "key": key,
        "state": key.state,
        "rights": "Everything" if site_key else presets.in_words(key.scopes),
        "risks": hints.risks(key),
        "url": _address(key),
    }


def _calls(key: ManageKey) -> dict[str, int]:
    return dict(zip(("day", "month"), queries.recent_calls(key), strict=True))


def _bars(per_day: list[tuple[date, int]]) -> list[dict[str, Any]]:
    """Each day with its calls, and their share of the busiest day's in percent."""
    most = max(calls for _, calls in per_day) or 1
    return [{"day": day, "calls": n, "share": round(100 * n / most)} for day, n in per_day]


def _key_or_404(public_id: str) -> ManageKey:
    try:
        return queries.get_key(public_id)
    except NotFound as error:
        raise Http404(error.detail) from error


def _like(public_id: str) -> dict[str, Any]:
    """What a new key takes over from the one it is to be like."""
    if not public_id:
        return {}
    key = _key_or_404(public_id)
    sponsor = key.sponsor_id and {"sponsor": key.sponsor_id}
    same = {"name": key.name, **(sponsor or {})}
    if not key.has_genuine_rights:  # nobody takes over what somebody else wrote there
        return same
    return {**same, "scopes": key.scopes, "networks": "\n".join(key.networks)}


def _home() -> str:
    return reverse("admin:keys_managekey_changelist")


def _address(key: ManageKey, slug: str = "") -> str:
    if slug:
        return reverse("admin:keys_managekey_act", args=[key.public_id, slug])
    return reverse("admin:keys_managekey_detail", args=[key.public_id])


def _curl(request: HttpRequest, text: str) -> str:
    """A line to try the key with."""
    return f'curl -H "X-API-Key: {text}" {request.build_absolute_uri(API_ROOT + "/whoami")}'
