"""Reading estimates."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypedDict

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from estimates.choices import REAL, EstimateStatus
from estimates.models import Estimate, LineItem
from syteops.audit.queries import keys_of_changed
from syteops.core import texts
from syteops.core.entities import find
from syteops.core.errors import NotFound
from syteops.core.modules import loses
from syteops.core.prepared import Prepared
from syteops.crm.models import CrmSystem
from syteops.integrations.queued_mail import MailState

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


def fitting(keys: Sequence[int]) -> int:
    """How many of the first of these estimates can be read at once."""
    return texts.fitting(Estimate, keys, LineItem)


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
