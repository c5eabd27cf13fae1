"""The client's page: the estimate, and its answer. Whoever has the link is the client."""

from typing import Any

from django import forms
from django.core import signing
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from estimates import queries, services, visits
from estimates.branding import Brand, brand
from estimates.choices import ANSWERS, EstimateStatus
from estimates.models import LONGEST_COMMENT, Estimate
from estimates.pdf import PdfFailed, file_name, pdf_of
from syteops.core.actors import Actor, ActorKind, Channel
from syteops.core.addresses import client_address
from syteops.core.errors import DomainError, NotFound
from syteops.core.form_fields import LineField, TextField
from syteops.core.locks import repeated
from syteops.lib.markdown import to_html
from syteops.modules.pages import while_inactive

_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
}
_SALT = "estimates.answer"


class AnswerForm(forms.Form):
    """The client's answer. `seal` proves that the form comes from the page of this estimate."""

    name = LineField(
        max_length=150, label="Your name", widget=forms.TextInput({"autocomplete": "name"})
    )
    comment = TextField(
        max_length=LONGEST_COMMENT,
        required=False,
        label="Comment (optional)",
        widget=forms.Textarea({"rows": 3}),
    )
    answer = forms.ChoiceField(choices=[(one.value, one.label) for one in ANSWERS])
    seal = forms.CharField(widget=forms.HiddenInput)

    def __init__(self, estimate: Estimate, data: Any = None) -> None:
        super().__init__(
            data, initial={"seal": signing.dumps(estimate.pk, salt=_SALT)}, auto_id="%s"
        )
        self.estimate = estimate

    def clean_seal(self) -> str:
        seal: str = self.cleaned_data["seal"]
        try:
            sealed = signing.loads(seal, salt=_SALT)
        except signing.BadSignature:
            sealed = None
        if sealed != self.estimate.pk:
            raise forms.ValidationError("Please load this page again, then answer.")
        return seal


@csrf_exempt
def _switched_off(request: HttpRequest, token: str) -> HttpResponse:
    """What is shown in place of every link, right or wrong, while the module is inactive."""
    by = brand()
    advice = f"Please ask {by.company}, or come back later."
    return _notice(request, by, "This page is not available at present.", advice, 404)


# Django's own CSRF check is off here. It protects people who are logged in from pages that use
# their login; here nobody is, no cookie is read or set, and the address alone decides. The check
# would also refuse honest answers: with the policy "no-referrer", a browser sends no origin.
@while_inactive(_switched_off)
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def client_page(request: HttpRequest, token: str) -> HttpResponse:
    """Show the estimate; take the answer. Any link that leads nowhere is one and the same 404."""
    try:
        estimate = queries.by_token(token)
    except NotFound as error:
        raise Http404 from error
    if request.method == "POST":
        return _take_answer(request, token, AnswerForm(estimate, request.POST))
    if request.method == "GET" and not _is_preview(request):
        actor = _client(request, estimate, "", "view")
        visits.note(actor, estimate.pk)
    return _page(request, estimate, AnswerForm(estimate))


@while_inactive(_switched_off)
@require_safe
def client_pdf(request: HttpRequest, token: str) -> HttpResponse:
    """The estimate as a PDF, for whoever has the link."""
    try:
        estimate = queries.by_token(token)
    except NotFound as error:
        raise Http404 from error
    try:
        return pdf_response(estimate)
    except PdfFailed as failure:
        by = brand(language=estimate.language)
        advice = f"Please print the page, or ask {by.company}."
        return _notice(request, by, failure.detail, advice, 503)


def _is_preview(request: HttpRequest) -> bool:
    """Whether a browser only fetches it in advance: nobody looks at it yet."""
    return "prefetch" in request.headers.get("Sec-Purpose", request.headers.get("Purpose", ""))


def pdf_response(estimate: Estimate) -> HttpResponse:
    """The estimate as a PDF to keep. Raises PdfFailed."""
    response = HttpResponse(pdf_of(estimate), content_type="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="{file_name(estimate)}"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    return _guarded(response, "default-src 'none'")


def _take_answer(request: HttpRequest, token: str, form: AnswerForm) -> HttpResponse:
    if not form.is_valid():
        return _page(request, form.estimate, form, status=400)
    given = form.cleaned_data
    status = EstimateStatus(given["answer"])
    action = "approve" if status == EstimateStatus.APPROVED else "decline"
    actor = _client(request, form.estimate, given["name"], action)

    @transaction.atomic
    def answer() -> None:
        estimate = queries.by_token(token, lock=True)
        told = {"name": given["name"], "comment": given["comment"]}
        services.answer_estimate(actor, estimate, status, **told)

    try:
        repeated(answer)
    except DomainError:  # answered, superseded or expired meanwhile: the page says which
        return _page(request, queries.by_token(token), form, status=409)
    response = HttpResponseRedirect(request.path)
    response.status_code = 303
    return _guarded(response, "default-src 'none'")


def _client(request: HttpRequest, estimate: Estimate, name: str, action: str) -> Actor:
    return Actor(
        ActorKind.CLIENT,
        f"{estimate.resource}/{estimate.public_id}",
        name,
        Channel.PUBLIC,
        f"{estimate.resource}.{action}",
        getattr(request, "request_id", ""),
        client_address(request),
    )


def _page(
    request: HttpRequest, estimate: Estimate, form: AnswerForm, status: int = 200
) -> HttpResponse:
    state = "superseded" if estimate.is_superseded else estimate.current_status.value
    by = brand(language=estimate.language)
    context = {
        "brand": by,
        "token": request.resolver_match.kwargs["token"],  # type: ignore[union-attr]
        "estimate": estimate,
        "state": state,
        "is_late": status == 409,
        "scope": to_html(estimate.content),
        "form": form,
    }
    return _guarded(render(request, "estimates/client.html", context, status=status), by.policy)


def _notice(request: HttpRequest, by: Brand, notice: str, advice: str, status: int) -> HttpResponse:
    context = {"brand": by, "notice": notice, "advice": advice}
    return _guarded(render(request, "estimates/notice.html", context, status=status), by.policy)


def _guarded(response: HttpResponse, policy: str) -> HttpResponse:
    for name, value in {**_HEADERS, "Content-Security-Policy": policy}.items():
        response.headers[name] = value
    return response
