import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.forms import BaseForm, Form
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
    JsonResponse,
)
from django.template.loader import render_to_string
from django.urls import URLPattern, path
from django.utils.html import format_html
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateFilter
from unfold.decorators import action, display

from estimates import live, questions, services, summary
from estimates.choices import EstimateStatus
from estimates.forms import EstimateForm, LineItemForm, approval_form
from estimates.links import client_path
from estimates.lists import STATUS_SHOWN, StatusFilter, shows_total, sums
from estimates.mail_forms import MailForm, SendForm, about
from estimates.mails import why_no_mail
from estimates.models import Estimate, LineItem
from estimates.pages import pdf_response
from estimates.pdf import PdfFailed
from estimates.queries import SEARCHED, estimates
from estimates.readable import Readable
from estimates.templatetags.amounts import money
from syteops.adminkit.acting import admin_actor
from syteops.adminkit.confirmed_action import Question, button, confirmed
from syteops.adminkit.markdown_editor import MarkdownAdmin
from syteops.adminkit.rows import RowsInline
from syteops.ai.suggesting_admin import SuggestingAdmin
from syteops.audit.rows import MAX_ROWS
from syteops.core.addresses import absolute_address
from syteops.modules.admin import ModuleAdmin

MOST_TEMPLATES = 20
_COLOURS = {
    "Draft": "info",
    "Sent": "warning",
    "Approved": "success",
    "Declined": "danger",
    "Expired": "danger",
}


class LineItemInline(Readable, RowsInline):
    model = LineItem
    form = LineItemForm
    fields = ("description", "quantity", "unit_price", "discount_percent", "tax_percent",
              "optional", "amount", "position")  # fmt: skip
    readonly_fields = ("amount",)
    verbose_name = "line item"

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """Of the fields, whatever the columns are where they are only read."""
        # The config is read here, once for all rows.
        form = type("Form", (self.form,), {"usual_tax": services.usual_tax()})
        return super().get_formset(request, obj, **{"fields": self.fields, "form": form, **kwargs})

    @admin.display(description="Amount")
    def amount(self, line: LineItem) -> str:
        """After its discount and before tax, as it was saved last."""
        shown = money(line.amounts.net, line.estimate.currency) if line.pk else "–"
        return format_html('<span data-amount class="so-amount">{}</span>', shown)

    def rows_typed(self, request: HttpRequest) -> dict[int, BaseForm]:
        """The rows of the form that are to be saved, by their place.

        Their fields alone: Django asks the database of each model's constraints.
        """
        usual = self.get_formset(request).form()
        made = partial(type("TypedRow", (Form,), usual.fields), request.POST, initial=usual.initial)
        total = request.POST.get("line_items-TOTAL_FORMS", "")
        places = range(min(int(total), MAX_ROWS) if re.fullmatch("[0-9]{1,4}", total) else 0)
        rows = {one: made(prefix=f"line_items-{one}") for one in places}
        gone = {one for one in places if f"line_items-{one}-DELETE" in request.POST}
        return {one: row for one, row in rows.items() if one not in gone and row.has_changed()}


class RevisionFilter(admin.SimpleListFilter):
    title = "revisions"
    parameter_name = "revisions"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [("all", "All, superseded ones too")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Estimate]) -> QuerySet[Estimate]:
        return queryset if self.value() == "all" else queryset.filter(superseded_by=None)


@admin.register(Estimate)
class EstimateAdmin(Readable, ModuleAdmin, SuggestingAdmin, MarkdownAdmin):
    what_for = (
        "An estimate says what a piece of work comes to. Send it, and the client answers on a "
        "page of their own."
    )
    form = EstimateForm
    services = services
    inlines = (LineItemInline,)
    inline_values = {LineItem: "line_items"}
    list_display = ("label", "title", "client", "shown_status", "total", "valid_until",
                    "changed")  # fmt: skip
    list_display_links = ("label", "title")
    list_filter = (
        StatusFilter,
        RevisionFilter,
        ("currency", ChoicesDropdownFilter),
        ("valid_until", RangeDateFilter),
    )
    list_after_template = "estimates/admin_sums.html"
    search_fields = SEARCHED
    shown_words = {"shown_status": STATUS_SHOWN, "total": shows_total}
    date_hierarchy = "created_at"
    query_for_all = "?revisions=all"
    readonly_fields = ("label", "shown_status", "totals", "client_link", "shown_answer",
                       "shown_mail", "shown_views", "sent_at", "created_at",
                       "updated_at")  # fmt: skip
    actions_detail = ("send", "create_link", "resend", "pdf", "approve", "decline", "revise",
                      "use_template", "copy", "make_template")  # fmt: skip
    fieldsets = (
        (None, {"fields": (("label", "shown_status"), ("client_name", "client_company"),
                           "client_email", ("crm_system", "crm_contact_id"), "title")}),
        ("Total", {"fields": (("currency", "discount_percent"), "totals")}),
        ("Scope of work", {"fields": ("content",)}),
        ("Terms", {"fields": (("valid_until", "language"),)}),
        ("Answer", {"fields": ("client_link", "sent_at", "shown_mail", "shown_views",
                               "shown_answer")}),
        ("More", {"classes": ("collapse",),
                  "fields": ("excerpt", "slug", "meta", ("created_at", "updated_at"))}),
    )  # fmt: skip

    class Media:
        js = (forms.Script("estimates/form.js", type="module"),)

    # --- Lists and forms ---

    def get_queryset(self, request: HttpRequest) -> QuerySet[Estimate]:
        return estimates().order_by("-updated_at", "-pk")

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        """The estimate, and its link for those who may act for the client anyway."""
        found = super().get_object(request, object_id, from_field)
        path = client_path(found) if found and self.has_change_permission(request) else None
        if found:
            found.client_url = path and absolute_address(request, path)
        return found

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What a client has seen is shown and no longer edited."""
        frozen = isinstance(obj, Estimate) and obj.is_frozen
        return not frozen and super().has_change_permission(request, obj)

    def has_make_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """What makes a new estimate of one takes the right to add, too."""
        return self.has_add_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """No button where the service would refuse; a selection is told why."""
        bound = isinstance(obj, Estimate) and not obj.is_deletable
        return not bound and super().has_delete_permission(request, obj)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """What became of it only once somebody may have answered."""
        shown = super().get_fieldsets(request, obj)
        frozen = obj is not None and obj.is_frozen
        return [one for one in shown if frozen or one[0] != "Answer"]

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Those that the estimate's state allows."""
        estimate = self.get_object(request, str(object_id))
        fitting = _fitting(estimate) if estimate else ()
        prefix = f"{self.opts.app_label}_{self.opts.model_name}_"
        offered = super().get_actions_detail(request, object_id)
        return [one for one in offered if one.action_name.removeprefix(prefix) in fitting]

    @admin.display(description="Number", ordering="number")
    def label(self, estimate: Estimate) -> str:
        return estimate.label if estimate.number else "Given when saved"

    @admin.display(description="Client", ordering="client_name")
    def client(self, estimate: Estimate) -> str:
        return estimate.client_name or estimate.client_company or estimate.client_email

    @display(description="Status", label=_COLOURS, ordering="status")  # type: ignore[untyped-decorator]
    def shown_status(self, estimate: Estimate) -> str:
        return "Superseded" if estimate.is_superseded else estimate.current_status.label

    @admin.display(description="Total")
    def total(self, estimate: Estimate) -> str:
        return f"{money(estimate.amounts.total, estimate.currency)} {estimate.currency}"

    @admin.display(description="Totals")
    def totals(self, estimate: Estimate) -> str:
        """As they were saved last."""
        rows = summary.totals(estimate) if estimate.pk else []
        return render_to_string("estimates/admin_totals.html", {"totals": rows})

    @admin.display(description="Client link")
    def client_link(self, estimate: Any) -> str:
        url = getattr(estimate, "client_url", None)
        if url:
            return render_to_string("estimates/admin_link.html", {"url": url})
        return "None yet" if estimate.status == EstimateStatus.DRAFT else "Not shown"

    @admin.display(description="E-mail to the client")
    def shown_mail(self, estimate: Estimate) -> str:
        if not estimate.mail_state:
            return "None yet"
        return render_to_string("estimates/admin_mail_state.html", {"estimate": estimate})

    @admin.display(description="Seen by the client")
    def shown_views(self, estimate: Estimate) -> str:
        return render_to_string("estimates/admin_views.html", {"estimate": estimate})

    @admin.display(description="Client’s answer")
    def shown_answer(self, estimate: Estimate) -> str:
        if not estimate.answer:
            return "None yet"
        return render_to_string("estimates/admin_answer.html", {"estimate": estimate})

    # --- While it is filled in ---

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("amounts/", view(self.amounts_view), name=self.url_name("amounts")),
            path("clients/", view(self.clients_view), name=self.url_name("clients")),
            *super().get_urls(),
        ]

    def amounts_view(self, request: HttpRequest) -> HttpResponse:
        """What the form comes to as it is typed. Nothing is stored."""
        self._need_form(request)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        made = self.get_form(request, fields=("currency", "discount_percent"))(request.POST)
        made.is_valid()
        rows = LineItemInline(Estimate, self.admin_site).rows_typed(request)
        discount = made.cleaned_data.get("discount_percent")
        found = live.amounts_typed(rows, discount, made.cleaned_data.get("currency", ""))
        totals = render_to_string("estimates/admin_totals.html", {"totals": found.totals})
        return JsonResponse({"lines": found.lines, "totals": totals})

    def clients_view(self, request: HttpRequest) -> HttpResponse:
        """Clients of former estimates, for whoever may read those."""
        self._need_form(request)
        if not self.has_view_permission(request):
            raise PermissionDenied
        return JsonResponse({"clients": live.clients_like(request.GET.get("q", "")[:200])})

    def _need_form(self, request: HttpRequest) -> None:
        if not (self.has_add_permission(request) or self.has_change_permission(request)):
            raise PermissionDenied

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kw: Any) -> Any:
        about = kw.get("obj")
        if not (about and about.is_frozen):
            context |= {f"{name}_url": self.url_to(name) for name in ("amounts", "clients")}
        if about is None and self.has_change_permission(request):
            found = Estimate.objects.filter(status=EstimateStatus.TEMPLATE).order_by("title_folded")
            context["templates"] = [
                {"title": one.title, "url": self.url_to("use_template", one.pk)}
                for one in found.only("title")[:MOST_TEMPLATES]
            ]
        return super().render_change_form(request, context, *args, **kw)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """With the sums below the list."""
        response: HttpResponse = super().changelist_view(request, extra_context)
        shown = getattr(response, "context_data", None) or {}
        if "cl" in shown:
            shown["sums"] = sums(shown["cl"])
        return response

    # --- Actions ---

    @button("Send", "send", "send")
    def send(self, request: HttpRequest, object_id: str) -> HttpResponse:
        if why_no_mail():
            return self.create_link(request, object_id)
        question = partial(self._written, questions.SEND, SendForm)
        told = "The estimate is frozen. What becomes of the e-mail, and the link, is shown below."
        return self._do(request, object_id, "send", question, services.send_estimate, told)

    @button("Create link", "create-link", "link")
    def create_link(self, request: HttpRequest, object_id: str) -> HttpResponse:
        told = "The estimate is frozen. Copy its link below and give it to the client."
        link = partial(services.send_estimate, email=False)
        return self._do(request, object_id, "send", questions.CREATE_LINK, link, told)

    @button("Send again", "resend", "forward_to_inbox")
    def resend(self, request: HttpRequest, object_id: str) -> HttpResponse:
        question = partial(self._written, questions.RESEND, MailForm)
        told = "What becomes of the e-mail is shown below."
        return self._do(request, object_id, "resend", question, services.resend_estimate, told)

    @action(description="PDF", url_path="pdf", permissions=["view"], icon="picture_as_pdf")  # type: ignore[untyped-decorator]
    def pdf(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """As the client gets it."""
        estimate = self.get_object(request, unquote(object_id))
        if estimate is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        try:
            return pdf_response(request, estimate)
        except PdfFailed as failure:
            messages.error(request, failure.detail)
            return HttpResponseRedirect(self.url_to("change", estimate.pk))

    def _written(self, question: Question, form: type[MailForm], estimate: Estimate) -> Question:
        """The question with the e-mail to that estimate's client."""
        context = {"pdf": self.url_to("pdf", estimate.pk)}
        return replace(question, form=about(form, estimate), context=context)

    @button("Approve", "approve", "thumb_up")
    def approve(self, request: HttpRequest, object_id: str) -> HttpResponse:
        approve = partial(services.answer_estimate, status=EstimateStatus.APPROVED)
        told = "Approval recorded."
        return self._do(request, object_id, "approve", _approval, approve, told)

    @button("Decline", "decline", "thumb_down")
    def decline(self, request: HttpRequest, object_id: str) -> HttpResponse:
        decline = partial(services.answer_estimate, status=EstimateStatus.DECLINED)
        told = "Answer recorded."
        return self._do(request, object_id, "decline", questions.DECLINE, decline, told)

    @button("Revise", "revise", "edit_document", "make")
    def revise(self, request: HttpRequest, object_id: str) -> HttpResponse:
        told = "This is the new revision. Change it, then send it."
        revise = services.revise_estimate
        return self._do(request, object_id, "revise", questions.REVISE, revise, told)

    @button("Copy", "copy", "content_copy", "make")
    def copy(self, request: HttpRequest, object_id: str) -> HttpResponse:
        copy, told = services.copy_estimate, "This is the copy. Change it, then send it."
        return self._do(request, object_id, "copy", questions.COPY, copy, told)

    @button("New from template", "use-template", "note_add", "make")
    def use_template(self, request: HttpRequest, object_id: str) -> HttpResponse:
        copy, told = services.copy_estimate, "This is the new draft. Say who it is for."
        return self._do(request, object_id, "copy", questions.USE_TEMPLATE, copy, told)

    @button("Make a template", "make-template", "bookmark_add", "make")
    def make_template(self, request: HttpRequest, object_id: str) -> HttpResponse:
        copy = partial(services.copy_estimate, status=EstimateStatus.TEMPLATE)
        told = "This is the template. Its button makes new drafts of it."
        return self._do(request, object_id, "copy", questions.MAKE_TEMPLATE, copy, told)

    def _do(
        self,
        request: HttpRequest,
        object_id: str,
        operation: str,
        question: Question | Callable[[Any], Question],
        service: Callable[..., Estimate],
        told: str,
    ) -> HttpResponse:
        """Ask; then the service does it, with what was answered."""

        def act(estimate: Any, values: dict[str, Any]) -> tuple[str, Estimate]:
            actor = admin_actor(request, f"{Estimate.resource}.{operation}")
            return told, service(actor, estimate, **values)

        return confirmed(self, request, object_id, question, act)


def _approval(estimate: Estimate) -> Question:
    return replace(questions.APPROVE, form=approval_form(estimate))


_FITTING = {
    EstimateStatus.TEMPLATE: ("use_template",),
    EstimateStatus.DRAFT: ("send", "create_link"),
    EstimateStatus.SENT: ("approve", "decline", "resend", "revise"),
    EstimateStatus.APPROVED: ("revise",),
    EstimateStatus.DECLINED: ("revise",),
    EstimateStatus.EXPIRED: ("revise",),
}


def _fitting(estimate: Estimate) -> set[str]:
    """What can be done with it now; to send is to create the link where no mail is sent."""
    possible = {"pdf", *(() if estimate.is_template else ("copy", "make_template"))}
    possible.update(() if estimate.is_superseded else _FITTING[estimate.current_status])
    return possible - ({"send", "resend"} if why_no_mail() else {"create_link"})
