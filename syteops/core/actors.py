"""Who changes something, and through which door."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Protocol

from syteops.core.addresses import client_address


class ActorKind(StrEnum):
    """What kind of party acts."""

    PERSON = "person"
    KEY = "key"
    COMMAND = "command"
    CLIENT = "client"
    SYSTEM = "system"


class Channel(StrEnum):
    """Where the change came in."""

    ADMIN = "admin"
    REST = "rest"
    DISPATCH = "dispatch"
    COMMAND = "command"
    PUBLIC = "public"
    MIGRATION = "migration"
    SYSTEM = "system"


@dataclass(frozen=True)
class Change:
    """One stored change: what happened to which object, and each field before and after."""

    event: str
    resource: str
    object_id: str
    fields: dict[str, dict[str, Any]]


class Party(Protocol):
    """Whoever can act: a person, a key, somebody unknown."""

    @property
    def kind(self) -> ActorKind:
        """What kind of party that is."""

    @property
    def id(self) -> str:
        """Stable and unique within its kind."""

    @property
    def label(self) -> str:
        """For people to read."""


@dataclass(frozen=True)
class Person:
    """A person with a login on this site."""

    user: Any
    kind = ActorKind.PERSON

    @property
    def id(self) -> str:
        return str(self.user.pk)

    @property
    def label(self) -> str:
        return str(self.user.get_username())


Readable = Callable[[], Collection[str] | None]
"""Asks which resources somebody may read; None is all of them."""


def nothing() -> Collection[str] | None:
    """What somebody may read of whom nobody says more."""
    return ()


def everything() -> Collection[str] | None:
    """What whoever runs the site may read."""
    return None


@dataclass(frozen=True)
class Actor:
    """The party that acts in one request, form or command.

    `trail` collects every change recorded for this actor, so that a door can tell whether
    anything really changed without being told twice. `readable` tells what the party may read, for
    a service that would have it sent somewhere.
    """

    kind: ActorKind
    id: str
    label: str
    door: Channel
    operation: str = ""
    request_id: str = ""
    address: str = ""
    trail: list[Change] = field(default_factory=list, compare=False, repr=False)
    readable: Readable = field(default=nothing, compare=False, repr=False)

    @classmethod
    def from_request(
        cls,
        request: Any,
        party: Party,
        channel: Channel,
        operation: str = "",
        readable: Readable = nothing,
    ) -> "Actor":
        """The party as it acts in a request, under that request's id and client address."""
        return cls(
            party.kind,
            party.id,
            party.label,
            channel,
            operation,
            request_id=getattr(request, "request_id", ""),
            address=client_address(getattr(request, "_request", request)),
            readable=readable,
        )

    def for_operation(self, operation: str) -> "Actor":
        """The same party, with a fresh trail, carrying out `operation`."""
        return replace(self, operation=operation, trail=[])


def command(name: str) -> Actor:
    """The actor of a management command."""
    label = f"manage.py {name}"
    return Actor(ActorKind.COMMAND, name, label, Channel.COMMAND, name, readable=everything)


SYSTEM = Actor(ActorKind.SYSTEM, "system", "SyteOps", Channel.SYSTEM, readable=everything)
