"""Invitations. A link is shown in the answer that makes it, and never again."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html_join
from unfold.decorators import display

from syteops.adminkit.acting import admin_actor
from syteops.adminkit.moments import moment
from syteops.adminkit.service_admin import ServiceAdmin
from syteops.adminkit.shown_words import among_values, by_texts
from syteops.core.addresses import absolute_address
from syteops.invitations import pages, queries, services
from syteops.invitations.forms import InvitationForm, groups_field
from syteops.invitations.mailing import path_of, why_no_mail
from syteops.invitations.models import Invitation, InvitationState, name_of
from syteops.people.confirmation import ConfirmedAdmin
from syteops.people.queries import permission_names
from syteops.people.rights import RightsField, in_words

_LABELS = {
    str(InvitationState.OPEN.label): "info",
    str(InvitationState.ACCEPTED.label): "success",
    str(InvitationState.EXPIRED.label): "warning",
}


def _names() -> QuerySet[Invitation, Any]:
    return Invitation.objects.order_by().values_list("pk", "email", "expires_at")


def _states() -> Iterator[tuple[str, Q]]:
    now = timezone.now()
    yield str(InvitationState.ACCEPTED.label), Q(accepted_at__isnull=False)
    yield str(InvitationState.EXPIRED.label), Q(accepted_at=None, expires_at__lte=now)
    yield str(InvitationState.OPEN.label), Q(accepted_at=None, expires_at__gt=now)


def _inviters() -> QuerySet[User, Any]:
    invited = Invitation.objects.order_by().values("invited_by")
    return User.objects.filter(pk__in=invited).values_list("pk", User.USERNAME_FIELD)


@admin.register(Invitation)
class InvitationAdmin(ConfirmedAdmin, ServiceAdmin):
    what_for = "Invite a colleague by a link or an e-mail: the rights are chosen beforehand."
    services = services
    form = InvitationForm
    icon = "person_add"
    palette_adds = "Add new create invite colleague person user"
    list_display = ("__str__", "shown_state", "invited_by", "expires", "mail_state")
    list_select_related = ("invited_by",)
    search_fields = ("=email",)
    search_help_text = "E-mail address, state or who invited"
    shown_words = {
        "__str__": among_values(_names, name_of),
        "shown_state": by_texts(_states),
        "invited_by": among_values(_inviters, str, of="invited_by"),
    }
    extra_values = ("rights", "days")
    searched_fields = {"groups": Invitation.groups}

    def get_urls(self) -> list[URLPattern]:
        """The page of the invited is nobody's who is signed in: its address alone opens it."""
        accept = path("accept/<uuid:uid>/<str:token>/", pages.accept, name=self.url_name("accept"))
        return [accept, *super().get_urls()]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return ("made_as", "email", "days", "groups", "rights")
        return (
            "email", "shown_state", "shown_groups", "shown_rights", "invited_by", "created_at",
            "expires_at", "mail_state", "accepted_at", "accepted_by",
        )  # fmt: skip

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fixed = super().get_readonly_fields(request, obj)
        return fixed if obj is None else [*fixed, *self.get_fields(request, obj)]

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        if obj is None:
            extra = {
                "refusal": getattr(request, "refusal", None),
                "groups": groups_field(request.user),
                "rights": RightsField(request.user, label="Rights"),
            }
            kwargs["form"] = type("Form", (self.form,), extra)
        return super().get_form(request, obj, change, **kwargs)

    @display(description="State", label=_LABELS)  # type: ignore[untyped-decorator]
    def shown_state(self, invitation: Invitation) -> str:
        return str(invitation.state.label)

    @admin.display(description="Expires", ordering="expires_at")
    def expires(self, invitation: Invitation) -> str:
        return moment(invitation.expires_at)

    @admin.display(description="Groups")
    def shown_groups(self, invitation: Invitation) -> str:
        return ", ".join(invitation.groups.values_list("name", flat=True)) or "No group"

    @admin.display(description="Rights")
    def shown_rights(self, invitation: Invitation) -> str:
        """Those beside what the groups give."""
        given = in_words(permission_names(queries.permissions_of(invitation)))
        return (
            format_html_join("\n", "<p>{}</p>", ([one] for one in given)) or "No right of its own"
        )

    # --- The link, shown once ---

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        only_save = {"show_save_and_add_another": False, "show_save_and_continue": False}
        context = {**(extra_context or {}), **only_save}
        answer: HttpResponse = super().add_view(request, form_url, context)
        return answer

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        given = form.cleaned_data
        issued = services.create_invitation(
            admin_actor(request, "invitations.create"),
            email=given["email"],
            groups=given["groups"],
            permissions=given["rights"].select_related("content_type"),
            days=given["days"],
            uid=given["made_as"],
        )
        form.instance.pk = issued.invitation.pk
        request.issued = issued  # type: ignore[attr-defined]

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        """In the answer to the POST and nowhere else: no GET shows it, no redirect carries it."""
        invitation, token = request.issued  # type: ignore[attr-defined]
        return self.page(
            request,
            "admin/invitations/issued.html",
            f"Invitation {invitation}",
            invitation=invitation,
            link=absolute_address(request, path_of(invitation, token)),
            why_no_mail=why_no_mail() if invitation.email else "",
            back=self.url_to("changelist"),
        )
