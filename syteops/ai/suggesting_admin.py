"""The pages on which people have something suggested, wait, look at it, and take what they want."""

from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import URLPattern, path
from rest_framework.exceptions import ValidationError

from syteops.adminkit.acting import admin_actor
from syteops.adminkit.confirmed_action import Question, confirmed
from syteops.adminkit.races import races_refused
from syteops.ai import queries, suggestions, tasks
from syteops.ai.areas import Area, areas_about
from syteops.ai.choices import UNDER_WAY, SuggestionState
from syteops.ai.editing import Edits
from syteops.ai.item_forms import ItemForm, item_forms, show_errors
from syteops.ai.models import AiSuggestion
from syteops.ai.services import require_available
from syteops.core.entities import Entity
from syteops.core.errors import DomainError, Invalid, NotFound


class SuggestingAdmin:
    """For the admin of an entity about which areas make suggestions, before the other bases."""

    model: type[Entity]
    change_form_outer_after_template = "admin/ai/suggest.html"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view  # type: ignore[attr-defined]
        suggest, look = view(self.suggest_view), view(self.suggestion_view)
        return [
            path("<str:object_id>/suggest/<str:name>/", suggest, name=self._name("suggest")),
            path("<str:object_id>/suggestions/<uuid:key>/", look, name=self._name("suggestion")),
            *super().get_urls(),  # type: ignore[misc]
        ]

    def _name(self, view: str) -> str:
        name: str = self.url_name(view)  # type: ignore[attr-defined]
        return name

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kw: Any) -> Any:
        """With a button for each area, for who may change the object."""
        about = kw.get("obj")
        if about and self.has_change_permission(request, about):  # type: ignore[attr-defined]
            context["suggest"] = list(self._offers(about))
            context["waiting"] = self._waiting(about)
        return super().render_change_form(request, context, *args, **kw)  # type: ignore[misc]

    def _offers(self, about: Any) -> Iterator[dict[str, str]]:
        for area in areas_about(self.model):
            suggests, name = area.get_suggests(), area.name_in_resource
            url = self.url_to("suggest", about.pk, name)  # type: ignore[attr-defined]
            yield {"title": suggests.title, "url": url, "why_off": _why_off(area, about)}

    def _waiting(self, about: Any) -> list[dict[str, Any]]:
        """The suggestions that are under way, or that nobody has decided on."""
        found = queries.suggestions_about(about)
        open_ones = queries.newest(found.filter(state__in=_OPEN))
        waiting = [one for one in open_ones if queries.state_of(one) in _OPEN]
        return [{"url": self._address(about, one), "suggestion": one} for one in waiting]

    def _address(self, about: Any, suggestion: AiSuggestion) -> str:
        url: str = self.url_to("suggestion", about.pk, suggestion.pk)  # type: ignore[attr-defined]
        return url

    # --- Having it suggested ---

    def suggest_view(self, request: HttpRequest, object_id: str, name: str) -> HttpResponse:
        """Asks before anything is sent; only a POST does it."""
        area = next((one for one in areas_about(self.model) if one.name_in_resource == name), None)
        if area is None:
            raise Http404("There is no such area.")
        suggests = area.get_suggests()
        text = f"{suggests.sends} Nothing is stored before you have accepted it."
        question = Question(suggests.title, text, "Ask the AI")

        def act(about: Any, values: Any) -> HttpResponse:
            if not self.has_change_permission(request, about):  # type: ignore[attr-defined]
                raise PermissionDenied
            back = self.url_to("change", about.pk)  # type: ignore[attr-defined]
            actor = admin_actor(request, f"{about.resource}.suggest_{area.name_in_resource}")
            return HttpResponseRedirect(
                self._address(about, tasks.suggest(actor, area, about, back))
            )

        return confirmed(self, request, object_id, question, act)  # type: ignore[arg-type]

    # --- Looking at it ---

    def suggestion_view(self, request: HttpRequest, object_id: str, key: Any) -> HttpResponse:
        """The page on which to wait, then that on which to choose, then back to the object.

        A script asks with `?state` whether it is over; without scripts the page loads itself again.
        """
        about = self.get_object(request, object_id)  # type: ignore[attr-defined]
        if not self.has_view_permission(request, about):  # type: ignore[attr-defined]
            raise PermissionDenied
        if about is None:
            raise Http404("There is no such object.")
        suggestion = _find(about, key)
        if request.method == "POST":
            return self._decide(request, about, suggestion)
        state = queries.state_of(suggestion)
        if "state" in request.GET:
            return JsonResponse({"over": state not in UNDER_WAY, "text": f"{state.label} …"})
        if state in UNDER_WAY:
            return self._page(request, "waiting", about, suggestion, text=f"{state.label} …")
        if state is SuggestionState.READY:
            return self._review(request, about, suggestion, item_forms(suggestion))
        problem = queries.problem_of_job(suggestion) if state is SuggestionState.FAILED else None
        if problem:
            messages.error(request, problem["detail"])
        else:
            messages.info(request, f"This suggestion is over: {state.label.lower()}.")
        return self._to_object(about)

    def _review(
        self, request: HttpRequest, about: Any, suggestion: AiSuggestion, items: list[ItemForm]
    ) -> HttpResponse:
        present = _suggests(suggestion).present(about)
        return self._page(request, "review", about, suggestion, items=items, present=present)

    def _page(
        self, request: HttpRequest, name: str, about: Any, suggestion: AiSuggestion, **more: Any
    ) -> HttpResponse:
        title = _suggests(suggestion).title
        may_decide = self.has_change_permission(request, about)  # type: ignore[attr-defined]
        context = {"about": about, "suggestion": suggestion, "may_decide": may_decide, **more}
        page: HttpResponse = self.page(  # type: ignore[attr-defined]
            request,
            f"admin/ai/{name}.html",
            title,
            back=self.url_to("change", about.pk),  # type: ignore[attr-defined]
            **context,
        )
        return page

    def _to_object(self, about: Any) -> HttpResponse:
        return HttpResponseRedirect(self.url_to("change", about.pk))  # type: ignore[attr-defined]

    # --- Deciding ---

    def _decide(self, request: HttpRequest, about: Any, suggestion: AiSuggestion) -> HttpResponse:
        if not self.has_change_permission(request, about):  # type: ignore[attr-defined]
            raise PermissionDenied
        does = "accept" if "accept" in request.POST else "dismiss"
        actor = admin_actor(request, f"{about.resource}.{does}_suggestion")
        shown = item_forms(suggestion, request.POST)
        wanted = [one for one in shown if one.is_wanted]
        if does == "accept" and shown and not wanted:
            messages.error(request, "Choose what you want to have stored, or dismiss all of it.")
            return self._review(request, about, suggestion, shown)
        edits = Edits({str(one.index): one.changes for one in wanted if one.changes})
        try:
            with races_refused(), transaction.atomic():
                locked = _suggests(suggestion).find(str(about.pk), lock=True)
                found = queries.get_suggestion(locked, str(suggestion.pk), lock=True)
                if does == "accept":
                    suggestions.accept(actor, found, locked, [one.index for one in wanted], edits)
                else:
                    suggestions.dismiss(actor, found)
        except ValidationError as refusal:
            show_errors(wanted, refusal)
            messages.error(request, "Nothing was stored. Correct what is marked below.")
            return self._review(request, about, suggestion, shown)
        except Invalid as refusal:
            messages.error(request, " ".join(one.detail for one in refusal.errors))
            return self._review(request, about, suggestion, shown)
        except DomainError as refusal:
            messages.error(request, refusal.detail)
        else:
            told = f"Stored: {len(wanted)} of what was suggested."
            messages.success(request, told if does == "accept" else "Nothing of it was stored.")
        return self._to_object(about)


_OPEN = (*UNDER_WAY, SuggestionState.READY)


def _suggests(suggestion: AiSuggestion) -> Any:
    return queries.get_area(suggestion.area).get_suggests()


def _find(about: Any, key: Any) -> AiSuggestion:
    try:
        return queries.get_suggestion(about, str(key))
    except NotFound as missing:
        raise Http404(missing.detail) from missing


def _why_off(area: Area, about: Any) -> str:
    """Why the AI cannot be asked about the object now; "" if it can."""
    try:
        area.get_suggests().source(about)
        require_available(area.slug)
    except DomainError as refusal:
        return refusal.detail
    return ""
