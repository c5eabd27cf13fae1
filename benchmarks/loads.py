"""What is asked of the contestants, and what must be reached (the figures are issue 10's)."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from benchmarks import data
from manage_api.keys import tokens

API = "/api/manage/v1"
COUNTER = "#" * 10
"""Stands for a number that is another one in every request."""
ANEW = {"Host": f"127.0.0.1:{COUNTER}"}
"""Asks under another address each time, so that no answer made before will do."""


class Request(NamedTuple):
    """One request, ready to be sent."""

    method: str
    path: str
    headers: dict[str, str]
    body: str = ""


@dataclass(frozen=True)
class Way:
    """How a contestant is asked: below which path and with which key, and the list's ETag."""

    base: str
    key: str
    wrong_key: Callable[[], str]
    list_etag: str = ""

    def request(self, method: str, path: str, body: object = None, **headers: str) -> Request:
        """With the key and, where there is one, the body as JSON."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        given = {"X-API-Key": self.key, "Accept": "application/json", **named}
        if body is None:
            return Request(method, self.base + path, given)
        text = json.dumps(body)
        return Request(
            method, self.base + path, {**given, "Content-Type": "application/json"}, text
        )


@dataclass(frozen=True)
class Load:
    """One kind of request. What SyteOps alone can answer is compared with another load of others.

    `instructions` is how many a request may take at most, in millions: what was reached, and a
    little more. `stock` and `bare` are the ratios to reach.
    """

    name: str
    requests: Callable[[Way], list[Request]]
    instructions: float | None = None
    stock: float | None = None
    bare: float | None = None
    compared_with: str = ""
    status: int = 200
    tagged: bool = field(default=False)
    """Whether each request carries the ETag of the last answer for its path as If-Match."""

    @property
    def is_read(self) -> bool:
        """Whether it is answered and changes nothing."""
        return self.status in (200, 304) and not self.tagged


def read_one(way: Way) -> list[Request]:
    return [way.request("GET", f"/team-members/{number:03d}") for number in _described()]


def list_50(way: Way) -> list[Request]:
    return [way.request("GET", "/team-members")]


def read_anew(way: Way) -> list[Request]:
    return [one._replace(headers={**one.headers, **ANEW}) for one in read_one(way)]


def list_anew(way: Way) -> list[Request]:
    return [one._replace(headers={**one.headers, **ANEW}) for one in list_50(way)]


def conditional_list(way: Way) -> list[Request]:
    return [way.request("GET", "/team-members", If_None_Match=way.list_etag)]


def dispatch_read(way: Way) -> list[Request]:
    calls = [
        {"resource": "users", "action": "get", "params": {"user_num": f"{number:03d}"}}
        for number in _described()
    ]
    return [way.request("POST", "/dispatch", call) for call in calls]


def manifest(way: Way) -> list[Request]:
    return [way.request("GET", "/manifest")]


def export(way: Way) -> list[Request]:
    return [way.request("GET", "/variables/export")]


def wrong_keys(way: Way) -> list[Request]:
    """Well-formed keys that nobody holds, each different."""
    keys = [way.wrong_key() for _ in range(20_000)]
    return [way.request("GET", "/team-members/001", X_API_Key=key) for key in keys]


def update(way: Way) -> list[Request]:
    return [
        way.request("PATCH", f"/team-members/{number:03d}", {"job_title": f"Job {COUNTER}"})
        for number in _described()
    ]


def create(way: Way) -> list[Request]:
    member = {**data.described(1), "email": f"m{COUNTER}@example.com"}
    return [way.request("POST", "/team-members", member, Idempotency_Key=f"bench-{COUNTER}")]


def _described() -> range:
    return range(1, data.DESCRIBED + 1)


# Those that make rows come last, so that all others meet the same tables.
LOADS = (
    Load("read one", read_one, 1.25, stock=5, bare=0.5),
    Load("list of 50", list_50, 1.25, stock=5, bare=0.5),
    Load("read one, anew", read_anew, 2.2, stock=5, bare=0.5),
    Load("list of 50, anew", list_anew, 10, stock=5, bare=0.5),
    Load("conditional list", conditional_list, 1.25, 15, compared_with="list of 50", status=304),
    Load("dispatch read", dispatch_read, 2.6, compared_with="read one"),
    Load("manifest", manifest, 1.25, stock=5, compared_with="list of 50"),
    Load("export", export, 1.3, stock=5, compared_with="list of 50"),
    Load("wrong keys", wrong_keys, 1.25, stock=3.5, bare=0.5, status=401),
    Load("update", update, 6.4, stock=2.5, bare=0.25, tagged=True),
    Load("create", create, 8.6, stock=2.5, bare=0.25, status=201),
)


def syteops_key() -> str:
    return tokens.new_token().text


def stock_key() -> str:
    """In the form of djangorestframework-api-key: a prefix of 8, a dot, a secret of 32."""
    token = tokens.new_token()
    return f"{token.public_id[:8]}.{token.secret}"
