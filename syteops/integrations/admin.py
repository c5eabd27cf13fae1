from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path
from unfold.widgets import (
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelect2MultipleWidget,
    UnfoldBooleanSwitchWidget,
)

from syteops.adminkit.acting import admin_actor
from syteops.adminkit.catalogue import CatalogueAdmin
from syteops.adminkit.secret_states import state_in_words
from syteops.core.actors import Actor
from syteops.core.errors import DomainError, FieldError, Invalid
from syteops.core.form_fields import SecretField, SwitchField
from syteops.core.permissions import permission_name
from syteops.events.rights import readable_of
from syteops.integrations import queries, services
from syteops.integrations.event_choices import CHOOSING, event_choices
from syteops.integrations.models import IntegrationState
from syteops.integrations.tasks import send_test
from syteops.tasks.jobs import begin
from syteops.tasks.progress import page_to_wait_on

_NARROWED = (
    "These are the usual ones of which you may read all that they tell; others are left out."
)


@admin.register(IntegrationState)
class IntegrationStateAdmin(CatalogueAdmin):
    services = services
    find_all = staticmethod(queries.all_installed)
    find_one = staticmethod(queries.get_installed)
    icon = "hub"
    kept = "Its configuration and its secrets stay."
    sections: ClassVar[list[Callable[[HttpRequest, queries.Installed], Any]]] = []
    """What others have to show of an integration: each answers a `template` and its values."""

    glancers: ClassVar[list[Callable[[HttpRequest], Mapping[str, Any]]]] = []
    """What others have to show of each integration in the list, by slug, in the same form."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = path("<slug:slug>/test/", view(self.test_view), name=self.url_name("test"))
        return [own, *super().get_urls()]

    def settings_of(self, entry: queries.Installed) -> list[str]:
        return [*super().settings_of(entry), *(one.spec.label for one in entry.secrets)]

    def why_off(self, entry: queries.Installed) -> str:
        if entry.unavailable_reason:
            return entry.unavailable_reason
        shown = entry.config_schema.get("properties", {})
        lacking = [shown[name].get("title", name) for name in entry.missing_config]
        lacking += [one.spec.label for one in entry.secrets if one.name in entry.missing_secrets]
        return f"Not set up yet: {', '.join(lacking)}." if lacking else ""

    def sections_of(self, request: HttpRequest, entry: queries.Installed) -> list[Any]:
        return [shown for one in self.sections if (shown := one(request, entry))]

    def glances(self, request: HttpRequest) -> Mapping[str, Any]:
        return {slug: one for give in self.glancers for slug, one in give(request).items()}

    # --- Secrets ---

    def fields_of(self, request: HttpRequest, entry: queries.Installed) -> dict[str, forms.Field]:
        fields = super().fields_of(request, entry)
        types = entry.config_schema.get("properties", {}).get("types", {})
        if types.get("items", {}).get("format") == "event-type":
            fields["config_types"] = _types_field(request, entry)
        if request.user.has_perm("integrations.set_secrets_integrationstate"):
            for secret in entry.secrets:
                fields |= _secret_fields(secret)
        return fields

    def store(self, actor: Actor, entry: queries.Installed, form: forms.Form) -> None:
        super().store(actor, entry, form)
        # An address first: another one clears the secrets that are sent there.
        for secret in sorted(entry.secrets, key=lambda one: bool(one.spec.sent_to)):
            self._store_secret(actor, entry.slug, secret.name, form.cleaned_data)

    def _store_secret(self, actor: Actor, slug: str, name: str, values: dict[str, Any]) -> None:
        text, clear = values.get(f"new_{name}"), values.get(f"clear_{name}")
        if not text and not clear:
            return
        row = services.locked_secret(slug, name)
        if not text:
            services.clear_secret(actor, row)
            return
        try:
            services.set_secret(actor, row, value=text)
        except Invalid as refusal:
            errors = [FieldError((f"new_{name}",), e.code, e.detail) for e in refusal.errors]
            raise Invalid(errors) from refusal

    # --- Tests ---

    def actions_of(self, request: HttpRequest, entry: queries.Installed) -> list[dict[str, str]]:
        if entry.integration.send_test is None or not entry.available:
            return []
        if entry.missing_config or entry.missing_secrets or not _may_test(self, request, entry):
            return []
        url = self.url_to("test", entry.slug)
        return [{"label": "Send a test", "icon": "send", "url": url}]

    def test_view(self, request: HttpRequest, slug: str) -> HttpResponse:
        """Has the integration prove that it works: a slow receiver keeps no request."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not _may_test(self, request, self.entry_or_404(slug)):
            raise PermissionDenied
        back = self.url_to("change", slug)
        try:
            tested = services.require_testable(slug)
        except DomainError as refusal:
            messages.error(request, refusal.detail)
            return HttpResponseRedirect(back)
        actor, title = admin_actor(request, "integrations.test"), f"Test of {tested.name}"
        needs = _needed_to_test(tested)
        job = begin(actor, send_test, tested.state, needs=needs, title=title, back=back, name=slug)
        return page_to_wait_on(job)


def _may_test(page: IntegrationStateAdmin, request: HttpRequest, entry: queries.Installed) -> bool:
    """Whoever may change the integration, and may see what its test sends."""
    held = request.user.has_perms(_needed_to_test(entry))
    return page.has_change_permission(request) and held


def _needed_to_test(entry: queries.Installed) -> list[str]:
    shown = entry.integration.test_shows
    return [permission_name(IntegrationState, "change"), *([shown] if shown else [])]


def _types_field(request: HttpRequest, entry: queries.Installed) -> forms.Field:
    """The events that are told; where nobody has chosen yet, those of which the person may read."""
    usual = entry.usual_types
    readable = readable_of(admin_actor(request, "integrations.update_config"), usual)
    types, is_narrowed = entry.config["types"], bool(readable) and readable != usual
    return forms.MultipleChoiceField(
        label="Events",
        required=False,
        choices=event_choices(types),
        initial=readable if is_narrowed else types,
        help_text=f"{CHOOSING} {_NARROWED}" if is_narrowed else CHOOSING,
        widget=UnfoldAdminSelect2MultipleWidget,
    )


def _secret_fields(secret: queries.StoredSecret) -> dict[str, forms.Field]:
    """An input for a new secret, and a switch to clear the stored one."""
    state = state_in_words(secret.row, "value").removesuffix(".") + "."
    if secret.key_set:
        state = f"{state} It is never shown, and empty keeps it."
    prefix = secret.spec.generated
    made = {} if prefix is None else {"data-generate": prefix}
    fields: dict[str, forms.Field] = {
        f"new_{secret.name}": SecretField(
            label=secret.spec.label,
            help_text=f"{secret.spec.help} {state}".strip(),
            widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password", **made}),
        )
    }
    if secret.key_set:
        fields[f"clear_{secret.name}"] = SwitchField(
            required=False,
            label=f"Clear: {secret.spec.label}",
            widget=UnfoldBooleanSwitchWidget,
        )
    return fields
