"""What a page says when somebody else was faster, in place of a failure.

A page finds what it is about before it locks it, and a form what it names before it stores that.
On PostgreSQL others delete it in between.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.messages import get_messages
from django.db import IntegrityError, connection, models
from django.http import HttpRequest, HttpResponse

from syteops.core.errors import Conflict, NotFound
from syteops.core.locks import Overtaken, repeated
from syteops.core.plain_pages import plain_page

_FASTER = "Somebody else has just changed or deleted the same thing. Nothing was stored. Try again."


@contextmanager
def races_refused() -> Iterator[None]:
    """Raises Conflict where the database says that another change stands in the way."""
    try:
        yield
    except IntegrityError as error:
        raise Conflict(_FASTER) from error


def repeated_page(request: HttpRequest, page: Callable[[], HttpResponse]) -> HttpResponse:
    """The answer of a page that changes something, in one transaction; done anew as API calls are.

    409 in the end.
    """
    messages: Any = get_messages(request)
    told = len(messages._queued_messages)

    def attempt() -> HttpResponse:
        del messages._queued_messages[told:]
        request.__dict__.pop("refusal", None)
        return page()

    try:
        return repeated(attempt)
    except Overtaken as lost:
        return plain_page(request.path_info, 409, "Others were faster", lost.detail)


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
