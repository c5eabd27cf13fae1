"""docs/events.md has exactly the events there are. Whatever any test makes the audit trail say is
compared with it as well: see tests/conftest.py."""

import ast
from functools import cache
from pathlib import Path

import pytest
from django.apps import apps
from django.db import transaction

from estimates.choices import EstimateStatus
from manage_api.operations import all_operations
from syteops.audit.models import AuditEntry
from syteops.core.entities import Entity
from syteops.core.events import Noun, Verb
from tests.docs.events import documented, is_documented
from tests.environment import ROOT
from tests.fixtures import Api
from tests.manage_api.faces import FACES
from tests.samples import all_samples

# What the functions of syteops.audit.services call a change when the caller does not.
BY_ITSELF = {
    "insert": {"created"},
    "update": {"updated"},
    "remove": {"deleted"},
    "delete_softly": {"deleted"},
    "reinsert": {"restored"},
    "set_secret": {"secret_set", "secret_cleared"},
    "set_secrets": {"secret_set"},
    "clear_secrets": {"secret_cleared"},
    "merge_config": {"configured"},
}
NOUNS = {
    model.noun: Path(apps.get_app_config(model._meta.app_label).path)
    for model in apps.get_models()
    if issubclass(model, Entity)
}


def test_every_event_that_an_operation_causes_is_listed(api: Api, settings) -> None:
    settings.MANAGE_API_WRITES_PER_MINUTE = 100_000
    samples, seen = all_samples(), set()
    for operation in all_operations():
        with transaction.atomic():
            FACES["rest"].call(api, operation, samples[operation.name]())
            seen |= set(AuditEntry.objects.values_list("event", flat=True))
            transaction.set_rollback(True)

    assert len(seen) > 20
    assert {event for event in seen if not is_documented(event)} == set()


@pytest.mark.parametrize("event", sorted(documented()))
def test_every_event_listed_occurs_in_the_code(event: str) -> None:
    noun, _, done = event.partition(".")
    if done == "refused":
        assert noun in {"<resource>", "api", "keys", "variable_sets", "people", "groups", "admin"}
    elif noun in NOUNS:
        assert done in verbs(NOUNS[noun])
    else:
        assert noun in set(Noun)
        assert done in verbs(ROOT / "syteops")


def test_every_verb_is_listed() -> None:
    assert {event.partition(".")[2] for event in documented()} == set(Verb)


@cache
def verbs(folder: Path) -> set[str]:
    """The verbs in the code below `folder`, and those that its calls imply."""
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in folder.rglob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    named = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    calls = named | {node.id for node in nodes if isinstance(node, ast.Name)}
    implied = (found for name, found in BY_ITSELF.items() if name in calls)
    # An answer to an estimate is called as its status is.
    statuses = {one.lower() for one in named if one in EstimateStatus.__members__}
    return set().union({one.value for one in Verb if one.name in named}, statuses, *implied)
