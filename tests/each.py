"""Many values in one test: what surrounds a test costs more than most of them do."""

import inspect
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from django.db import connection, transaction

from tests.isolation import forget_calls


def each(
    names: str | tuple[str, ...], values: Iterable[Any]
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Runs a test with each of the values, as `pytest.mark.parametrize`, but as one test.

    What one value has stored is undone before the next; what the fixtures hold is shared. Stands
    right above the test. What fails is told with its value, and ends the test.
    """
    wanted = [names] if isinstance(names, str) else [*names]
    cases = [
        dict(zip(wanted, [one] if isinstance(names, str) else one, strict=True)) for one in values
    ]
    assert cases, "There is no value to test with."

    def walk(test: Callable[..., None]) -> Callable[..., None]:
        @wraps(test)
        def run(**fixtures: Any) -> None:
            for given in cases:
                try:
                    _undone(test, **fixtures, **given)
                except BaseException as failure:
                    failure.add_note(f"It fails with {given!r}.")
                    raise

        declared = inspect.signature(test)
        kept = [one for name, one in declared.parameters.items() if name not in wanted]
        assert len(kept) == len(declared.parameters) - len(wanted)
        run.__signature__ = declared.replace(parameters=kept)  # type: ignore[attr-defined]
        return run

    return walk


def _undone(test: Callable[..., None], **given: Any) -> None:
    if not connection.in_atomic_block:  # it stores nothing
        test(**given)
        return
    with undone():
        test(**given)


@contextmanager
def undone() -> Iterator[None]:
    """What is stored within is gone afterwards; to delete it would take longer."""
    forget_calls()
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
