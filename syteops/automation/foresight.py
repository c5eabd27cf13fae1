"""Which variables a change alters and who reads them: told before it, whatever is changed.

What may follow from the objects that the change touches is compared with how it is without the
change. So it holds for every entity and module that derives variables, and for those that will.
"""

from collections.abc import Collection
from typing import Any

from syteops.automation.lineage import Lineage, in_words
from syteops.automation.models import Variable
from syteops.automation.queries import Altered, altered, names_from, values_around
from syteops.automation.serializers import readership
from syteops.core import consequences
from syteops.core.actors import Actor
from syteops.core.consequences import Consequence, Watcher
from syteops.core.entities import Entity
from syteops.core.impacts import MOST_TOLD
from syteops.lib.text import some_of

_SHOWN = 10
"""Names that people are shown."""


def _may_tell(actor: Actor) -> bool:
    return _may_know(actor.readable())


def _tell(actor: Actor, before: dict[str, str], after: dict[str, str]) -> Consequence | None:
    found = altered(before, after)
    return _consequence(found, actor.readable()) if found.changed or found.removed else None


def _relies(actor: Actor, obj: Entity) -> str:
    readable = actor.readable()
    names = names_from(obj) if _may_know(readable) else []
    if not names:
        return ""
    readers = Lineage(names).readers(*names)
    if len(names) == 1:
        return in_words(readers, readable)
    told = in_words(readers, readable, "them")
    return f"{len(names)} automation variables tell of this. {told}"


def _may_know(readable: Collection[str] | None) -> bool:
    return readable is None or Variable.resource in readable


def _consequence(found: Altered, readable: Collection[str] | None) -> Consequence:
    names = (*found.changed, *found.removed)
    readers = Lineage(names).readers(*names)
    data = {"changed": found.changed, "removed": found.removed, **readership(readers, readable)}
    return Consequence(data, _words(found, in_words(readers, readable)))


def _words(found: Altered, told: str) -> list[Any]:
    lines: list[Any] = []
    for names, one, many in (
        (found.changed, "variable gets another value", "variables get another value"),
        (found.removed, "variable goes", "variables go"),
    ):
        if names:
            what = one if len(names) == 1 else many
            lines += [f"{len(names)} automation {what}:", some_of(names, _SHOWN)]
    return [*lines, told]


_COUNT = {"type": "integer"}
_IF_MANY = f", where they are more than {MOST_TOLD}"
_NAMES = {"type": "array", "items": {"type": "string"}}
_SCHEMA = {
    "type": "object",
    "description": "Which automation variables get another value or go, and who reads them.",
    "properties": {
        "changed": {**_NAMES, "description": "Those that are new or get another value."},
        "changed_count": {**_COUNT, "description": f"How many these are{_IF_MANY}."},
        "removed": {**_NAMES, "description": "Those that go."},
        "removed_count": {**_COUNT, "description": f"How many these are{_IF_MANY}."},
        "readers_count": {**_COUNT, "description": "How many tools read some of them."},
        "readers": {
            "type": "array",
            "items": {"$ref": "#/components/schemas/VariableReader"},
            "description": "Those of the readers of which you may know, the latest first; "
            f"{MOST_TOLD} at most.",
        },
    },
    "required": ["changed", "removed", "readers_count", "readers"],
}

consequences.enter(Watcher("lineage", _SCHEMA, _may_tell, values_around, _tell, _relies))
