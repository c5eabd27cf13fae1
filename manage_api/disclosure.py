"""What a write shows of what its caller may not read: nothing but that it was done.

A key may write without reading. Then the answer, the changes of a dry run and the impact name the
object and what the caller has said or asked for, and hold no value that is stored.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from manage_api.errors import ApiError
from manage_api.permissions import may_read
from manage_api.principals import Principal
from manage_api.rendering import dump
from syteops.audit.visibility import visible_changes
from syteops.core.errors import DomainError
from syteops.core.impacts import MOST_TOLD, First, bounded, counted, how_many

if TYPE_CHECKING:
    from manage_api.base import ManageViewSet
    from manage_api.calls import Result

OUTCOMES = frozenset((
    "deleted", "erased", "reverted", "restored", "resynced", "active", "enabled", "index", "action",
    "signing_secret", "suggestion",
))  # fmt: skip
"""What an answer says that follows from the call itself, such as a secret that it has made."""


def disclose(view: "ManageViewSet", result: "Result") -> None:
    """Leave in `result` what the caller may see. Its ETag stays that of the whole."""
    readable = Readable(view)
    concerned = [one for one in result.changes if readable.concerns(one)]
    concerned.sort(key=lambda one: bool(one["resource"] != view.resource))  # its own are told first
    result.changes = First(map(readable.change, concerned[:MOST_TOLD]), how_many(concerned))
    if result.impact is not None:
        result.impact = readable.impact(result.impact)
    if not readable(view.resource):
        result.data = identify(view, result.data)
        result.body = dump(result.data)


def disclosed_impact(view: "ManageViewSet", impact: Mapping[str, Any]) -> dict[str, Any]:
    """What the caller may see of an impact."""
    return Readable(view).impact(impact)


def disclosed_error(principal: Principal, error: Exception, resource: str) -> Exception:
    """The error of a call on `resource`, without what it tells of what the caller may not read."""
    if not isinstance(error, DomainError) or error.tells_of is None:
        return error
    is_told = may_read(principal, error.tells_of or resource)
    return error if is_told else ApiError(error.code)


class Readable:
    """Which resources the caller of `view` may read; asked once for each."""

    def __init__(self, view: "ManageViewSet") -> None:
        self._view = view
        self._known: dict[str, bool] = {}

    def __call__(self, resource: str) -> bool:
        if resource not in self._known:
            self._known[resource] = may_read(self._view.principal, resource)
        return self._known[resource]

    def concerns(self, change: Mapping[str, Any]) -> bool:
        """Whether a change may be told of: one of the call's own resource always, by name only."""
        return change["resource"] == self._view.resource or self(change["resource"])

    def change(self, change: Mapping[str, Any]) -> dict[str, Any]:
        """The change, without values that the caller may not read."""
        resource, fields = change["resource"], change["fields"]
        shown = visible_changes(fields, resource, self) if self(resource) else {}
        return bounded({**change, "fields": shown})

    def impact(self, impact: Mapping[str, Any]) -> dict[str, Any]:
        """How much would go, and of what may be read also what."""
        items = impact.get("items") if self._view.operation.action == "bulk" else None
        if items is not None:
            return {"items": [self._of_one(one) for one in items]}
        return self._of_one(impact)

    def _of_one(self, impact: Mapping[str, Any]) -> dict[str, Any]:
        if self(self._view.resource):
            of_others = self._view.impact_reads
            told = (n for n in impact if n not in of_others or self(of_others[n]))
            return bounded({name: impact[name] for name in told})
        return _count(impact, {self._view.lookup_name(), *self._view.kwargs})


def _count(impact: Mapping[str, Any], names: set[str], deep: bool = False) -> dict[str, Any]:
    """Of an impact the identifiers and the numbers; of a list how long it is, by another name.

    What lies deeper are values: a number before and after is how many of nothing.
    """
    shown: dict[str, Any] = {}
    for name, value in impact.items():
        if name in names or type(value) is int:  # true and false are no numbers of anything
            shown[name] = value
        elif isinstance(value, list):
            shown[counted(name)] = how_many(value)
        elif isinstance(value, dict) and not deep:
            shown[name] = _count(value, names, deep=True)
    return shown


def identify(view: "ManageViewSet", data: Any) -> Any:
    """Of an answer, what names the object and what follows from the call."""
    if isinstance(data, list):
        return [identify(view, one) for one in data]
    if not isinstance(data, Mapping):
        return data
    operation = view.operation
    settable = operation.input().fields if operation.input else ()  # what is stored, not said
    names = {view.lookup_name(), *view.kwargs, *({*OUTCOMES} - {*settable})}
    shown = {name: value for name, value in data.items() if name in names}
    for name in ("items", "data"):
        if operation.action == "bulk" and name in data:
            shown[name] = identify(view, data[name])
    return shown
