"""Who reads a variable and when last: keys, by get or export, and what it is pushed to.

Keys come from what `reads` has noted, under the key that their tool uses now. An export holds
every variable, so a key that exports reads them all. What is pushed where is told by those who
push (`carries`). It is asked for names; a constant number of queries answers for any of them.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from manage_api.keys.models import KeyState, ManageKey
from manage_api.keys.queries import heirs
from syteops.adminkit.moments import ago
from syteops.automation.models import VariableRead
from syteops.automation.reads import EVERYTHING

_WORKS = (KeyState.ACTIVE, KeyState.RETIRING, KeyState.PAUSED)
_SHOWN = 10
"""Readers that a sentence names."""
_MANY = 500
"""Names that a database takes in one statement without fail; for more, all rows are read."""


@dataclass(frozen=True)
class Reader:
    """A key or a push that carries variables; of `resource`, whose readers may know of it.

    `ways` are `get`, `export` and `push`, `reads` how often that was, and `variables` how many of
    those that were asked about. One that `has_ended` reads no more.
    """

    resource: str
    kind: str
    id: str
    name: str
    state: str
    ways: tuple[str, ...]
    reads: int
    last_read_at: datetime | None
    has_ended: bool = False
    variables: int = 0


Carriers = Callable[[], Iterable[Reader]]
_carriers: list[Carriers] = []


def carries(carriers: Carriers) -> Carriers:
    """Mark a function that tells to whom every variable is pushed. It asks a constant number of
    queries."""
    _carriers.append(carriers)
    return carriers


class Lineage:
    """Who reads each of these variables, as it is now."""

    def __init__(self, names: Collection[str]) -> None:
        self._uses: dict[str, list[_Use]] = defaultdict(list)
        for one in _uses(names):
            self._uses[one.name].append(one)
        self._pushes = [one for carriers in _carriers for one in carriers()]

    def readers(self, *names: str) -> list[Reader]:
        """Who reads some of them, the latest first; also who did and has ended."""
        by_key: dict[str, list[_Use]] = defaultdict(list)
        for one in (use for name in (*names, EVERYTHING) for use in self._uses[name]):
            by_key[one.key_id].append(one)
        found = [_key_reader(uses, len(names)) for uses in by_key.values()]
        found += [replace(one, variables=len(names)) for one in self._pushes]
        return sorted(found, key=lambda one: _seconds(one.last_read_at), reverse=True)


def known_to(readable: Collection[str] | None, readers: Iterable[Reader]) -> list[Reader]:
    """Those readers of which somebody may know who may read these resources (None: all)."""
    return [one for one in readers if readable is None or one.resource in readable]


def count(readers: Iterable[Reader]) -> int:
    """How many of them still read."""
    return sum(not one.has_ended for one in readers)


def in_words(
    readers: Collection[Reader], readable: Collection[str] | None, what: str = "this"
) -> str:
    """Such as "2 tools read this: n8n (som_…4f), 2 hours ago; CI (som_…9a), just now."

    Those of whom one may not know are only counted.
    """
    still, shown = count(readers), known_to(readable, readers)
    told = f"{still or 'No'} tool reads {what}" if still <= 1 else f"{still} tools read {what}"
    if not shown:
        return f"{told}."
    further = [f"{len(shown) - _SHOWN} more"] if len(shown) > _SHOWN else []
    named = "; ".join([*map(_in_words, shown[:_SHOWN]), *further])
    return f"{told}{'' if still else ' any more'}: {named}."


def _in_words(reader: Reader) -> str:
    ended = f" ({reader.state})" if reader.has_ended else ""
    when = ago(reader.last_read_at) if reader.last_read_at else "never yet"
    return f"{reader.name}{ended}, {when}".replace("\N{NO-BREAK SPACE}", " ")


# --- Keys --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Use:
    """A row of what was noted, and the key that its tool has now, if there is one."""

    name: str
    key_id: str
    key: ManageKey | None
    reads: int
    last_read_at: datetime


def _uses(names: Collection[str]) -> Iterator[_Use]:
    wanted = {*names, EVERYTHING}
    rows = VariableRead.objects.values_list("name", "key_id", "reads", "last_read_at")
    rows = rows if len(wanted) > _MANY else rows.filter(name__in=wanted)
    found = [row for row in rows.iterator() if row[0] in wanted]
    keys = heirs() if found else {}
    for name, key_id, reads, last_read_at in found:
        key = keys.get(key_id)
        yield _Use(name, key.public_id if key else key_id, key, reads, last_read_at)


def _key_reader(uses: list[_Use], asked: int) -> Reader:
    key, names = uses[0].key, {one.name for one in uses}
    state = key.state if key else KeyState.REVOKED
    return Reader(
        resource=ManageKey.resource,
        kind="key",
        id=uses[0].key_id,
        name=str(key) if key else "A key that is gone",
        state=state.value,
        ways=tuple(sorted({"get" if name else "export" for name in names})),
        reads=sum(one.reads for one in uses),
        last_read_at=max(one.last_read_at for one in uses),
        has_ended=state not in _WORKS,
        variables=asked if EVERYTHING in names else len(names),
    )


def _seconds(moment: datetime | None) -> float:
    return moment.timestamp() if moment else 0.0
