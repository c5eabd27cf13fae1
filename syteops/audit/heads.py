"""The head of the trail, kept beside the database, where whoever writes to that alone cannot reach.

The ends of the chain of an hour ago were signed, too: without this file somebody could take the
newest entries away and put those ends back. It is kept once an hour; `verify_audit` asks for it.
What came since the last one is verified then.
"""

import os
import re
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from syteops.audit.chain import BrokenChain, ends
from syteops.audit.models import AuditChain, AuditEntry
from syteops.audit.stored import Link, erased_macs, require_end, walk
from syteops.core.locks import snapshot
from syteops.lib.plain_files import opener, read_text

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
    does not contain that, or is not what was signed since, and OSError.
    """
    with snapshot():
        chain = ends()
        require_kept_head(chain)
        newest = _newest_settled(chain)
    if newest:
        draft = _file().with_name("audit_head.new")
        with open(draft, "w", encoding="ascii", opener=opener) as file:
            file.write(f"{newest.sequence}:{newest.seal}\n")
            file.flush()
            os.fsync(file.fileno())  # a power cut leaves the former one, or this one
        draft.replace(_file())


def _newest_settled(chain: AuditChain) -> Link | None:
    """Of the entries since the kept head. Each is verified: whoever made them look too young, or
    took them out of the way, for as long as this looks, would have no newer head kept.
    """
    sequence, seal = chain.cut_sequence, chain.cut_seal
    if (kept := _number_of(_kept_head())) > sequence:
        sequence, seal = kept, _kept_head().partition(":")[2]
    settled, newest = timezone.now() - SETTLED, None
    since = AuditEntry.objects.filter(sequence__gt=sequence)
    for link in walk(sequence, seal, since, erased_macs()):
        sequence, seal, at = link
        newest = link if at < settled else newest
    require_end(chain, sequence, seal)
    return newest


def require_kept_head(chain: AuditChain) -> None:
    """Raises TrailWentBack unless what is kept is in the trail, or was cut off as old."""
    kept = _kept_head()
    entry = AuditEntry.objects.filter(sequence=_number_of(kept)).values_list("seal", flat=True)
    if _number_of(kept) > chain.cut_sequence and entry.first() != kept.partition(":")[2]:
        raise TrailWentBack


def _kept_head() -> str:
    """As `verify_audit` prints it: "<number>:<seal>"; "" for none."""
    with suppress(OSError, ValueError):
        text = read_text(_file(), "ascii").strip()
        return text if HEAD.fullmatch(text) else ""
    return ""


def _number_of(head: str) -> int:
    return int(head.partition(":")[0] or 0)


def forget_head() -> None:
    """Keep none: the database is another by now, on purpose."""
    _file().unlink(missing_ok=True)


def _file() -> Path:
    return Path(settings.DATA_DIR, "audit_head")
