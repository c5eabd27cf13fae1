"""How deliveries to a destination go."""

from django.db import models


class Standing(models.TextChoices):
    """At a glance, how deliveries to a destination go."""

    NEW = "new", "Nothing sent yet"
    DELIVERING = "delivering", "Delivering"
    FAILING = "failing", "Failing"
    PAUSED = "paused", "Paused"


LABELS = {
    Standing.NEW.label: "info",
    Standing.DELIVERING.label: "success",
    Standing.FAILING.label: "warning",
    Standing.PAUSED.label: "danger",
    "No secret": "danger",
}
"""The colours of the theme."""
