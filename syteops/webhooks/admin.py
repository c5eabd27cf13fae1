from collections.abc import Iterator, Sequence
from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.decorators import display

from syteops.adminkit.acting import admin_actor
from syteops.adminkit.confirmed_action import Question, button, confirmed
from syteops.adminkit.moments import moment
from syteops.adminkit.secret_states import state_in_words
from syteops.adminkit.service_admin import ServiceAdmin
from syteops.adminkit.shown_words import among_values, by_texts
from syteops.deliveries.choices import LABELS, Standing
from syteops.deliveries.pages import destination_url
from syteops.events.catalogue import EVERYTHING
from syteops.integrations.queries import get_installed
from syteops.webhooks import queries, services
from syteops.webhooks.forms import WebhookForm
from syteops.webhooks.models import Webhook

SET_SECRETS = "webhooks.set_secrets_webhook"
ROTATE = Question(
    "Rotate the secret?",
    "A new secret signs from now on. For 24 hours each message is signed with the old one as well, "
    "so that the receiver can be told in peace. A secret before that ends at once.",
    "Rotate",
)
TEST = Question(
    "Send a test event?",
    "The event webhook.tested is sent, signed and repeated like every other. The delivery log "
    "shows what came of it.",
    "Send",
)


_UNSIGNED = "No secret"


def _events(types: Sequence[str]) -> str:
    if EVERYTHING in types:
        return "Everything"
    first, *others = types
    return f"{first} and {len(others)} more" if others else first


def _standing(webhook: Webhook) -> str:
    if webhook.signing_secret is None:
        return _UNSIGNED
    return str(queries.standing_of_webhook(webhook).label)


def _standings() -> Iterator[tuple[str, Q]]:
    """What `_standing` says, and of which."""
    yield _UNSIGNED, Q(signing_secret__isnull=True)
    for standing in Standing:
        found = queries.standing_so(standing).filter(signing_secret__isnull=False)
        yield str(standing.label), Q(pk__in=found.values("pk"))


@admin.register(Webhook)
class WebhookAdmin(ServiceAdmin):
    what_for = "A webhook tells a tool of yours at once what was changed here, so it need not ask."
    services = services
    form = WebhookForm
    icon = "webhook"
    list_display = ("name", "url", "shown_events", "shown_standing", "delivered", "active")
    list_filter = ("active",)
    search_fields = ("searched",)
    shown_words = {
        "shown_events": among_values(lambda: Webhook.objects.values_list("pk", "types"), _events),
        "shown_standing": by_texts(_standings),
    }
    fields = ("name", "url", "types", "active", "secret_state", "made_as")
    readonly_fields = ("secret_state",)
    actions_detail = ("test", "rotate", "deliveries")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Webhook]:
        return queries.with_standing(super().get_queryset(request))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        left_out = "secret_state" if obj is None else "made_as"
        return [one for one in self.fields if one != left_out]

    @display(description="Signing secret")  # type: ignore[untyped-decorator]
    def secret_state(self, webhook: Webhook) -> str:
        return state_in_words(webhook, "signing_secret", "Rotate it.")

    # --- The list ---

    list_before_template = "admin/webhooks/disabled.html"

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        context = {**(extra_context or {}), "disabled": _disabled_url()}
        return super().changelist_view(request, context)

    @display(description="Events")  # type: ignore[untyped-decorator]
    def shown_events(self, webhook: Webhook) -> str:
        return _events(webhook.types)

    @display(description="State", label=LABELS)  # type: ignore[untyped-decorator]
    def shown_standing(self, webhook: Webhook) -> str:
        return _standing(webhook)

    @display(description="Last delivered")  # type: ignore[untyped-decorator]
    def delivered(self, webhook: Any) -> str:
        return moment(webhook.delivered_at)

    # --- The secret, shown once ---

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        if change:
            super().save_related(request, form, formsets, change)
            return
        values = self.service_values(form, formsets)
        if uid := form.cleaned_data["made_as"]:
            values["uid"] = uid
        made = services.create_webhook(admin_actor(request, "webhooks.create"), **values)
        form.instance.pk, form.instance.new_secret = made.pk, made.new_secret

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        return self._secret_page(request, obj)

    def _secret_page(self, request: HttpRequest, webhook: Webhook) -> TemplateResponse:
        """In the answer to the POST and nowhere else: no GET shows it, no redirect carries it."""
        context = {
            "webhook": webhook,
            "back": self.url_to("change", webhook.pk),
            "disabled": _disabled_url(),
        }
        return self.page(request, "admin/webhooks/secret.html", f"Secret of {webhook}", **context)

    # --- Buttons ---

    @button("Send a test", "send-test", "send")
    def test(self, request: HttpRequest, object_id: str) -> HttpResponse:
        def act(webhook: Any, values: dict[str, Any]) -> tuple[str, Any]:
            services.send_test(admin_actor(request, "webhooks.test"), webhook)
            return "The test is on its way. Look at the deliveries for what comes of it.", webhook

        return confirmed(self, request, object_id, TEST, act)

    @button("Rotate secret", "rotate-secret", "key")
    def rotate(self, request: HttpRequest, object_id: str) -> HttpResponse:
        if not request.user.has_perm(SET_SECRETS):
            raise PermissionDenied

        def act(webhook: Any, values: dict[str, Any]) -> HttpResponse:
            actor = admin_actor(request, "webhooks.rotate_secret")
            return self._secret_page(request, services.rotate_secret(actor, webhook))

        return confirmed(self, request, object_id, ROTATE, act)

    @button("Deliveries", "deliveries", "list_alt")
    def deliveries(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return HttpResponseRedirect(destination_url(queries.INTEGRATION, unquote(object_id)))


def _disabled_url() -> str:
    """Where webhooks are enabled, as long as they are not."""
    if get_installed(queries.INTEGRATION).enabled:
        return ""
    return reverse("admin:integrations_integrationstate_change", args=[queries.INTEGRATION])
