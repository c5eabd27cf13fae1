"""The fixed values of estimates."""

from django.db import models

YEARLY, NEVER = "yearly", "never"
"""When the numbers of estimates begin again."""


class EstimateStatus(models.TextChoices):
    """Where an estimate stands. `expired` is never stored: it is a sent one past its date.

    A template is none that anybody gets: others are made from it.
    """

    DRAFT = "draft", "Draft"
    SENT = "sent", "Sent"
    APPROVED = "approved", "Approved"
    DECLINED = "declined", "Declined"
    EXPIRED = "expired", "Expired"
    TEMPLATE = "template", "Template"


STORED = tuple(one for one in EstimateStatus if one != EstimateStatus.EXPIRED)
ANSWERS = (EstimateStatus.APPROVED, EstimateStatus.DECLINED)
UNSENT = (EstimateStatus.DRAFT, EstimateStatus.TEMPLATE)
"""Those that can be changed as they are: no client has seen them."""
REAL: tuple[EstimateStatus, ...] = tuple(
    one for one in EstimateStatus if one != EstimateStatus.TEMPLATE
)


class MailKind(models.TextChoices):
    """Why the client is written to."""

    ESTIMATE = "estimate", "Estimate"
    REMINDER = "reminder", "Reminder"
