"""Reading estimates."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any, TypedDict

from django.db.models import Count, F, FloatField, Prefetch, Q, QuerySet, Sum
from django.db.models.functions import Cast, Coalesce
from django.utils import timezone

from estimates.choices import REAL, EstimateStatus
from estimates.models import Estimate, LineItem
from syteops.audit.queries import keys_of_changed
from syteops.core.entities import find
from syteops.core.errors import NotFound
from syteops.core.modules import loses
from syteops.core.prepared import Prepared
from syteops.crm.models import CrmSystem
from syteops.integrations.queued_mail import MailState
from syteops.lib.currencies import total

SEARCHED = ("searched",)
ORDERINGS = {
    "number": ("year", "sequence", "revision"),
    **dict.fromkeys(("title", "client_name", "valid_until", "sent_at", "created_at", "updated_at")),
}
SOON_DAYS = 7
"""Days in which a client must answer, that an estimate counts as one that expires soon."""
PRICED = ("quantity", "unit_price", "discount_percent", "tax_percent", "optional", "chosen")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


def estimates() -> QuerySet[Estimate]:
    """Every estimate that is not deleted, with its lines, in two queries."""
    found: QuerySet[Estimate] = Estimate.objects.defer("searched").select_related("crm_system")
    return found.prefetch_related("line_items")


NO_TEMPLATES = ~Q(status=EstimateStatus.TEMPLATE)


def with_status(status: str, today: Any = None) -> Q:
    """The condition that an estimate has that status today."""
    late = Q(valid_until__lt=today or timezone.localdate())
    if status == EstimateStatus.EXPIRED:
        return Q(status=EstimateStatus.SENT) & late
    condition = Q(status=status)
    if status == EstimateStatus.SENT:
        condition &= Q(valid_until=None) | ~late
    return condition


@loses
def links_that_stop() -> list[str]:
    """The pages on which clients see their estimates, and answer."""
    count = Estimate.objects.filter(link_hash__isnull=False, superseded_by=None).count()
    links = "1 client link stops" if count == 1 else f"{count} client links stop"
    return [f"{links} working"] if count else []


def expires_soon() -> Q:
    """The condition that a client has a few days left to answer."""
    today = timezone.localdate()
    last = today + timedelta(days=SOON_DAYS)
    return Q(status=EstimateStatus.SENT, valid_until__range=(today, last))


def not_mailed() -> Q:
    """The condition that a client who is to answer did not get the latest e-mail."""
    return with_status(EstimateStatus.SENT) & Q(mail_state=MailState.FAILED)


def get_estimate(estimate_id: str, lock: bool = False) -> Estimate:
    """The estimate of that id with its lines, locked on request. Raises NotFound."""
    return find(estimates(), "pk", estimate_id, lock)


def hash_of(token: str) -> str:
    """Under which a link's token is found. The token itself is only stored sealed."""
    return hashlib.sha256(token.encode()).hexdigest()


def by_token(token: str, lock: bool = False) -> Estimate:
    """The estimate to which a client's link leads, locked on request. Raises NotFound."""
    found = estimates()
    if lock:
        found = found.select_for_update(of=("self",))
    item = found.filter(link_hash=hash_of(token)).first() if _TOKEN.fullmatch(token) else None
    if item is None:
        raise NotFound("This link leads nowhere.")
    return item


def changed_with(since: datetime) -> Q:
    """The estimates that expired or were viewed since then, or whose CRM system went or came."""
    last_days = (timezone.localdate(since - datetime.resolution), timezone.localdate())
    expired = Q(valid_until__gte=last_days[0], valid_until__lt=last_days[1])
    viewed = Q(last_viewed_at__gte=since)
    of_systems = Q(crm_system__in=keys_of_changed(CrmSystem, since, ["number"]))
    return of_systems | viewed | Q(status=EstimateStatus.SENT) & expired


class EstimateDeleteImpact(TypedDict):
    """What goes with an estimate, and which revision is valid again."""

    id: int
    number: str
    title: str
    line_items: int
    reinstated_revision: int | None


def deletion_impact(estimate: Estimate) -> EstimateDeleteImpact:
    """What deleting the estimate would take away."""
    predecessor = Estimate.objects.filter(superseded_by=estimate).first()
    return {
        "id": estimate.pk,
        "number": estimate.number,
        "title": estimate.title,
        "line_items": len(estimate.line_items.all()),
        "reinstated_revision": predecessor.revision if predecessor else None,
    }


def counts_by_status() -> dict[str, int]:
    """How many estimates there are of each status today; superseded ones do not count."""
    return count_standing({one.value: with_status(one) for one in REAL})


def count_standing(conditions: Mapping[str, Q]) -> dict[str, int]:
    """How many estimates meet each condition, in one query; superseded ones do not count."""
    counts = {name: Count("id", filter=condition) for name, condition in conditions.items()}
    return Estimate.objects.filter(superseded_by=None).aggregate(**counts)


def latest() -> Estimate | None:
    """The estimate with the highest number."""
    return next(iter(_LATEST()), None)


_LATEST = Prepared(lambda: Estimate.listed().order_by("-year", "-sequence", "-revision")[:1])


def values_by_currency(status: str) -> dict[str, Decimal]:
    """What the estimates of that status come to, for each currency that occurs."""
    return totals_of(_standing(status)(timezone.localdate()))


@cache
def _standing(status: str) -> Prepared[Estimate]:
    def compose(today: Any) -> QuerySet[Estimate]:
        found = Estimate.objects.filter(with_status(status, today), superseded_by=None)
        return for_totals(found)

    return Prepared(compose)


def for_totals(found: QuerySet[Estimate]) -> QuerySet[Estimate]:
    """The same estimates with what `totals_of` reads and nothing else: texts are long."""
    priced = LineItem.objects.only("estimate", *PRICED)
    bare = found.select_related(None).prefetch_related(None).only("currency", "discount_percent")
    return bare.prefetch_related(Prefetch("line_items", priced))


def near_total(amount: Decimal) -> QuerySet[Estimate]:
    """Those of which the total may be that amount, or have decimals beyond it, with what
    `totals_of` reads.

    The database adds up without rounding, so some are about it only: look at their totals.
    """
    counts = Q(line_items__optional=False) | Q(line_items__chosen=True)
    sums = Coalesce(Sum(_unrounded(), filter=counts), 0.0) * (100 - _real("discount_percent")) / 100
    off = 5.0 + 5 * Count("line_items") + abs(float(amount)) * 1e-9
    summed = Estimate.objects.annotate(about=sums - float(amount), off=off).order_by()
    return for_totals(summed.filter(about__gte=-F("off"), about__lte=F("off")))


def _real(name: str) -> Cast:
    return Cast(F(name), FloatField())


def _unrounded() -> Any:
    """What a line comes to, as part of a query of estimates."""
    quantity, price = _real("line_items__quantity"), _real("line_items__unit_price")
    discount, tax = _real("line_items__discount_percent"), _real("line_items__tax_percent")
    return quantity * price * (100 - discount) * (100 + tax) / 10_000


def totals_of(found: Iterable[Estimate]) -> dict[str, Decimal]:
    """What they come to, for each currency that occurs."""
    totals: dict[str, list[Decimal]] = defaultdict(list)
    for one in found:
        totals[one.currency].append(one.amounts.total)
    return {currency: total(amounts, currency) for currency, amounts in sorted(totals.items())}
