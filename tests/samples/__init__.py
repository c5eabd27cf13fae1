"""One sample per operation: how to call it rightly and wrongly. The matrix test walks them all.

An entity's standard operations have one by themselves (`derived`); a further operation without a
sample fails the matrix. `tests/samples/<app>.py` is found by itself.
"""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from manage_api.operations import all_operations


@dataclass
class Sample:
    """A right call of one operation on freshly made objects, and what makes it wrong."""

    path: dict[str, str] = field(default_factory=dict)
    params: dict[str, Any] = field(default_factory=dict)
    bad: dict[str, Any] | None = None
    """Params that must be refused with validation_error; None: `{"no_such_field": 1}` is used."""
    missing: dict[str, str] | None = None
    """Path parameters of an object that does not exist; None: there is no such thing here."""
    changes: bool = True
    """Whether a right write changes what is stored."""
    again: bool | str | None = None
    """Whether the same write once more changes something again, or the code of its refusal.

    None: a deleted object is not found, a second one is created, anything else changes nothing.
    """
    also: tuple[str, ...] = ()
    """Operations whose rights this call needs besides its own: those that it carries out."""


Make = Callable[[], Sample]
_samples: dict[str, Make] = {}


def sample(name: str) -> Callable[[Make], Make]:
    """Enter the sample of the operation `name`, such as `crm.update`."""

    def enter(make: Make) -> Make:
        assert name not in _samples, f"two samples of {name}"
        _samples[name] = make
        return make

    return enter


def all_samples() -> dict[str, Make]:
    """Every sample by operation name."""
    from tests.samples.derived import derived  # which imports this module

    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    for operation in all_operations():
        if operation.name not in _samples and (make := derived(operation)):
            _samples[operation.name] = make
    return dict(_samples)


def all_made() -> dict[str, Make]:
    """The samples entered so far; for samples that are made of others."""
    return _samples
