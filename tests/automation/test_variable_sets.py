from typing import Any

import pytest
from django.db import IntegrityError, transaction

from syteops.audit.models import AuditEntry
from syteops.automation import queries, services
from syteops.automation.models import VariableSet, VariableSetValue
from syteops.core.actors import SYSTEM
from syteops.core.errors import Invalid


def row(suffix: str, value: str, kind: str = "text") -> dict[str, str]:
    return {"suffix": suffix, "type": kind, "value": value}


def make(*values: dict[str, str], acronym: str = "acme") -> VariableSet:
    return services.create_variable_set(SYSTEM, name="Acme", acronym=acronym, values=values)


def derived() -> dict[str, str]:
    return {one.name: one.value for one in queries.catalogue(source="svs")}


@pytest.mark.parametrize("acronym", ["user", "std", "api"])
def test_an_acronym_of_other_variables_is_refused(db: None, acronym: str) -> None:
    with pytest.raises(Invalid, match="not right") as refused:
        make(acronym=acronym)
    assert refused.value.errors[0].path == ("acronym",)
    assert not VariableSet.objects.exists()


@pytest.mark.parametrize("acronym", ["a", "1ab", "Ab", "a_b", "a" * 17, "ab\n", ""])
def test_an_acronym_is_two_to_sixteen_letters_and_digits(db: None, acronym: str) -> None:
    with pytest.raises(Invalid):
        make(acronym=acronym)


def test_an_acronym_exists_once(db: None) -> None:
    make()
    with pytest.raises(Invalid) as refused:
        make()
    assert refused.value.errors[0].code == "not_unique"


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("number", "twelve"),
        ("number", "1,5"),
        ("number", "NaN"),
        ("number", "1e5"),
        ("boolean", "maybe"),
        ("url", "javascript:alert(1)"),
        ("url", "ftp://example.com"),
        ("email", "nobody"),
        ("date", "2026-02-30"),
        ("date", "tomorrow"),
        ("colour", "red"),
    ],
)
def test_a_value_that_is_not_of_its_type_is_refused(db: None, kind: str, value: str) -> None:
    with pytest.raises(Invalid) as refused:
        make(row("good", "x"), row("bad", value, kind))
    assert refused.value.errors[0].path[:2] == ("values", 1)
    assert not VariableSet.objects.exists()


@pytest.mark.parametrize(
    ("kind", "value", "canonical"),
    [
        ("text", " two\n words \n", " two\n words \n"),
        ("number", "+12.50", "12.50"),
        ("number", "-0.5", "-0.5"),
        ("boolean", "Yes", "true"),
        ("boolean", "0", "false"),
        ("url", "https://example.com/a?b=c", "https://example.com/a?b=c"),
        ("email", "ann@example.com", "ann@example.com"),
        ("date", "20261231", "2026-12-31"),
    ],
)
def test_automations_get_one_canonical_form(
    db: None, kind: str, value: str, canonical: str
) -> None:
    make(row("it", value, kind))
    assert derived() == {"syteops_acme_svs_it": canonical}


def test_two_values_cannot_have_one_suffix(db: None) -> None:
    with pytest.raises(Invalid) as refused:
        make(row("color", "red"), row("color", "blue"))
    assert refused.value.errors[0].path == ("values", 1, "suffix")
    assert refused.value.errors[0].code == "not_unique"


def test_a_blank_value_is_no_variable_but_stays_in_the_set(db: None) -> None:
    made = make(row("color", ""), row("size", "L"))
    assert derived() == {"syteops_acme_svs_size": "L"}
    assert made.values.count() == 2


def test_a_change_replaces_the_values_and_is_one_entry_in_the_trail(db: None) -> None:
    made = make(row("color", "red"), row("size", "L"))

    services.update_variable_set(
        SYSTEM, made, acronym="corp", values=[row("size", "color"), row("color", "L")]
    )

    assert derived() == {"syteops_corp_svs_color": "L", "syteops_corp_svs_size": "color"}
    entry = AuditEntry.objects.get(event="variable_set.updated")
    assert entry.changes["acronym"] == {"before": "acme", "after": "corp"}
    assert entry.changes["values"]["before"] == [row("color", "red"), row("size", "L")]
    assert entry.changes["values"]["after"] == [row("color", "L"), row("size", "color")]


def test_the_same_values_again_change_nothing(db: None) -> None:
    made = make(row("color", "red"), row("on", "true", "boolean"))
    kept = set(made.values.values_list("pk", flat=True))
    actor = SYSTEM.for_operation("test")

    services.update_variable_set(
        actor, made, name="Acme", values=[row("on", "YES", "boolean"), row("color", "red")]
    )

    assert actor.trail == []
    assert set(made.values.values_list("pk", flat=True)) == kept


def test_a_refused_change_leaves_the_values_alone(db: None) -> None:
    made = make(row("color", "red"))
    with pytest.raises(Invalid):
        services.update_variable_set(SYSTEM, made, acronym="api", values=[])
    assert derived() == {"syteops_acme_svs_color": "red"}


def test_deleting_a_set_takes_its_variables_away_and_records_what_it_held(db: None) -> None:
    services.delete_variable_set(SYSTEM, make(row("color", "red")))
    assert derived() == {}
    assert not VariableSetValue.objects.exists()
    entry = AuditEntry.objects.get(event="variable_set.deleted")
    assert entry.changes["values"]["before"] == [row("color", "red")]


@pytest.mark.parametrize(
    "values",
    [{"suffix": "Bad"}, {"suffix": "good", "type": "colour"}, {"suffix": "taken"}],
)
def test_the_database_itself_refuses_what_cannot_be(db: None, values: dict[str, Any]) -> None:
    made = make(row("taken", "x"))
    with pytest.raises(IntegrityError), transaction.atomic():
        VariableSetValue.objects.bulk_create([VariableSetValue(set=made, value="x", **values)])
    with pytest.raises(IntegrityError), transaction.atomic():
        VariableSet.objects.bulk_create([VariableSet(name="X", acronym="No")])
