"""What is told about a module that says wrong things about itself."""

from typing import Any

import pytest

from syteops.core.modules import installed_modules
from syteops.modules.checks import check_modules


def ids() -> list[str | None]:
    return [one.id for one in check_modules()]


def test_our_own_modules_are_right() -> None:
    assert check_modules() == []


@pytest.mark.parametrize(
    ("name", "value", "number"),
    [
        ("module_slug", "estimates", "modules.E001"),
        ("module_name", "", "modules.E002"),
        ("config_schema", {"type": "no such type"}, "modules.E003"),
        (
            "config_schema",
            {"properties": {"size": {"type": "integer", "default": "big"}}},
            "modules.E004",
        ),
    ],
)
def test_a_wrong_one_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: Any, number: str
) -> None:
    monkeypatch.setattr(type(installed_modules()["notes"]), name, value)
    assert ids() == [number]
