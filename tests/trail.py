"""The audit trail, cut as retention does."""

from datetime import datetime

from syteops.audit import retention


def cut_before(moment: datetime) -> int:
    """Remove the oldest entries, of before `moment`; how many that were."""
    end = retention.old_end(moment)
    return retention.cut_off(end) if end else 0
