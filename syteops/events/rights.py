"""Who may have events sent somewhere: whoever may read all that they tell.

Else somebody who may set up an integration, and nothing more, would have the whole site sent to an
address of his own.
"""

from collections.abc import Collection

from syteops.core.actors import Actor
from syteops.core.errors import Forbidden
from syteops.events.catalogue import EVERYTHING, covered


def readable_of(actor: Actor, patterns: Collection[str]) -> list[str]:
    """Those of the patterns of which who acts may read all that they tell."""
    readable = actor.readable()
    if readable is None:
        return list(patterns)
    told = {one: covered([one]) for one in patterns}
    return [one for one, of in told.items() if of is not None and of <= set(readable)]


def require_readable(actor: Actor, patterns: Collection[str]) -> None:
    """Raises Forbidden, naming what is missing, unless who acts may read what these events tell.

    Ask it whenever it is decided which events are sent, or where to.
    """
    readable, resources = actor.readable(), covered(patterns)
    if readable is None:
        return
    if resources is None:
        raise Forbidden(f"Events of {EVERYTHING} tell of everything, and you may not read that.")
    if missing := sorted(resources - set(readable)):
        raise Forbidden(f"Those events tell of {', '.join(missing)}, which you may not read.")
