"""What can become of the rows of a table."""

from django.db.models import TextChoices


class Kind(TextChoices):
    """What is to become of a table's rows; but for a file's, they were chosen in a list."""

    FILE = "file", "Import"
    EDIT = "edit", "Edit"
    DELETION = "deletion", "Delete"
    RESTORING = "restoring", "Restore"
