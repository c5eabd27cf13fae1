"""What the admin's list of estimates shows beside it: a tab for each state, and sums."""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest

from estimates.choices import EstimateStatus
from estimates.models import Estimate
from estimates.queries import (
    NO_TEMPLATES,
    count_standing,
    expires_soon,
    not_mailed,
    with_status,
)
from estimates.sums import BARE, Bare, TooManyLines, each_total, near_total, totals_of
from estimates.templatetags.amounts import money
from syteops.adminkit.list_tabs import TabFilter
from syteops.adminkit.shown_words import by_texts

STATUS = "status"
SOON = "soon"
NOT_MAILED = "not-mailed"
TABS = {
    EstimateStatus.DRAFT: "Drafts",
    EstimateStatus.SENT: "Awaiting answer",
    SOON: "Expires soon",
    NOT_MAILED: "E-mail failed",
    EstimateStatus.APPROVED: "Approved",
    EstimateStatus.DECLINED: "Declined",
    EstimateStatus.EXPIRED: "Expired",
    EstimateStatus.TEMPLATE: "Templates",
}
_AMOUNT = re.compile(r"[-\N{MINUS SIGN}]?[0-9][0-9,]{0,19}(\.[0-9]{0,4})?")
MOST_SUMMED = 1_000
"""Estimates that are added up for a page; of more, those of the page are."""
MOST_LINES = 10_000
"""Lines of theirs: to add them up takes a tenth of a second."""


class StatusFilter(TabFilter):
    """By the status of today, which is not the stored one. Templates are by themselves."""

    title = "status"
    parameter_name = STATUS

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return TABS.items()

    def queryset(self, request: HttpRequest, queryset: QuerySet[Estimate]) -> QuerySet[Estimate]:
        chosen = self.value()
        return queryset.filter(condition_of(chosen) if chosen in TABS else NO_TEMPLATES)

    def counts(self, request: HttpRequest, model_admin: Any) -> Mapping[str, int]:
        return count_standing({name: condition_of(name) for name in TABS})


def condition_of(tab: str) -> Q:
    """What the estimates of that tab have in common."""
    special = {SOON: expires_soon, NOT_MAILED: not_mailed}
    return special[tab]() if tab in special else with_status(tab)


def _shown() -> Iterator[tuple[str, Q]]:
    """What the column of the status shows, and of which estimates."""
    yield "Superseded", Q(superseded_by__isnull=False)
    for status in EstimateStatus:
        yield status.label, with_status(status) & Q(superseded_by=None)


STATUS_SHOWN = by_texts(_shown)


def shows_total(word: str) -> Q:
    """Of the column of totals: the currency, or the amount, with its commas or without them.

    What is left out of the decimals may be anything: 1200 finds 1,200.50.
    """
    if not _AMOUNT.fullmatch(word):
        return Q(currency__iexact=word)
    typed = _typed(word)
    near = near_total(Decimal(typed), MOST_LINES)
    totals = zip(near, each_total(near), strict=True)
    return Q(pk__in=[one[0] for one, due in totals if _begins(one, due, typed)])


def _typed(amount: str) -> str:
    """As most people type it."""
    return amount.replace(",", "").replace("\N{MINUS SIGN}", "-").rstrip(".")


def _begins(estimate: Bare, due: Decimal, typed: str) -> bool:
    """Whether its total is shown so; a whole number is all of what stands before the point."""
    _, currency, _ = estimate
    shown = _typed(money(due, currency))
    return shown.startswith(typed) if "." in typed else shown.partition(".")[0] == typed


def sums(changelist: Any) -> dict[str, Any]:
    """What the estimates found come to, for each currency: of all, or of the page of too many."""
    totals = _totals_of_all(changelist)
    is_all = totals is not None
    if totals is None:
        on_page = [(one.pk, one.currency, one.discount_percent) for one in changelist.result_list]
        totals = totals_of(on_page)
    shown = [f"{currency} {money(amount, currency)}" for currency, amount in totals.items()]
    return {"totals": shown, "is_all": is_all}


def _totals_of_all(changelist: Any) -> dict[str, Decimal] | None:
    if changelist.result_count > MOST_SUMMED:
        return None
    found = changelist.queryset.select_related(None).prefetch_related(None).order_by()
    with suppress(TooManyLines):
        return totals_of(list(found.values_list(*BARE)), MOST_LINES)
    return None
