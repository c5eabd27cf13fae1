"""How people look at the lists of the admin. A list is named by its model, such as `notes.note`."""

from django.conf import settings
from django.db import models

from syteops.core.records import Record


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


class SavedView(Record):
    """A list as somebody has searched, filtered and ordered it, under a name.

    It holds what is asked for and no row: whoever opens it sees what he may see anyway.
    """

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    place = models.CharField(max_length=100)
    name = models.CharField(max_length=60)
    is_shared = models.BooleanField("for everybody who may see the list", default=False)
    asked = models.JSONField(default=dict, blank=True)
    """The search and the filters: by parameter its values."""
    order = models.JSONField(default=list, blank=True)
    """Names of columns, each with a "-" in front where it is descending."""
    columns = models.JSONField(default=list)

    class Meta:
        default_permissions = ()
        permissions = (
            ("share_savedview", "Can share views of lists with everybody who sees them"),
        )
        ordering = ("name", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=("owner", "place", "name"),
                name="lists_view_names_differ",
                violation_error_message="You have a view of that name. Choose another name.",
            ),
        )

    def __str__(self) -> str:
        return self.name
