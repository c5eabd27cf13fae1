"""The values that role fields may take."""

from django.db import models


class ConstraintType(models.TextChoices):
    """How many members may hold a role."""

    UNIQUE = "unique", "One member"
    MAX_COUNT = "max_count", "A number of members"
    UNLIMITED = "unlimited", "Any number of members"
