"""Buttons of the admin that act at once: they ask first, on a page of their own.

A theme's action button is a link, and a link must change nothing: it leads here, and the form here
is what acts. What a service refuses is shown as a message; nothing is stored then. Who agreed to
what others have changed since is asked again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from unfold.decorators import action

from syteops.adminkit.races import races_refused
from syteops.adminkit.stale_forms import (
    ChangedMeanwhile,
    GuardedAdmin,
    refuse_if_unseen,
    what_is_seen,
    what_was_missed,
)
from syteops.core.errors import DomainError


@dataclass(frozen=True)
class Question:
    """What a person is asked before the action: `text` says what will happen, `button` does it.

    Another `template` extends the usual one, and is given the `context` as well.
    """

    title: str
    text: str
    button: str
    form: type[forms.Form] = forms.Form
    danger: bool = False
    template: str = "admin/confirm_action.html"
    context: Mapping[str, Any] = field(default_factory=dict)


Act = Callable[[Any, dict[str, Any]], tuple[str, Any] | HttpResponse]
"""Does it to the object, with the form's values; answers what to say and which object to show.

Or the page to show instead: where to wait for what has only begun, or what is shown just once.
"""


F = TypeVar("F", bound=Callable[..., Any])


def button(name: str, path: str, icon: str, *also: str) -> Callable[[F], F]:
    """Make a method of an admin a button on its object's page, for who may change the object.

    `also` are further things that he must be allowed: for `x` the admin has `has_x_permission`.
    """
    made: Callable[[F], F] = action(
        description=name, url_path=path, permissions=["change", *also], icon=icon
    )
    return made


def confirmed(
    admin: GuardedAdmin,
    request: HttpRequest,
    object_id: str,
    question: Question | Callable[[Any], Question],
    act: Act,
) -> HttpResponse:
    """Ask, about the object where the question depends on it; act on the locked one once agreed."""
    if not admin.has_change_permission(request):
        raise PermissionDenied
    seen = what_is_seen(request, admin.changes_at(object_id))
    obj = admin.get_object(request, unquote(object_id))
    if obj is None:
        return admin._get_obj_does_not_exist_redirect(request, admin.opts, object_id)
    asked = question if isinstance(question, Question) else question(obj)
    form = asked.form(request.POST if request.method == "POST" else None)
    back = admin.url_to("change", obj.pk)
    if request.method == "POST" and form.is_valid():
        try:
            return _done(admin, request, obj, form.cleaned_data, act)
        except ChangedMeanwhile as refusal:
            seen |= what_was_missed(refusal)
        except DomainError as refusal:
            messages.error(request, refusal.detail)
            return HttpResponseRedirect(back)
    shown = {"question": asked, "form": form, "object": obj, "back": back, **seen}
    return admin.page(request, asked.template, asked.title, **asked.context, **shown)


def _done(
    admin: GuardedAdmin, request: HttpRequest, obj: Any, values: dict[str, Any], act: Act
) -> HttpResponse:
    """Do it, unless it is another object by now than the person saw."""
    with races_refused(), transaction.atomic():
        locked = admin.locked(obj.pk)
        refuse_if_unseen(request, admin.changes(str(obj.pk)))
        done = act(locked, values)
    if isinstance(done, HttpResponse):
        return done
    told, changed = done
    messages.success(request, told)
    return HttpResponseRedirect(admin.url_to("change", changed.pk))
