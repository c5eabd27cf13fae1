"""No input costs more than linear time: each field of each operation is sent a megabyte."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from django.apps import apps
from django.core.validators import RegexValidator
from rest_framework.exceptions import ValidationError

from manage_api.operations import Operation, all_operations
from tests.effort import takes_over
from tests.samples import all_samples

SIZE = 900_000
SECONDS = 1.0
"""Of the processor: generous, where quadratic time would be minutes."""


def huge_texts(size: int) -> Iterator[str]:
    """What patterns with two ways to match the same thing come to grief on."""
    for unit in ("a", "0", " ", "-", "a-", "a.", "**", "\\", '"', ",a", "/"):
        for end in ("", ",", "!"):
            yield unit * (size // len(unit)) + end


HUGE: tuple[Any, ...] = (
    "a" * SIZE + ",",
    "0" * SIZE + "!",
    ["a"] * (SIZE // 5),
    [{}] * (SIZE // 4),
    {str(number): number for number in range(SIZE // 16)},
)


def fields_of(operation: Operation) -> dict[str, Any]:
    form: Any = operation.input
    return dict(form().fields) if form else {}


INPUTS = [one for one in all_operations() if fields_of(one)]


@pytest.mark.django_db
@pytest.mark.parametrize("operation", INPUTS, ids=lambda one: one.name)
def test_no_field_takes_more_than_linear_time(operation: Operation) -> None:
    right = all_samples()[operation.name]().params
    slow = []
    form: Any = operation.input
    for name in fields_of(operation):
        for value in HUGE:
            sent = form(data={**right, name: value}, partial=operation.partial)
            if takes_over(SECONDS, validate, sent):
                slow.append((name, type(value).__name__))
    assert slow == []


def validate(sent: Any) -> None:
    with suppress(ValidationError):
        sent.run_validation(sent.initial_data)


SERVED = ("syteops.wsgi", "syteops.asgi")
"""Modules that begin background work when they are loaded."""


def all_patterns() -> set[re.Pattern[str]]:
    """Every compiled pattern, and every validator's, of all modules of SyteOps."""
    found: set[Any] = set()
    for package in ("syteops", "manage_api", "notes", "estimates"):
        root = importlib.import_module(package)
        for info in pkgutil.walk_packages(root.__path__, f"{package}."):
            if "migrations" in info.name or info.name in SERVED:
                continue
            values = vars(importlib.import_module(info.name)).values()
            found |= {one for one in values if isinstance(one, re.Pattern)}
            found |= {one.regex for one in values if isinstance(one, RegexValidator)}
    for operation in all_operations():
        for field in fields_of(operation).values():
            every = [*field.validators, *getattr(getattr(field, "child", None), "validators", ())]
            found |= {one.regex for one in every if isinstance(one, RegexValidator)}
    for model in apps.get_models():
        for column in model._meta.fields:
            found |= {one.regex for one in column.validators if isinstance(one, RegexValidator)}
    return {one for one in found if isinstance(one, re.Pattern) and isinstance(one.pattern, str)}


def test_every_pattern_is_linear() -> None:
    slow = [one.pattern for one in all_patterns() if takes_over(SECONDS, match_all, one)]
    assert slow == []


def match_all(pattern: re.Pattern[str]) -> None:
    for text in huge_texts(20_000):
        pattern.fullmatch(text)
        pattern.match(text)
