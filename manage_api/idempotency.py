"""Safe retries: a write with an Idempotency-Key takes effect once.

The answer is stored in the write's own transaction, and a lock on the key is held while that one
runs. So a crash leaves either nothing, not even the lock, and a retry runs at once; or the effect
with its answer, and a retry replays it. Only success is stored: a refused write leaves nothing
behind, and its key may be used again.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from manage_api.calls import Call, Result
from manage_api.errors import ApiError, bad_header
from manage_api.models import IdempotencyRecord
from manage_api.rendering import canonical, dump, load
from syteops.core.locks import Busy, exclusive_transaction

KEPT = timedelta(hours=24)

_FORM = re.compile(r"[\x21-\x7e]{1,255}")


def once(call: Call, work: Callable[[], Result]) -> Result:
    """The result of `work`, run in a transaction, or of the earlier call with the same key.

    Raises idempotency_mismatch for another input, idempotency_in_progress while the first runs.
    """
    key = call.request.META.get("HTTP_IDEMPOTENCY_KEY")
    if key is not None and not _FORM.fullmatch(key):
        raise bad_header("Idempotency-Key takes 1 to 255 visible ASCII characters.")
    if key is None or call.dry_run:
        with transaction.atomic():
            return work()
    digest = _digest(call, key)
    try:
        with exclusive_transaction(f"idempotency {digest}"):
            return _replayed(digest, call) or _kept(digest, call, work())
    except Busy:
        raise ApiError("idempotency_in_progress", headers={"Retry-After": "1"}) from None


def _replayed(digest: str, call: Call) -> Result | None:
    """The answer to the earlier call, if there was one."""
    earlier = IdempotencyRecord.objects.filter(digest=digest, expires_at__gt=timezone.now()).first()
    if earlier is None:
        return None
    if earlier.fingerprint != _fingerprint(call):
        raise ApiError("idempotency_mismatch")
    answer = earlier.answer
    body = answer["body"].encode()
    return Result(load(body), answer["changed"], etag=answer["etag"], body=body, replayed=True)


def _kept(digest: str, call: Call, result: Result) -> Result:
    """The result, now stored as the answer to every further call with its key."""
    # The body as text: PostgreSQL would reorder the names inside a JSON value.
    answer = {"body": result.body.decode(), "changed": result.changed, "etag": result.etag}
    values = {
        "fingerprint": _fingerprint(call),
        "expires_at": timezone.now() + KEPT,
        "answer": answer,
    }
    IdempotencyRecord.objects.update_or_create(digest=digest, defaults=values)
    return result


def forget_expired() -> None:
    """Remove the answers that are kept long enough."""
    IdempotencyRecord.objects.filter(expires_at__lt=timezone.now()).delete()


def _digest(call: Call, key: str) -> str:
    path = sorted(call.path.items())
    parts = [call.caller.kind, call.caller.id, call.operation.name, path, key]
    return hashlib.sha256(dump(parts)).hexdigest()


def _fingerprint(call: Call) -> str:
    """Of the input, keyed: it may hold a short secret, which a plain hash would give away."""
    text = canonical(call.raw if call.operation.takes_body else _in_a_query(call.raw))
    return hmac.new(settings.SECRET_KEY.encode(), text, hashlib.sha256).hexdigest()


def _in_a_query(raw: Mapping[str, Any]) -> dict[str, str]:
    """The input as REST would send it in the query string, where true is the text "true"."""
    return {
        n: value if isinstance(value, str) else dump(value).decode() for n, value in raw.items()
    }
