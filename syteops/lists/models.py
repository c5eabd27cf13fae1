"""How people look at the lists of the admin. A list is named by its model, such as `notes.note`."""

from django.conf import settings
from django.db import models


class ColumnChoice(models.Model):
    """The columns that one person wants to see in one list, in that order."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    place = models.CharField(max_length=100)
    columns = models.JSONField(default=list)

    class Meta:
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(fields=("person", "place"), name="lists_one_choice_each"),
        )

    def __str__(self) -> str:
        return f"{self.person}: {self.place}"
