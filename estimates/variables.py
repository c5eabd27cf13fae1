"""`syteops_estmt_…`: what automations may know of the estimates."""

from collections.abc import Iterator

from estimates import queries
from estimates.choices import REAL, EstimateStatus
from estimates.sums import values_by_currency
from syteops.core.variables import Variable, family

_VALUED = (EstimateStatus.SENT, EstimateStatus.APPROVED)


@family(
    "estimates",
    "syteops_estmt_count_<status>, _sent_total_<currency>, _approved_total_<currency>, "
    "_latest_number, _latest_id, _latest_status",
    "How many estimates there are, and what they come to.",
)
def estimate_variables() -> Iterator[Variable]:
    counts = queries.counts_by_status()
    for status in REAL:
        told = f"Number of {status.label.lower()} estimates"
        yield Variable(f"syteops_estmt_count_{status}", str(counts[status]), told)
    for valued in _VALUED:
        for currency, amount in values_by_currency(valued).items():
            name = f"syteops_estmt_{valued}_total_{currency.lower()}"
            yield Variable(name, str(amount), f"{valued.label} estimates in {currency}, in all")
    latest = queries.latest()
    if latest is not None:
        told = "of the estimate with the highest number"
        yield Variable("syteops_estmt_latest_number", latest.number, f"Number {told}")
        yield Variable("syteops_estmt_latest_id", str(latest.pk), f"Id {told}")
        yield Variable("syteops_estmt_latest_status", latest.current_status.value, f"Status {told}")
