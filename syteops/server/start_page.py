"""What the start page shows while every secret is sealed under a new key."""

from typing import Any

from syteops.core.start_page import SUPERUSERS, Line, Panel, panel
from syteops.server.encryption_rotation import is_under_way, unfinished_sealing
from syteops.tasks.jobs import progress_of


@panel(SUPERUSERS)
def tell_sealing(person: Any) -> Panel | None:
    """How far it is, or that it was interrupted."""
    job = unfinished_sealing()
    if job is None:
        return None
    goes_on, percent = is_under_way(), progress_of(job)
    state = Line("Under way", "warn") if goes_on else Line("Interrupted", "bad")
    context = {"goes_on": goes_on, "percent": percent}
    template = "admin/sealing.html"
    return Panel("New encryption key", "key", state=state, template=template, context=context)
