"""One call of one operation, whichever face it came through."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rest_framework.request import Request

from manage_api.operations import Operation
from manage_api.principals import Principal
from syteops.core.actors import Actor


@dataclass
class Call:
    """What an operation's handler gets.

    `path` are the validated path parameters, `values` the validated input. `actor.trail` tells
    afterwards what really changed.
    """

    operation: Operation
    caller: Principal
    actor: Actor
    request: Request
    path: Mapping[str, str]
    raw: Mapping[str, Any]
    text: bool = False
    confirm: bool = False
    dry_run: bool = False
    values: dict[str, Any] = field(default_factory=dict)
    impact: dict[str, Any] | None = None

    @property
    def locks(self) -> bool:
        """Whether what is read must be locked, its absence too: a write is under way.

        Whoever writes takes the same lock, so nobody writes between a precondition and its write.
        """
        return self.operation.writes


@dataclass(frozen=True)
class Document:
    """A read's answer that is no JSON: itself over REST, a string of text in an envelope."""

    text: str
    media_type: str


@dataclass
class Result:
    """What came of a call."""

    data: Any
    changed: bool = False
    changes: list[dict[str, Any]] = field(default_factory=list)
    impact: dict[str, Any] | None = None
    etag: str = ""
    body: bytes = b""
    media_type: str = "application/json"
    dry_run: bool = False
    replayed: bool = False
