"""Who may say which provider is asked: whoever may read what it is sent.

Else somebody who may set up AI, and nothing more, would have the texts of others sent to a provider
of his own as soon as they ask for a suggestion. Where events are sent it is the same.
"""

from collections.abc import Iterable

from syteops.ai.areas import Area, all_areas
from syteops.core.actors import Actor
from syteops.core.errors import Forbidden


def require_readable(actor: Actor, areas: Iterable[Area] | None = None) -> None:
    """Raises Forbidden, naming what is missing, unless who acts may read what these areas send.

    Without any it is all areas: the default provider serves whichever names none. Ask it whenever
    it is decided whom an area asks, at which address, or with whose key.
    """
    readable = actor.readable()
    if readable is None:
        return
    asked = all_areas().values() if areas is None else areas
    suggesting = [one.suggests for one in asked if one.suggests]
    sent = {name for one in suggesting for name in (one.model.resource, *one.sends_names_of)}
    if missing := sorted(sent - set(readable)):
        raise Forbidden(f"AI is sent {', '.join(missing)}, which you may not read.")
