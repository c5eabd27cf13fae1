"""What a page says when somebody else was faster, in place of a failure.

A page finds what it is about before it locks it, and a form what it names before it stores that.
On PostgreSQL others delete it in between.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import IntegrityError, OperationalError, connection, models

from syteops.core.errors import Conflict, NotFound
from syteops.core.locks import lost_race

_FASTER = "Somebody else has just changed or deleted the same thing. Nothing was stored. Try again."


@contextmanager
def races_refused() -> Iterator[None]:
    """Raises Conflict where the database says that another change stands in the way."""
    try:
        yield
    except IntegrityError as error:
        raise Conflict(_FASTER) from error
    except OperationalError as error:
        if not lost_race(error):
            raise
        raise Conflict(_FASTER) from error


def lock_row(model: type[models.Model], pk: Any) -> Any:
    """The stored object, locked until the transaction ends. Raises NotFound if it is gone."""
    found = model._default_manager.select_for_update(of=("self",)).filter(pk=pk).first()
    if found is None:
        raise NotFound(f"This {model._meta.verbose_name} was deleted. Nothing was stored.")
    return found


def check_references() -> None:
    """Look now whether everything is there that was named, and not only at the commit.

    By then a page has said that it is done. Raises IntegrityError. On SQLite there is one writer at
    a time, so nothing goes away.
    """
    if connection.vendor == "postgresql":
        connection.check_constraints()
