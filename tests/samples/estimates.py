from typing import Any

from estimates import services
from estimates.models import Estimate
from syteops.core.actors import SYSTEM
from tests.samples import Sample, sample

NOWHERE = {"id": "999999"}


def a_draft(**values: Any) -> Estimate:
    lines = [{"description": "Design", "quantity": "2", "unit_price": "400.00"}]
    given = {"title": "New website", "client_email": "cleo@example.com", "line_items": lines}
    return services.create_estimate(SYSTEM, **{**given, **values})


def a_sent_one(**values: Any) -> Estimate:
    return services.send_estimate(SYSTEM, a_draft(**values))


@sample("estimates_items.list")
def _list() -> Sample:
    a_draft()
    return Sample(params={"status": "draft"}, bad={"status": "gone"})


@sample("estimates_items.get")
def _get() -> Sample:
    return Sample({"id": str(a_draft().pk)}, missing=NOWHERE)


@sample("estimates_items.create")
def _create() -> Sample:
    line = {"description": "Hosting", "quantity": "12", "unit_price": "9.90", "tax_percent": "20"}
    bad = {"title": "Hosting", "line_items": [{"description": "Hosting", "unit_price": "1e9"}]}
    return Sample(params={"title": "Hosting", "currency": "EUR", "line_items": [line]}, bad=bad)


@sample("estimates_items.update")
def _update() -> Sample:
    path = {"id": str(a_draft().pk)}
    return Sample(path, {"title": "Shop", "valid_until": None}, {"currency": "XXX"}, NOWHERE)


@sample("estimates_items.delete")
def _delete() -> Sample:
    return Sample({"id": str(a_draft().pk)}, missing=NOWHERE)


@sample("estimates_items.send")
def _send() -> Sample:
    params = {"email": False, "subject": "Our estimate", "message": "Please see {link}"}
    return Sample({"id": str(a_draft().pk)}, params, {"email": "yes"}, NOWHERE)


@sample("estimates_items.approve")
def _approve() -> Sample:
    lines = [{"description": "Care", "unit_price": "20", "optional": True}]
    estimate = a_sent_one(line_items=lines)
    chosen = [line.pk for line in estimate.line_items.all()]
    params = {"name": "Cleo Client", "comment": "Go ahead", "chosen": chosen}
    return Sample({"id": str(estimate.pk)}, params, {"name": ""}, NOWHERE)


@sample("estimates_items.decline")
def _decline() -> Sample:
    params = {"name": "Cleo Client"}
    return Sample({"id": str(a_sent_one().pk)}, params, {"comment": "No name"}, NOWHERE)


@sample("estimates_items.copy")
def _copy() -> Sample:
    path = {"id": str(a_draft().pk)}
    return Sample(path, {"status": "template"}, {"status": "sent"}, NOWHERE, again=True)


@sample("estimates_items.revise")
def _revise() -> Sample:
    also = ("estimates_items.update",)
    return Sample({"id": str(a_sent_one().pk)}, missing=NOWHERE, again="conflict", also=also)
