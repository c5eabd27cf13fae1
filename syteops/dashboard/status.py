"""The state of the site at a glance: derived when asked, stored nowhere."""

from collections import Counter
from typing import Any

from django.apps import apps
from django.db import connection

from syteops import __version__
from syteops.core.entities import Entity
from syteops.core.modules import inactive_modules, installed_modules, module_of
from syteops.core.pending_migrations import pending_migrations
from syteops.integrations.queries import count_enabled
from syteops.tasks.queries import worker_lag


def site_state() -> dict[str, Any]:
    """Everything about the site itself; the API's own state is added by whoever may know it."""
    inactive = inactive_modules()
    return {
        "version": __version__,
        "active_modules": [slug for slug in installed_modules() if slug not in inactive],
        "enabled_integrations": count_enabled(),
        "counts": entity_counts(inactive),
        "database": connection.vendor,
        "pending_migrations": len(pending_migrations()),
        "worker_lag": worker_lag(),
    }


def entity_counts(inactive: set[str]) -> dict[str, int]:
    """How many of each managed thing there are, by dispatch resource; not of inactive modules."""
    counts: Counter[str] = Counter()
    for model in counted_models(inactive):
        counts[model.resource] += model.listed().count()
    return dict(sorted(counts.items()))


def counted_models(inactive: set[str]) -> list[type[Entity]]:
    """Every kind of managed object that is counted, except those of inactive modules."""
    counted = [one for one in apps.get_models() if issubclass(one, Entity) and one.counted]
    return [one for one in counted if module_of(one.__module__) not in inactive]
