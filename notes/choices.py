"""The fixed values of notes."""

from django.db import models


class NoteStatus(models.TextChoices):
    """How far a note is."""

    DRAFT = "draft", "Draft"
    PUBLISHED = "published", "Published"
    ARCHIVED = "archived", "Archived"
