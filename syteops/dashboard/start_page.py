"""What the start page shows of the site as a whole: what there is, and what fails in the server."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.urls import NoReverseMatch, reverse
from django.utils.text import capfirst

from syteops.core.modules import inactive_modules
from syteops.core.pending_migrations import pending_migrations
from syteops.core.permissions import permission_name
from syteops.core.start_page import ANYBODY, SUPERUSERS, Line, Need, Panel, needs, panel
from syteops.dashboard.status import counted_models
from syteops.dashboard.tasks import failing_tasks


@needs(SUPERUSERS)
def tell_migrations(person: Any) -> Iterator[Need]:
    """Migrations that are not applied."""
    if pending := len(pending_migrations()):
        what = "1 database migration is" if pending == 1 else f"{pending} database migrations are"
        yield Need("bad", "database", f"{what} pending. Run manage.py setup.")


@needs(SUPERUSERS)
def tell_failing(person: Any) -> Iterator[Need]:
    """The server's own work that fails."""
    for task in failing_tasks():
        text = f"The server's own work fails ({task.name}). The log says why."
        yield Need("bad", "build", text, at=task.failing_since)


@panel(ANYBODY)
def show_counts(person: Any) -> Panel | None:
    """How many there are of each kind that the person may see."""
    lines = [
        Line(
            capfirst(str(model._meta.verbose_name_plural)),
            url=_list_url(model),
            count=model.listed().count(),
        )
        for model in counted_models(inactive_modules())
        if person.has_perm(permission_name(model, "view"))
    ]
    return Panel("What there is", "inventory_2", "", None, lines) if lines else None


def _list_url(model: type[Any]) -> str:
    """Where the admin lists all of these; "" when it does not."""
    page = admin.site._registry.get(model)
    if page is None:
        return ""
    try:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
        return reverse(name) + getattr(page, "query_for_all", "")
    except NoReverseMatch:
        return ""
