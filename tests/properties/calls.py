"""One call of an operation in any of the ways in which a client may make it."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from hypothesis import strategies as st

from manage_api.operations import find
from tests.fixtures import Api
from tests.properties.crashes import AFTER_COMMIT, BEFORE_COMMIT, Point


@dataclass(frozen=True)
class Way:
    """How a write is sent, and what befalls it."""

    dispatch: bool = False
    keyed: bool = False
    again: bool = False
    dry_run: bool = False
    confirm: bool = True
    match: str = ""
    crash: Point = None


def _rarely(value: Any, usual: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from([usual, usual, usual, usual, value])


_POINTS = st.one_of(st.integers(1, 30), st.sampled_from([BEFORE_COMMIT, AFTER_COMMIT]))
WAYS = st.builds(
    Way,
    dispatch=st.booleans(),
    keyed=st.booleans(),
    again=st.booleans(),
    dry_run=_rarely(True, False),
    confirm=_rarely(False, True),
    match=st.sampled_from(["", "", "", "current", "stale"]),
    crash=st.one_of(st.none(), st.none(), st.none(), _POINTS),
)


@dataclass(frozen=True)
class Answer:
    """What came back, the same through both doors."""

    status: int
    code: str
    data: Any
    changed: bool
    replayed: bool
    content: bytes


@dataclass(frozen=True)
class Write:
    """A write of one operation with its input."""

    name: str
    path: dict[str, str]
    params: dict[str, Any]

    @property
    def address(self) -> str:
        """Its path over REST."""
        return str(_operation(self.name).path.format(**self.path))

    def send(self, api: Api, way: Way, **headers: str) -> Answer:
        """Send it in that way."""
        flags = {"confirm": way.confirm, "dry_run": way.dry_run}
        if way.dispatch:
            params = {**self.path, **self.params}
            return _of_dispatch(_dispatched(api, self.name, params, flags, headers))
        operation = _operation(self.name)
        query = {name: "true" for name, given in flags.items() if given}
        if not operation.takes_body:
            query |= {name: _text(value) for name, value in self.params.items()}
        address = f"{self.address}?{urlencode(query)}"
        body = self.params if operation.takes_body else None
        return _of_rest(api.call(operation.method, address, body, **headers), way.dry_run)


def _operation(name: str) -> Any:
    operation = find(*name.split("."))
    assert operation is not None
    return operation


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _dispatched(
    api: Api, name: str, params: dict[str, Any], flags: dict[str, bool], headers: dict[str, str]
) -> Any:
    resource, action = name.split(".")
    body = {"resource": resource, "action": action, "params": params, **flags}
    return api.post("/dispatch", body, **headers)


def _of_dispatch(response: Any) -> Answer:
    found = response.json()
    return Answer(
        response.status_code,
        found.get("code") or "",
        found["data"],
        found["changed"],
        response.headers.get("Idempotent-Replayed") == "true",
        response.content,
    )


def _of_rest(response: Any, dry_run: bool) -> Answer:
    found = response.json()
    ok = response.status_code < 400
    predicted = ok and dry_run
    return Answer(
        response.status_code,
        "" if ok else found["code"],
        found["data"] if predicted else found,
        found["changed"] if predicted else response.headers.get("SyteOps-Changed") == "true",
        response.headers.get("Idempotent-Replayed") == "true",
        response.content,
    )
