"""docs/events.md has exactly the events there are."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db.transaction import atomic

from manage_api.operations import all_operations
from syteops.audit import services as audit
from syteops.audit.event_types import event_types
from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.core.events import Verb
from tests.docs.events import documented
from tests.samples.crm import a_system

REFUSED = {Verb.REFUSED, Verb.SIGN_IN_FAILED}
"""What is no change."""


def test_every_event_is_listed_and_nothing_else() -> None:
    assert {one for one in documented() if one.partition(".")[2] not in REFUSED} == event_types()


def test_every_kind_of_refusal_is_listed() -> None:
    resources = {one.resource for one in all_operations()}
    listed = {one for one in documented() if one.endswith(".refused")}
    others = {"api", "keys", "variable_sets", "people", "groups", "tasks", "admin"} - resources
    assert listed >= {f"{one}.refused" for one in ("<resource>", *others)}


def test_every_verb_is_listed() -> None:
    assert {event.partition(".")[2] for event in documented()} == set(Verb)


@pytest.mark.django_db
def test_what_no_model_declares_is_not_stored() -> None:
    system = a_system()
    before = AuditEntry.objects.count()
    with pytest.raises(ImproperlyConfigured, match=r"crm_system\.approved"), atomic():
        audit.update(SYSTEM, system, {"name": "Other"}, Verb.APPROVED)
    assert AuditEntry.objects.count() == before
