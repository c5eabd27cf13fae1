"""The pages of Other Options → Manage API Key. GET changes nothing; each POST is confirmed first.

A new key appears in the response to the POST that made it and nowhere else: no redirect, session
or message carries it, and no GET, such as a browser's prefetch, shows it. Reloading that response
sends the form again, which finds the key in place and changes nothing.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from manage_api.keys import presets, queries, rights, risks, services, traffic
from manage_api.keys.actions import ON_API, ON_KEY, Action, list_api_actions, list_key_actions
from manage_api.keys.descriptions import describe, describe_in_full, describe_with_calls
from manage_api.keys.forms import CreateKeyForm
from manage_api.keys.models import KeyKind, ManageKey
from manage_api.keys.services import Issued
from manage_api.views import address_of
from syteops.adminkit.acting import admin_actor
from syteops.adminkit.history import page_of
from syteops.audit.visibility import visible_to_person
from syteops.core.addresses import absolute_address
from syteops.core.errors import Conflict, DomainError, Forbidden, NotFound

FORMER_SHOWN = PER_PAGE = 20
OTHERS_SHOWN = 5


def site_key_card(request: HttpRequest) -> dict[str, Any]:
    """What the site key's card shows: the key, the state of the API, and what can be done now."""
    key, state = queries.site_key(), queries.api_state()
    return {
        "key": describe_with_calls(key) if key else None,
        "state": state,
        "buttons": _buttons(request, site_key_actions(key, state)),
        "replaced": [describe(one) for one in queries.replaced_site_keys()],
        "restricted": _described(request, queries.restricted_keys()),
        "is_old": risks.IS_OLD,
        "enabled": state != "disabled",
    }


def site_key_actions(key: ManageKey | None, state: str) -> list[tuple[Action, ManageKey | None]]:
    """What can be done with the API and the site key, and which key each is about.

    While the API is disabled, enabling it comes first: nothing else makes a key work.
    """
    on_api: list[tuple[Action, ManageKey | None]] = [
        (one, None) for one in list_api_actions(key, state)
    ]
    on_key = [(one, key) for one in list_key_actions(key)] if key else []
    return [*on_api, *on_key] if state == "disabled" else [*on_key, *on_api]


def _described(request: HttpRequest, found: Sequence[ManageKey] | QuerySet[ManageKey]) -> Any:
    """The page of these keys that the request asks for."""
    page: Any = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    page.object_list = [describe(one) for one in page.object_list]
    return page


def overview(request: HttpRequest, site: Any) -> HttpResponse:
    """The site key's card, and the restricted keys below."""
    grave, others = risks.find_alarms()
    is_narrowed = request.GET.get("show") == "at_risk"
    card = site_key_card(request)
    if is_narrowed:
        card["restricted"] = _described(request, risks.keys_at_risk())
    return _render(
        request,
        site,
        "overview",
        "Manage API Key",
        **card,
        is_narrowed=is_narrowed,
        former=[describe(one) for one in queries.former_keys()[:FORMER_SHOWN]],
        former_count=queries.former_keys().count(),
        expiring=queries.expiring_keys(),
        alarms=[*grave, *others[:OTHERS_SHOWN]],
        more_alarms=len(others[OTHERS_SHOWN:]),
        alarm_days=risks.ALARM_DAYS,
        cut_off=queries.cut_off_addresses(risks.ALARM_DAYS),
        curl=_curl(request, "som_…"),
    )


def detail(request: HttpRequest, site: Any, public_id: str) -> HttpResponse:
    """One key: every operation that it may run, its use and its history, as far as it is theirs.

    With `days` its use in the time that the start page shows, which leads here.
    """
    key, is_recent = _get_key(public_id), "days" in request.GET
    described = describe_in_full(key, traffic.DAYS if is_recent else queries.DAYS_SHOWN)
    calls = [one["calls"] for one in described["calls_per_day"]]
    return _render(
        request,
        site,
        "detail",
        f"Key {key.name}",
        key=described,
        sponsor=key.sponsor,
        successor=key.successor,
        enabled=queries.api_enabled(),
        preset=presets.find_preset(described["scopes"]),
        buttons=_buttons(request, [(one, key) for one in list_key_actions(key)]),
        busiest=max(calls),
        calls_in_all=sum(calls),
        is_recent=is_recent,
        entries=page_of(request, visible_to_person(request.user, queries.history_of(key))),
    )


def create(request: HttpRequest, site: Any) -> HttpResponse:
    """The form of a new restricted key, and the key itself once it is made."""
    initial = _copy_key(request.GET.get("like", ""))
    form, status = CreateKeyForm(request, _post_data(request), initial=initial), 200
    if request.method == "POST" and form.is_valid():
        try:
            actor = admin_actor(request, "keys.create")
            issued = services.create_restricted_key(actor, **form.service_values())
            return _render_issued(request, site, issued)
        except Conflict as refusal:
            messages.warning(request, refusal.detail)
            return HttpResponseRedirect(_address(_get_key(form.cleaned_data["public_id"])))
        except DomainError as refusal:
            form.add_refusal(refusal)
            status = 403 if isinstance(refusal, Forbidden) else status
    return _render(
        request,
        site,
        "create",
        "New restricted key",
        status,
        form=form,
        presets=form.held_presets(),
        is_beyond=not rights.holds(request.user, rights.of_scopes(initial.get("scopes", ()))),
    )


def _copy_key(public_id: str) -> dict[str, Any]:
    """The initial values of a new key that is to be like another one."""
    if not public_id:
        return {}
    key = _get_key(public_id)
    same = {"name": key.name, **({"sponsor": key.sponsor_id} if key.sponsor_id else {})}
    if not key.has_genuine_rights:  # somebody else wrote them
        return same
    return {**same, "scopes": key.scopes, "networks": "\n".join(key.networks)}


def act_on_api(request: HttpRequest, site: Any, slug: str) -> HttpResponse:
    """Confirm and run an action on the API as a whole."""
    return _act(request, site, ON_API.get(slug), None)


def act_on_key(request: HttpRequest, site: Any, public_id: str, slug: str) -> HttpResponse:
    """Confirm and run an action on one key."""
    return _act(request, site, ON_KEY.get(slug), _get_key(public_id))


def _act(
    request: HttpRequest, site: Any, action: Action | None, key: ManageKey | None
) -> HttpResponse:
    if action is None:
        raise Http404
    form = action.form(request, _post_data(request))
    back = reverse("admin:keys_managekey_changelist")
    if key is not None and key.kind == KeyKind.RESTRICTED:
        back = _address(key)
    context: dict[str, Any] = {"action": action, "form": form, "key": key, "back": back}
    context |= {"also_ends": action.also_ends(key), "stops": action.stops()}
    ask = partial(_render, request, site, "confirm", action.question, **context)
    if not form.is_valid():
        return ask()
    try:
        outcome = action.run(admin_actor(request, action.operation), key, form)
    except Forbidden as refusal:
        form.add_error(None, refusal.detail)
        return ask(status=403)
    except DomainError as refusal:
        messages.error(request, refusal.detail)
        return HttpResponseRedirect(back)
    if isinstance(outcome, Issued):
        return _render_issued(request, site, outcome)
    messages.success(request, action.done)
    return HttpResponseRedirect(back)


def _render_issued(request: HttpRequest, site: Any, issued: Issued) -> HttpResponse:
    """The key, in this response and never again. `admin_view` makes it `no-store`."""
    return _render(
        request,
        site,
        "issued",
        "Your new key",
        key=issued.key,
        text=issued.text,
        curl=_curl(request, issued.text),
        predecessor=ManageKey.objects.filter(successor=issued.key).first(),
    )


def _render(
    request: HttpRequest, site: Any, template: str, title: str, status: int = 200, **context: Any
) -> TemplateResponse:
    """A page in the admin's frame."""
    context = {**site.each_context(request), "title": title, "opts": ManageKey._meta, **context}
    return TemplateResponse(request, f"admin/keys/{template}.html", context, status=status)


def _post_data(request: HttpRequest) -> Any:
    """What a form is bound to: nothing on GET."""
    return request.POST if request.method == "POST" else None


def _buttons(
    request: HttpRequest, actions: Sequence[tuple[Action, ManageKey | None]]
) -> list[dict[str, Any]]:
    """Each action that would not be refused, with its address and the form of its dialog."""
    return [
        {
            "action": one,
            "url": one.url(key),
            "form": one.form(request, auto_id=f"{one.slug}_%s"),
            "also_ends": one.also_ends(key),
            "stops": one.stops(),
        }
        for one, key in actions
        if one.is_open_to(request.user, key)
    ]


def _get_key(public_id: str) -> ManageKey:
    try:
        return queries.get_key(public_id)
    except NotFound as error:
        raise Http404(error.detail) from error


def _address(key: ManageKey) -> str:
    return reverse("admin:keys_managekey_detail", args=[key.public_id])


def _curl(request: HttpRequest, text: str) -> str:
    """A command line to try the key with."""
    return f'curl -H "X-API-Key: {text}" {absolute_address(request, address_of("/whoami"))}'
