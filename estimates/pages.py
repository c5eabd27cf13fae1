"""The client's page: the estimate, and its answer. Whoever has the link is the client."""

from typing import Any

from django import forms
from django.core import signing
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from estimates import queries, services, visits
from estimates.branding import Brand, brand
from estimates.choices import ANSWERS, EstimateStatus
from estimates.models import LONGEST_COMMENT, Estimate
from estimates.pdf import PdfFailed, PdfLate, file_name, pdf_beside
from estimates.summary import choose, parted, totals
from syteops.core.actors import Actor, ActorKind, Channel
from syteops.core.addresses import client_address
from syteops.core.errors import DomainError, NotFound, Unavailable
from syteops.core.form_fields import LineField, TextField
from syteops.core.locks import Overtaken, repeated
from syteops.core.outages import RETRY_AFTER
from syteops.core.waiting import not_yet
from syteops.lib.markdown import to_html
from syteops.modules.pages import while_inactive

_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
}
_SALT = "estimates.answer"
SHOW_TOTAL = "show_total"


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
    chosen = forms.TypedMultipleChoiceField(coerce=int, required=False)
    answer = forms.ChoiceField(choices=[(one.value, one.label) for one in ANSWERS])
    seal = forms.CharField(widget=forms.HiddenInput)

    data: QueryDict

    def __init__(self, estimate: Estimate, data: Any = None, **initial: Any) -> None:
        seal = signing.dumps(estimate.pk, salt=_SALT)
        super().__init__(data, initial={**initial, "seal": seal}, auto_id="%s")
        optional = [line.pk for line in estimate.line_items.all() if line.optional]
        self.fields["chosen"].choices = [(pk, pk) for pk in optional]  # type: ignore[attr-defined]
        self.estimate = estimate

    @property
    def picked(self) -> list[int]:
        """The optional lines that are ticked, whatever else is wrong with the form."""
        ticked = {*self.data.getlist("chosen")} if self.is_bound else ()
        return [pk for pk, _ in self.fields["chosen"].choices if str(pk) in ticked]  # type: ignore[attr-defined]

    @property
    def is_seen(self) -> bool:
        """Whether the total on the page was that of what is ticked."""
        return seen(self.picked) == self.data.get("seen", "")

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
        return pdf_response(request, estimate)
    except PdfFailed as failure:
        by = brand(language=estimate.language)
        advice = f"Please print the page, or ask {by.company}."
        show = _later if isinstance(failure, PdfLate) else _notice
        return show(request, by, failure.detail, advice)


def _is_preview(request: HttpRequest) -> bool:
    """Whether a browser only fetches it in advance: nobody looks at it yet."""
    return "prefetch" in request.headers.get("Sec-Purpose", request.headers.get("Purpose", ""))


def pdf_response(request: HttpRequest, estimate: Estimate) -> HttpResponse:
    """The estimate as a PDF to keep. Raises PdfFailed."""
    made = pdf_beside(request, estimate)
    if made is None:
        return not_yet()
    response = HttpResponse(made, content_type="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="{file_name(estimate)}"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    return _guarded(response, "default-src 'none'")


def seen(chosen: list[int]) -> str:
    """Which optional lines are in the total on a page, for the answer that is given there."""
    return " ".join(map(str, chosen))


def _take_answer(request: HttpRequest, token: str, form: AnswerForm) -> HttpResponse:
    """Nobody approves a total that was not on the page: it is shown first, then asked for again."""
    choose(form.estimate, form.picked)
    if request.POST.get("answer") == SHOW_TOTAL:
        typed = {name: request.POST.get(name, "") for name in ("name", "comment")}
        return _page(request, form.estimate, AnswerForm(form.estimate, **typed))
    if not form.is_valid():
        return _page(request, form.estimate, form, status=400)
    given = form.cleaned_data
    status = EstimateStatus(given["answer"])
    is_approval = status == EstimateStatus.APPROVED
    if is_approval and not form.is_seen:
        return _page(request, form.estimate, form, is_changed=True)
    action = "approve" if is_approval else "decline"
    actor = _client(request, form.estimate, given["name"], action)

    @transaction.atomic
    def answer() -> None:
        estimate = queries.by_token(token, lock=True)
        told = {"name": given["name"], "comment": given["comment"]}
        if is_approval:
            told["chosen"] = given["chosen"]
        services.answer_estimate(actor, estimate, status, **told)

    try:
        repeated(answer)
    except (Overtaken, Unavailable):
        by = brand(language=form.estimate.language)
        advice = "Please go back, and send it again in some minutes."
        return _later(request, by, "Your answer was not taken.", advice)
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
    request: HttpRequest,
    estimate: Estimate,
    form: AnswerForm,
    status: int = 200,
    is_changed: bool = False,
) -> HttpResponse:
    state = "superseded" if estimate.is_superseded else estimate.current_status.value
    by = brand(language=estimate.language)
    is_open = state == EstimateStatus.SENT
    lines, options = parted(estimate, is_open)
    context = {
        "brand": by,
        "token": request.resolver_match.kwargs["token"],  # type: ignore[union-attr]
        "estimate": estimate,
        "is_open": is_open,
        "lines": lines,
        "options": options,
        "totals": totals(estimate),
        "seen": seen([line.pk for line in options if line.chosen]),
        "is_changed": is_changed,
        "state": state,
        "is_late": status == 409,
        "scope": to_html(estimate.content),
        "form": form,
    }
    return _guarded(render(request, "estimates/client.html", context, status=status), by.policy)


def _notice(
    request: HttpRequest, by: Brand, notice: str, advice: str, status: int = 503
) -> HttpResponse:
    context = {"brand": by, "notice": notice, "advice": advice}
    return _guarded(render(request, "estimates/notice.html", context, status=status), by.policy)


def _later(request: HttpRequest, by: Brand, notice: str, advice: str) -> HttpResponse:
    """The same of what may work in a moment."""
    response = _notice(request, by, notice, advice)
    response.headers["Retry-After"] = str(RETRY_AFTER)
    return response


def _guarded(response: HttpResponse, policy: str) -> HttpResponse:
    for name, value in {**_HEADERS, "Content-Security-Policy": policy}.items():
        response.headers[name] = value
    return response
