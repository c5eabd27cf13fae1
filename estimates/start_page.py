"""What the start page shows of estimates: those that wait for a client, or for somebody here."""

from collections.abc import Iterator
from typing import Any

from django.urls import reverse

from estimates.choices import EstimateStatus
from estimates.lists import NOT_MAILED, SOON, STATUS, condition_of
from estimates.queries import SOON_DAYS, count_standing
from syteops.core.start_page import Need, needs

_TOLD = {
    NOT_MAILED: ("bad", "unsubscribe", "Estimates did not reach their clients by e-mail."),
    SOON: ("warn", "hourglass_bottom", f"Estimates expire within {SOON_DAYS} days unanswered."),
    EstimateStatus.SENT: ("warn", "request_quote", "Estimates await their clients’ answers."),
}


@needs("estimates.view_estimate")
def tell_standing(person: Any) -> Iterator[Need]:
    """How many there are of each such tab of their list."""
    counts = count_standing({str(tab): condition_of(tab) for tab in _TOLD})
    for tab, (tone, icon, text) in _TOLD.items():
        if count := counts[str(tab)]:
            url = f"{reverse('admin:estimates_estimate_changelist')}?{STATUS}={tab}"
            yield Need(tone, icon, text, url, count=count)
