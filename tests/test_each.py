import pytest
from django.contrib.auth.models import Group

from tests.each import each


def test_a_value_that_fails_is_told_and_what_others_stored_is_gone(db: None) -> None:
    seen: list[str] = []

    @each("name", ["first", "second", "third"])
    def walk(name: str, kept: list[str]) -> None:
        assert not Group.objects.exists()
        Group.objects.create(name=name)
        kept.append(name)
        assert name != "second"

    with pytest.raises(AssertionError) as failure:
        walk(kept=seen)
    assert seen == ["first", "second"]
    assert "'second'" in failure.value.__notes__[0]


def test_to_test_with_nothing_is_a_mistake() -> None:
    with pytest.raises(AssertionError):
        each("name", [])
