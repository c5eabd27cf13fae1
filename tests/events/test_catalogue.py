"""The events that can be chosen are those that docs/events.md lists."""

import pytest
from django.core.exceptions import ValidationError

from syteops.events.catalogue import all_kinds, covered, kind_of, validate_patterns
from tests.docs.events import documented


def test_every_event_listed_can_be_chosen_and_no_other() -> None:
    never = {one for one in documented() if one.endswith((".refused", ".sign_in_failed"))}
    known = {one for kind in all_kinds().values() for one in kind.types}
    assert known == documented() - never


@pytest.mark.parametrize(
    "pattern",
    ["crm_system.exploded", "crm.*", "crm_system", "crm_system.", "*.created", "crm_system.**", ""],
)
def test_a_pattern_of_no_event_is_named(pattern: str) -> None:
    with pytest.raises(ValidationError, match="no such event"):
        validate_patterns(["role.*", pattern])


@pytest.mark.parametrize("patterns", ["*", {"*": 1}, [1], [None], [["*"]], None])
def test_what_is_no_list_of_texts_is_refused(patterns: object) -> None:
    with pytest.raises(ValidationError, match="list"):
        validate_patterns(patterns)


def test_what_patterns_cover() -> None:
    assert covered(["crm_system.created", "role.*"]) == {"crm", "roles"}
    assert covered(["integration_secret.*"]) == {"integrations"}
    assert covered(["crm_system.*", "*"]) is None
    assert covered([]) == set()
    assert kind_of("crm_system.*") is kind_of("crm_system.updated") is not None


def test_each_kind_is_called_what_people_call_it() -> None:
    names = {one.noun: one.name for one in all_kinds().values()}
    assert (names["api"], names["key"]) == ("Manage API", "API keys")
    assert not [name for name in names.values() if name.endswith(("switchs", "states"))]
