"""Safe retries: a write with an Idempotency-Key takes effect once.

The answer is stored in the write's own transaction, and a lock on the key is held while that one
runs. So a crash leaves either nothing, not even the lock, and a retry runs at once; or the effect
with its answer, and a retry replays it. Only success is stored: a refused write leaves nothing
behind, and its key may be used again.

What is stored has bounds. Of a long answer, and of each once a caller has stored much in a day, it
is what names the objects: a retry learns that the write was done, and where to read.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from functools import partial, reduce
from operator import or_
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q, TextField
from django.db.models.functions import Cast
from django.utils import timezone
from rest_framework.request import Request

from manage_api.calls import Result
from manage_api.disclosure import identify
from manage_api.errors import ApiError, bad_header
from manage_api.models import IdempotencyRecord
from manage_api.rendering import canonical, dump, load
from syteops.core.counters import CounterKind, counters
from syteops.core.encryption import open_sealed, seal
from syteops.core.locks import Busy, exclusive_transaction
from syteops.core.prepared import Prepared, insert_row
from syteops.core.removing import remove
from syteops.core.trials import trial

if TYPE_CHECKING:
    from manage_api.base import ManageViewSet

KEPT = timedelta(hours=24)
MOST_BYTES = 250_000
"""Of an answer that is kept whole."""
MOST_OF_CALLER = 100_000_000
"""Bytes that are kept whole for a caller in a day."""

_FORM = re.compile(r"[\x21-\x7e]{1,255}")


def once(view: "ManageViewSet", work: Callable[[], Result]) -> Result:
    """The result of `work`, run in a transaction, or of the earlier call with the same key.

    Raises idempotency_mismatch for another input, idempotency_in_progress while the first runs.
    """
    key = key_of(view.request)
    if view.call.dry_run:
        with trial():
            return work()
    if key is None:
        with transaction.atomic():
            return work()
    digest = _digest(view, key)
    try:
        with exclusive_transaction(f"idempotency {digest}", partial(_USED, digest)) as used:
            earlier = next(iter(used), None)
            if earlier and earlier.expires_at > timezone.now():
                return _replay(earlier, view)
            return _store(earlier or IdempotencyRecord(digest=digest), view, work())
    except Busy:
        raise ApiError("idempotency_in_progress", headers={"Retry-After": "1"}) from None


def key_of(request: Request) -> str | None:
    """The Idempotency-Key, if there is one. Raises validation_error for the wrong form."""
    key: str | None = request.META.get("HTTP_IDEMPOTENCY_KEY")
    if key is not None and not _FORM.fullmatch(key):
        raise bad_header("Idempotency-Key takes 1 to 255 visible ASCII characters.")
    return key


_USED = Prepared(lambda digest: IdempotencyRecord.objects.filter(digest=digest))


def _replay(earlier: IdempotencyRecord, view: "ManageViewSet") -> Result:
    """The answer to the earlier call."""
    if earlier.fingerprint != _fingerprint(view):
        raise ApiError("idempotency_mismatch")
    answer = earlier.answer
    body = (open_sealed(earlier, "sealed_body") or answer["body"]).encode()
    return Result(load(body), answer["changed"], etag=answer["etag"], body=body, replayed=True)


def _store(record: IdempotencyRecord, view: "ManageViewSet", result: Result) -> Result:
    """The result, now stored as the answer to every further call with its key."""
    record.fingerprint = _fingerprint(view)
    record.expires_at = timezone.now() + KEPT
    # As text: PostgreSQL would reorder the names inside a JSON value.
    body, is_sealed = _stored_body(view, result).decode(), view.seals_answers
    record.sealed_body = seal(record, "sealed_body", body) if is_sealed else None
    record.answer = {
        "operation": view.operation.name,
        "body": "" if is_sealed else body,
        "changed": result.changed,
        "etag": result.etag,
    }
    if record._state.adding:
        insert_row(record)
    else:
        record.save()  # it has expired, and was not removed yet
    return result


def _stored_body(view: "ManageViewSet", result: Result) -> bytes:
    """The answer, or what it names where that is too much to keep."""
    size, caller = len(result.body), f"{view.principal.kind} {view.principal.id}"
    day = int(KEPT.total_seconds())
    if size <= MOST_BYTES and (
        counters().add(CounterKind.STORED_ANSWERS, caller, day, size) <= MOST_OF_CALLER
    ):
        return result.body
    return dump(identify(view, result.data))


def rewrite_answers(
    resource: str,
    rewrite: Callable[[dict[str, Any]], dict[str, Any]],
    holding: Iterable[dict[str, Any] | str],
) -> int:
    """Make of each object in a stored answer of `resource` what `rewrite` does.

    Answers how many answers that changed. What was done stays done: a retry is still answered from
    what is stored. Only answers that hold one of the members or beginnings of texts `holding` are
    read: a busy site keeps hundreds of thousands, and meanwhile every writer waits.
    """
    count = 0
    for stored in _answers_holding(resource, holding):
        data = load(stored.answer["body"].encode())
        rewritten = _rewrite_data(data, stored.answer["operation"] == f"{resource}.bulk", rewrite)
        if rewritten != data:
            stored.answer["body"] = dump(rewritten).decode()
            stored.save(update_fields=["answer"])
            count += 1
    return count


def _answers_holding(
    resource: str, wanted: Iterable[dict[str, Any] | str]
) -> Iterator[IdempotencyRecord]:
    """The stored answers of the resource in whose JSON one of these stands.

    Looked for in the text of the column: to take the JSON apart takes databases thirty times as
    long.
    """
    operation = Q(column__contains=f'"operation": "{resource}.')
    # Without the quotes of a text, and the braces of an object with one member.
    texts = (dump(one).decode()[1:-1] for one in wanted)
    # The body is a text within that JSON: databases differ in how they write its other letters.
    written = (json.dumps(text, ensure_ascii=one)[1:-1] for text in texts for one in (True, False))
    held = reduce(or_, (Q(column__contains=text) for text in dict.fromkeys(written)))
    columns = IdempotencyRecord.objects.alias(column=Cast("answer", TextField()))
    yield from columns.filter(operation, held).order_by("pk").iterator(chunk_size=200)


def _rewrite_data(data: Any, is_bulk: bool, rewrite: Callable[[dict[str, Any]], Any]) -> Any:
    if is_bulk:
        return {"items": [{**one, "data": rewrite(one["data"])} for one in data["items"]]}
    return rewrite(data) if isinstance(data, dict) else data


def forget_expired() -> None:
    """Remove the answers that are kept long enough."""
    remove(IdempotencyRecord.objects.filter(expires_at__lt=timezone.now()))


def _digest(view: "ManageViewSet", key: str) -> str:
    path = sorted(view.kwargs.items())
    principal = view.principal
    parts = [principal.kind, principal.retries_as, view.operation.name, path, key]
    return hashlib.sha256(dump(parts)).hexdigest()


def _fingerprint(view: "ManageViewSet") -> str:
    """Of the input, keyed: it may hold a short secret, which a plain hash would give away."""
    given = view.call.input
    text = canonical(given if view.operation.takes_body else _in_a_query(given))
    return hmac.new(settings.SECRET_KEY.encode(), text, hashlib.sha256).hexdigest()


def _in_a_query(raw: Mapping[str, Any]) -> dict[str, str]:
    """The input as REST would send it in the query string, where true is the text "true"."""
    return {
        n: value if isinstance(value, str) else dump(value).decode() for n, value in raw.items()
    }
