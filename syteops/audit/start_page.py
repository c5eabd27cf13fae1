"""What the start page shows of the audit trail: that it is no longer whole."""

from collections.abc import Iterator
from typing import Any

from django.urls import reverse

from syteops.audit.chain import is_intact
from syteops.core.start_page import SUPERUSERS, Need, needs


@needs(SUPERUSERS)
def tell_broken(person: Any) -> Iterator[Need]:
    """A trail that somebody tampered with."""
    if not is_intact():
        text = (
            "The audit trail was altered or put back, its key was replaced, or its entries cannot "
            "be sealed. Run manage.py verify_audit."
        )
        yield Need("bad", "gpp_maybe", text, reverse("admin:audit_auditentry_changelist"))
