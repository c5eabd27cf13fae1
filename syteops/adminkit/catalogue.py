"""The admin of what an app's code declares: modules and integrations.

They are not made or deleted here, only switched and configured, so their pages are a catalogue
with a page for each entry instead of a list of rows: an entry needs no row to be shown.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from syteops.adminkit.acting import admin_actor
from syteops.adminkit.merging import MARK, Choice, MergeableForm, merge, with_choices
from syteops.adminkit.palette import Found, Wanted
from syteops.adminkit.races import races_refused
from syteops.adminkit.schema_forms import config_fields, field_of, patch_of
from syteops.adminkit.service_admin import ServiceAdmin
from syteops.adminkit.stale_forms import (
    ChangedMeanwhile,
    changes_among,
    refuse_if_unseen,
    what_is_seen,
    what_was_missed,
)
from syteops.audit.models import AuditEntry
from syteops.audit.queries import matching
from syteops.audit.visibility import readable_resources
from syteops.core.actors import Actor
from syteops.core.consequences import foresee, words_of
from syteops.core.errors import DomainError, Invalid, NotFound
from syteops.core.impacts import impact_in_words
from syteops.core.permissions import permission_name

_STATES = {"on": True, "off": False}
"""What `state` in the address of a list leaves of it."""


class CatalogueAdmin(ServiceAdmin):
    """Base of a catalogue's admin, whose model is a SwitchableState.

    What it cannot know, `find_all` to `why_off`, is the app's.
    """

    icon = "extension"
    words = ("Enable", "Disable", "Enabled", "Disabled")
    """The two actions, and the two states."""
    kept = ""
    """What stays when an entry is switched off."""

    find_all: Callable[[], Sequence[Any]]
    """Everything in the catalogue, with slug, name, description, config and config_schema."""
    find_one: Callable[[str], Any]
    """One of them. Raises NotFound."""

    def why_off(self, entry: Any) -> str:
        """Why it cannot be switched on now; "" if it can."""
        return ""

    # --- Addresses ---

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = path("<slug:slug>/switch/", view(self.switch_view), name=self.url_name("switch"))
        urls: list[URLPattern] = super().get_urls()
        return [own, *urls]

    # --- What the base asks for ---

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Not the base's rule: a state is switched and configured, and has no service to update it.
        return bool(request.user.has_perm(permission_name(self.model, "change")))

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        """The state by slug, for its history page, also where no row is stored yet."""
        try:
            state = self.find_one(object_id).state
        except NotFound:
            return None
        state.pk = object_id  # the theme links to it, and its pages go by slug
        return state

    # --- Pages ---

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        glances, wanted = self.glances(request), _STATES.get(request.GET.get("state", ""))
        found = [one for one in self.find_all() if wanted in (None, self._is_on(one))]
        cards = [{**self._card(request, one), "glance": glances.get(one.slug)} for one in found]
        title = self.opts.verbose_name_plural.capitalize()
        return self._page(request, "list", title, cards=cards, is_narrowed=wanted is not None)

    def palette_objects(self, request: HttpRequest, wanted: Wanted, icon: str) -> Iterator[Found]:
        """The entries, by name, by what they do, and by the names of their settings."""
        kind = str(self.opts.verbose_name)
        for one in self.find_all():
            if wanted.fits(one.name, one.description, *self.settings_of(one)):
                yield Found(one.name, kind, self.url_to("change", one.slug), icon)

    def settings_of(self, entry: Any) -> list[str]:
        """The names of an entry's settings."""
        named = entry.config_schema.get("properties", {})
        return [spec.get("title", name) for name, spec in named.items()]

    def glances(self, request: HttpRequest) -> Mapping[str, Any]:
        """What the list shows besides of an entry that is on: a `template` and its values."""
        return {}

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """One entry, with its config (and whatever else `fields_of` adds) to be changed."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        self.entry_or_404(object_id)  # what names nothing is looked for nowhere else
        seen = what_is_seen(request, self._changes(object_id))
        entry = self.entry_or_404(object_id)
        request.POST = with_choices(request.POST)  # type: ignore[assignment]
        sent = (request.POST, request.FILES) if request.method == "POST" else ()
        form = self._form_class(request, entry)(*sent)
        if request.method == "POST":
            if not self.has_change_permission(request):
                raise PermissionDenied
            if form.is_valid() and self._save(request, entry, form):
                messages.success(request, f"{entry.name} was saved.")
                return HttpResponseRedirect(self.url_to("change", entry.slug))
            seen |= what_was_missed(refusal := getattr(request, "refusal", None))
            if isinstance(refusal, ChangedMeanwhile):
                entry = self.entry_or_404(object_id)
                form, seen["choices"] = self._merged(request, entry, form)
        card = self._card(request, entry)
        seen["sections"] = self.sections_of(request, entry)
        return self._page(request, "item", entry.name, form=form, card=card, **seen)

    def history(self, obj: Any) -> QuerySet[AuditEntry]:
        return self._trail(obj.public_id)

    def name_of(self, obj: Any) -> str:
        return str(self.find_one(obj.pk).name)

    def _trail(self, slug: str) -> QuerySet[AuditEntry]:
        """By slug, so that its parts belong in."""
        within = Q(object_id=slug) | Q(object_id__startswith=f"{slug}/")
        return matching({"resource": self.model.resource}).filter(within)

    def _changes(self, slug: str) -> QuerySet[AuditEntry]:
        return changes_among(self._trail(slug))

    def switch_view(self, request: HttpRequest, slug: str) -> HttpResponse:
        """Asks before it switches off; only a POST changes anything."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        entry = self.entry_or_404(slug)
        if request.method != "POST":
            title = f"{self.words[1]} {entry.name}?"
            context = {"card": self._card(request, entry), "impact": self._impact(request, entry)}
            actor = admin_actor(request, self._switching(on=False))
            found = foresee(actor, lambda: self._switch_state(actor, slug, on=False))
            return self._page(request, "confirm", title, consequences=words_of(found), **context)
        self._switch(request, entry, on="on" in request.POST)
        return HttpResponseRedirect(self.url_to("change", slug))

    def _impact(self, request: HttpRequest, entry: Any) -> dict[str, str]:
        """What goes away when it is switched off, in words."""
        told = impact_in_words(self.model, entry, readable_resources(request.user))
        return {label: ", ".join(texts) for label, texts in told}

    def entry_or_404(self, slug: str) -> Any:
        """One entry, or the page that says there is none."""
        try:
            return self.find_one(slug)
        except NotFound as error:
            raise Http404(error.detail) from error

    def fields_of(self, request: HttpRequest, entry: Any) -> dict[str, forms.Field]:
        """The fields of an entry's form."""
        return config_fields(entry.config_schema, entry.config)

    def store(self, actor: Actor, entry: Any, form: forms.Form) -> None:
        """Store what was changed in the form."""
        if patch := patch_of(form):
            state = self.services.locked_state(entry.slug)
            self.services.update_config(actor, state, config=patch)

    def actions_of(self, request: HttpRequest, entry: Any) -> list[dict[str, str]]:
        """Further buttons of an entry, each with label, icon and url; they are POSTed."""
        return []

    def sections_of(self, request: HttpRequest, entry: Any) -> list[Any]:
        """Further parts of an entry's page, each with the `template` that shows it."""
        return []

    # --- How ---

    def _form_class(self, request: HttpRequest, entry: Any) -> type[forms.Form]:
        fields = self.fields_of(request, entry)
        if not self.has_change_permission(request):
            for field in fields.values():
                field.disabled = True
        return type("EntryForm", (MergeableForm, forms.Form), fields)

    def _merged(
        self, request: HttpRequest, entry: Any, form: forms.Form
    ) -> tuple[forms.Form, list[Choice]]:
        """The form with what others have stored by now, and what is to be chosen."""
        if MARK not in request.POST:
            return form, []
        data, made = request.POST.copy(), self._form_class(request, entry)
        choices = merge(data, form, made())
        return made(data, request.FILES), choices

    def _save(self, request: HttpRequest, entry: Any, form: forms.Form) -> bool:
        actor = admin_actor(request, f"{self.model.resource}.update_config")
        try:
            with races_refused(), transaction.atomic():
                self.store(actor, entry, form)
                # Afterwards, under the lock that storing took; our own entries do not count.
                others = self._changes(entry.slug).exclude(request_id=actor.request_id)
                refuse_if_unseen(request, others)
        except Invalid as refusal:
            for error in refusal.errors:
                form.add_error(field_of(error, form), error.detail)
        except ChangedMeanwhile as refusal:
            request.refusal = refusal  # type: ignore[attr-defined]
            return False
        except DomainError as refusal:
            form.add_error(None, refusal.detail)
        return not form.errors

    def _switch(self, request: HttpRequest, entry: Any, on: bool) -> None:
        done = self.words[2] if on else self.words[3]
        actor = admin_actor(request, self._switching(on=on))
        try:
            with races_refused(), transaction.atomic():
                self._switch_state(actor, entry.slug, on=on)
        except DomainError as refusal:
            messages.error(request, refusal.detail)
        else:
            messages.success(request, f"{entry.name}: {done.lower()}.")

    def _switch_state(self, actor: Actor, slug: str, *, on: bool) -> None:
        action = self.model.turn_on if on else self.model.turn_off
        getattr(self.services, action)(actor, self.services.locked_state(slug))

    def _switching(self, *, on: bool) -> str:
        """The name of the operation."""
        return f"{self.model.resource}.{self.model.turn_on if on else self.model.turn_off}"

    def _is_on(self, entry: Any) -> bool:
        return bool(getattr(entry, self.model.switch))

    def _card(self, request: HttpRequest, entry: Any) -> dict[str, Any]:
        on = self._is_on(entry)
        return {
            "entry": entry,
            "on": on,
            "state": self.words[2] if on else self.words[3],
            "why_off": self.why_off(entry),
            "url": self.url_to("change", entry.slug),
            "switch_url": self.url_to("switch", entry.slug),
            "history_url": self.url_to("history", entry.slug),
            "actions": self.actions_of(request, entry),
        }

    def _page(
        self, request: HttpRequest, name: str, title: str, **context: Any
    ) -> TemplateResponse:
        context |= {
            "icon": self.icon,
            "words": self.words,
            "kept": self.kept,
            "may_change": self.has_change_permission(request),
            "list_url": self.url_to("changelist"),
        }
        return self.page(request, f"admin/catalogue/{name}.html", title, **context)
