"""What notes have the site do by itself: tell what falls due."""

from django.db import transaction

from notes import services
from notes.queries import falling_due, get_action
from syteops.core.actors import Actor
from syteops.core.errors import NotFound
from syteops.core.hourly import hourly

MOST = 1000
"""So many are told of in an hour at most: the rest an hour later."""


@hourly("remind_of_action_items")
def remind(actor: Actor) -> None:
    """Tell of each action item that fell due, and of none twice."""
    for pk in falling_due().values_list("pk", flat=True)[:MOST]:
        with transaction.atomic():
            _remind_of(actor, pk)


def _remind_of(actor: Actor, pk: int) -> None:
    try:
        item = get_action(str(pk), lock=True)
    except NotFound:
        return  # gone meanwhile
    # It may have been done, or been told of, since.
    if falling_due().filter(pk=pk).exists():
        services.remind_of(actor, item)
