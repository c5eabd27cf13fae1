from typing import ClassVar

from django.db import models
from django.db.models import Q

from syteops.events.models import Event


class DeliveryState(models.TextChoices):
    """What became of a delivery."""

    WAITING = "waiting", "Waiting"
    DELIVERED = "delivered", "Delivered"
    GIVEN_UP = "given_up", "Given up"
    CANCELLED = "cancelled", "Cancelled"


MOST_TRIES = 50
"""Of one delivery that are shown."""
LEFT = "left "
"""How the order key of a delivery begins that only some receivers are left to get."""


class Delivery(models.Model):
    """One event on its way to one destination: sent until it arrives, or until it is given up."""

    resource: ClassVar[str] = "deliveries"

    integration = models.SlugField(max_length=50)
    destination = models.CharField(max_length=64, blank=True)
    event = models.ForeignKey(Event, models.CASCADE, related_name="deliveries")
    # What is about one object arrives in the order in which it happened. What only some of several
    # receivers are left to get has an order of its own, named by them: it holds up nobody else.
    order_key = models.CharField(max_length=130)
    state = models.CharField(max_length=10, choices=DeliveryState, default=DeliveryState.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    next_attempt_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ("view", "change")
        ordering = ("-id",)
        verbose_name_plural = "deliveries"
        indexes = (
            models.Index(
                fields=["integration", "destination", "order_key", "event"],
                condition=Q(state="waiting"),
                name="delivery_waiting_in_order",
            ),
            models.Index(
                fields=["integration", "destination", "event"],
                condition=Q(state="waiting"),
                name="delivery_waiting_by_event",
            ),
            models.Index(
                fields=["integration", "destination", "next_attempt_at"],
                condition=Q(state="waiting"),
                name="delivery_waiting_until",
            ),
            models.Index(fields=["state", "-id"], name="delivery_by_state"),
        )

    def __str__(self) -> str:
        return f"{self.event.type} to {self.integration}"

    @property
    def latest_tries(self) -> "models.QuerySet[DeliveryAttempt]":
        """The newest first: whoever sends it again and again makes ever more."""
        return self.tries.all()[:MOST_TRIES]

    @property
    def left(self) -> tuple[str, ...]:
        """Those of several receivers who have not got it yet; () is all of them."""
        named = self.order_key.startswith(LEFT)
        return tuple(self.order_key.removeprefix(LEFT).split(",")) if named else ()

    @left.setter
    def left(self, names: tuple[str, ...]) -> None:
        self.order_key = LEFT + ",".join(sorted(names))


class DeliveryAttempt(models.Model):
    """One try to deliver, and what the receiver answered."""

    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="tries")
    at = models.DateTimeField()
    milliseconds = models.PositiveIntegerField()
    status = models.PositiveSmallIntegerField(null=True)
    # The beginning, without our own secrets.
    answer = models.TextField(blank=True)
    problem = models.CharField(max_length=500, blank=True)

    class Meta:
        default_permissions = ()
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.problem or f"Answered {self.status}."


class DestinationState(models.Model):
    """How deliveries to one destination stand. Its row is locked by whoever changes that.

    `due_at` is when something is to be sent next, but nothing is before `held_until`. While it is
    sent, `lease` names whose turn it is, until `leased_until`: later nobody waits for a worker that
    was killed meanwhile. One that `is_slow` has taken long over its last answer.
    """

    integration = models.SlugField(max_length=50)
    destination = models.CharField(max_length=64, blank=True)
    due_at = models.DateTimeField(null=True)
    held_until = models.DateTimeField(null=True)
    lease = models.UUIDField(null=True)
    leased_until = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    is_slow = models.BooleanField(default=False, db_default=False)
    failing_since = models.DateTimeField(null=True)
    # What came of the last try, where that failed. Attempts tell it too, but not without a search.
    last_problem = models.CharField(max_length=500, blank=True, default="", db_default="")
    paused_at = models.DateTimeField(null=True)
    why_paused = models.CharField(max_length=200, blank=True)

    class Meta:
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(
                fields=["integration", "destination"], name="deliveries_one_state"
            ),
        )

    def __str__(self) -> str:
        return f"{self.integration} {self.destination}".strip()

    @property
    def problem(self) -> str:
        """What came of the last try while it fails; else ""."""
        return self.last_problem if self.failing_since else ""

    @property
    def public_id(self) -> str:
        """What names it in the audit trail."""
        return f"{self.integration}/{self.destination}".rstrip("/")
