import uuid

from django.db import models
from django.db.models import Q

from syteops.audit.models import AuditEntry
from syteops.core.json_text import JsonTextField


class Event(models.Model):
    """One event of the feed. Ids are gapless, and in the order in which the changes were stored.

    What an event tells of a change is its audit entry's: an event has none of it twice, so what is
    erased there is erased here. Events that no single change makes keep what they tell in `data`.
    """

    id = models.BigIntegerField(primary_key=True)
    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # Entries go from the oldest end, many at once, and their events soon after them.
    entry = models.ForeignKey(
        AuditEntry, models.DO_NOTHING, null=True, db_constraint=False, related_name="+"
    )
    at = models.DateTimeField(db_index=True)
    type = models.CharField(max_length=100)
    resource = models.CharField(max_length=50)
    object_id = models.CharField("object", max_length=200, blank=True)
    # The same for an object's whole life, as in the audit entry: by it, events keep their order.
    object_pk = models.CharField(max_length=64, blank=True)
    data = JsonTextField(default=dict)

    class Meta:
        default_permissions = ("view",)
        ordering = ("id",)
        indexes = (
            models.Index(fields=["type", "id"], name="event_of_type"),
            models.Index(fields=["resource", "object_id", "id"], name="event_of_object"),
        )

    def __str__(self) -> str:
        return f"{self.type} {self.object_id}".strip()

    @property
    def public_id(self) -> str:
        """What receivers tell repetitions by: the same however often it is sent."""
        return f"evt_{self.uid.hex}"


class Stream(models.Model):
    """How far events have been published: one row, locked by whoever publishes."""

    last_event = models.BigIntegerField(default=0)
    last_entry = models.BigIntegerField(default=0)
    # Up to which entry the variables were compared.
    compared_entry = models.BigIntegerField(default=0)

    class Meta:
        default_permissions = ()
        constraints = (models.CheckConstraint(condition=Q(id=1), name="events_one_stream"),)

    def __str__(self) -> str:
        return f"{self.last_event} events"


class PublishedVariable(models.Model):
    """A variable as the last `variables.changed` left it; not its value, only what tells it."""

    name = models.CharField(max_length=200, primary_key=True)
    digest = models.CharField(max_length=64)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.name
