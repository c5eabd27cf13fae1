"""The head of the trail, kept beside the database, where whoever writes to that alone cannot reach.

The ends of the chain of an hour ago were signed, too: without this file somebody could take the
newest entries away and put those ends back. It is kept once an hour; `verify_audit` asks for it.
"""

import re
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from syteops.audit.chain import BrokenChain, intact
from syteops.audit.models import AuditChain, AuditEntry
from syteops.core.locks import snapshot

SETTLED = timedelta(minutes=10)
"""What is younger a machine without power may lose, and nobody has done it (SQLite, WAL)."""
HEAD = re.compile("[0-9]{1,18}:[0-9a-f]{16,64}")


class TrailWentBack(BrokenChain):
    """The trail does not contain any more what it contained."""

    def __init__(self) -> None:
        super().__init__(
            "The audit trail does not contain what it contained an hour ago or before. If the "
            f"database was restored on purpose, delete {_file()}."
        )


def keep_head() -> None:
    """Keep the newest that is settled. Raises BrokenChain, keeping the former one, if the trail
    does not contain that, and OSError.
    """
    with snapshot():
        require_kept_head(intact(AuditChain.objects.first()))
        sealed = AuditEntry.objects.filter(sequence__isnull=False)
        settled = sealed.filter(at__lt=timezone.now() - SETTLED)
        newest = settled.order_by("-sequence").first()
    if newest and (newest.sequence or 0) > _number_of(_kept_head()):
        draft = _file().with_name("audit_head.new")
        draft.write_text(f"{newest.sequence}:{newest.seal}\n", encoding="ascii")
        draft.replace(_file())


def require_kept_head(chain: AuditChain) -> None:
    """Raises TrailWentBack unless what is kept is in the trail, or was cut off as old."""
    kept = _kept_head()
    entry = AuditEntry.objects.filter(sequence=_number_of(kept)).values_list("seal", flat=True)
    if _number_of(kept) > chain.cut_sequence and entry.first() != kept.partition(":")[2]:
        raise TrailWentBack


def _kept_head() -> str:
    """As `verify_audit` prints it: "<number>:<seal>"; "" for none."""
    with suppress(OSError, ValueError):
        text = _file().read_text(encoding="ascii").strip()
        return text if HEAD.fullmatch(text) else ""
    return ""


def _number_of(head: str) -> int:
    return int(head.partition(":")[0] or 0)


def forget_head() -> None:
    """Keep none: the database is another by now, on purpose."""
    _file().unlink(missing_ok=True)


def _file() -> Path:
    return Path(settings.DATA_DIR, "audit_head")
