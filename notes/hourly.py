"""What notes have the site do by itself: tell what falls due."""

import logging

from django.db import transaction

from notes import services
from notes.queries import falling_due, get_action
from syteops.core.actors import Actor
from syteops.core.errors import NotFound
from syteops.core.hourly import hourly
from syteops.core.outages import is_outage

log = logging.getLogger(__name__)

MOST = 1000
"""So many are told of in an hour at most: the rest an hour later."""


@hourly("remind_of_action_items")
def remind(actor: Actor) -> None:
    """Tell of each action item that fell due, and of none twice.

    One that cannot be told of keeps back no other. Raises once the others are told of.
    """
    due = list(falling_due().values_list("pk", flat=True)[:MOST])
    if failed := [pk for pk in due if not _is_told_of(actor, pk)]:
        raise RuntimeError(f"Action items that could not be told of: {len(failed)}.")


def _is_told_of(actor: Actor, pk: int) -> bool:
    try:
        _remind_of(actor, pk)
    except Exception as error:
        if is_outage(error):
            raise
        log.exception("Action item %s could not be told of.", pk)
        return False
    return True


@transaction.atomic
def _remind_of(actor: Actor, pk: int) -> None:
    try:
        item = get_action(str(pk), lock=True)
    except NotFound:
        return  # gone meanwhile
    # It may have been done, or been told of, since.
    if falling_due().filter(pk=pk).exists():
        services.remind_of(actor, item)
