"""What the start page shows of estimates: those that wait for a client, or for somebody here."""

from collections.abc import Iterator
from typing import Any

from django.urls import reverse

from estimates.choices import EstimateStatus
from estimates.lists import NOT_MAILED, SOON, STATUS, condition_of
from estimates.queries import SOON_DAYS, count_standing
from syteops.core.start_page import Need, counted, needs

_TOLD = {
    NOT_MAILED: ("bad", "unsubscribe",
                 "estimate did not reach its client by e-mail.",
                 "estimates did not reach their clients by e-mail."),
    SOON: ("warn", "hourglass_bottom",
           f"estimate expires unanswered within {SOON_DAYS} days.",
           f"estimates expire unanswered within {SOON_DAYS} days."),
    EstimateStatus.SENT: ("warn", "request_quote",
                          "estimate awaits its client’s answer.",
                          "estimates await their clients’ answers."),
}  # fmt: skip


@needs("estimates.view_estimate")
def tell_standing(person: Any) -> Iterator[Need]:
    """How many there are of each such tab of their list."""
    counts = count_standing({str(tab): condition_of(tab) for tab in _TOLD})
    for tab, (tone, icon, one, many) in _TOLD.items():
        if count := counts[str(tab)]:
            url = f"{reverse('admin:estimates_estimate_changelist')}?{STATUS}={tab}"
            yield Need(tone, icon, counted(count, one, many), url, count=count)
