"""Safe retries: a write with an Idempotency-Key takes effect once.

The key is claimed in a short transaction of its own, and the answer is stored in the write's own
transaction. So a crash leaves either no effect (the claim lapses after `LEASE` and a retry runs) or
the effect with its answer (a retry replays it). Whoever lost its claim meanwhile cannot commit.
Only success is stored: a refused write leaves nothing behind, and its key may be used again.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from manage_api.calls import Call, Result
from manage_api.errors import ApiError
from manage_api.models import IdempotencyRecord
from manage_api.rendering import dump

KEPT = timedelta(hours=24)
LEASE = timedelta(seconds=60)
CLEANED_AT_ONCE = 100

_FORM = re.compile(r"[\x21-\x7e]{1,255}")


def once(call: Call, work: Callable[[], Result]) -> Result:
    """The result of `work`, or of the earlier call with the same key and input.

    Raises idempotency_mismatch for another input, idempotency_in_progress while the first runs.
    """
    key = call.request.META.get("HTTP_IDEMPOTENCY_KEY")
    if key is None or call.dry_run:
        return work()
    if not _FORM.fullmatch(key):
        raise ApiError("validation_error", "Idempotency-Key takes 1 to 255 visible characters.")
    record = _claim(_digest(call, key), _fingerprint(call))
    if record.answer is not None:
        return Result(**record.answer, body=dump(record.answer["data"]), replayed=True)
    call.claim = record.claim
    try:
        return work()
    except BaseException:
        IdempotencyRecord.objects.filter(claim=record.claim, answer__isnull=True).delete()
        raise


def keep(call: Call, result: Result) -> None:
    """Store the answer. Call inside the write's transaction; fails if the claim was lost."""
    if not call.claim:
        return
    answer = {name: getattr(result, name) for name in _KEPT_FIELDS}
    kept = IdempotencyRecord.objects.filter(claim=call.claim, answer__isnull=True).update(
        answer=answer, expires_at=timezone.now() + KEPT
    )
    if not kept:
        raise ApiError("idempotency_in_progress")


_KEPT_FIELDS = ("data", "changed", "etag", "impact")


def _claim(digest: str, fingerprint: str) -> IdempotencyRecord:
    """The finished record of an earlier call, or one that is now claimed for this call."""
    now = timezone.now()
    with transaction.atomic():
        _clean_up()
        fresh = {
            "fingerprint": fingerprint,
            "claim": secrets.token_hex(16),
            "claimed_until": now + LEASE,
            "expires_at": now + KEPT,
            "answer": None,
        }
        record, created = IdempotencyRecord.objects.select_for_update().get_or_create(
            digest=digest, defaults=fresh
        )
        if created:
            return record
        if record.expires_at > now:
            if record.fingerprint != fingerprint:
                raise ApiError("idempotency_mismatch")
            if record.answer is not None:
                return record
            if record.claimed_until > now:
                raise ApiError("idempotency_in_progress", headers={"Retry-After": "1"})
        for name, value in fresh.items():
            setattr(record, name, value)
        record.save(update_fields=list(fresh))
        return record


def _clean_up() -> None:
    old = IdempotencyRecord.objects.filter(expires_at__lt=timezone.now())
    ids = list(old.values_list("pk", flat=True)[:CLEANED_AT_ONCE])
    if ids:
        IdempotencyRecord.objects.filter(pk__in=ids).delete()


def _digest(call: Call, key: str) -> str:
    path = sorted(call.path.items())
    parts = [call.caller.kind, call.caller.id, call.operation.name, path, key]
    return hashlib.sha256(dump(parts)).hexdigest()


def _fingerprint(call: Call) -> str:
    """Of the input, keyed: it may hold a short secret, which a plain hash would give away."""
    text = dump(sorted(call.raw.items(), key=lambda item: item[0]))
    return hmac.new(settings.SECRET_KEY.encode(), text, hashlib.sha256).hexdigest()
