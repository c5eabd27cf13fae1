"""For data migrations: what one of them makes is in the trail like any other change."""

from typing import Any

from django.apps import apps as present_apps
from django.db import models

from syteops.audit import chain
from syteops.audit.snapshots import describe_change, snapshot
from syteops.core.actors import ActorKind, Channel
from syteops.core.entities import Entity
from syteops.core.events import Verb

_EMPTY: tuple[Any, ...] = (None, "", [], {})


def record_created(apps: Any, row: models.Model, object_id: str) -> None:
    """Record that a data migration has made `row`, whose public id is `object_id`.

    `apps` are the migration's own: it depends on `audit.0001_trail`.
    """
    made = {name: value for name, value in snapshot(row).items() if value not in _EMPTY}
    model: Any = present_apps.get_model(row._meta.label)
    assert issubclass(model, Entity)
    entry = apps.get_model("audit", "AuditEntry")(
        actor_kind=ActorKind.SYSTEM,
        actor_id="system",
        actor_label="SyteOps",
        door=Channel.MIGRATION,
        operation="migrate",
        event=f"{model.noun}.{Verb.CREATED}",
        object_resource=model.resource,
        object_id=object_id,
        object_pk=str(row.pk),
        object_label=str(getattr(row, "name", object_id))[:200],
        changes={name: describe_change(None, value) for name, value in made.items()},
    )
    entry.mac = chain.mac_of(entry)
    entry.save(force_insert=True)
