"""The state of the site at a glance: derived when asked, stored nowhere."""

from collections import Counter
from typing import Any

from django.apps import AppConfig, apps
from django.db import connection

from syteops import __version__
from syteops.core.entities import Entity
from syteops.core.modules import inactive_modules, installed_modules
from syteops.core.pending_migrations import pending_migrations
from syteops.integrations.queries import count_enabled


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
        # Events are delivered by a worker; this version has none that could lag behind.
        "worker_lag": None,
    }


def entity_counts(inactive: set[str]) -> dict[str, int]:
    """How many of each managed thing there are, by dispatch resource; not of inactive modules."""
    counts: Counter[str] = Counter()
    for app in apps.get_app_configs():
        if getattr(app, "module_slug", None) not in inactive:
            counts.update({m.resource: m._default_manager.count() for m in _counted(app)})
    return dict(sorted(counts.items()))


def _counted(app: AppConfig) -> list[type[Entity]]:
    return [m for m in app.get_models() if issubclass(m, Entity) and m.counted]
