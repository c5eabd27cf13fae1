"""What somebody who invites and somebody who is invited do."""

import re
from typing import Any

from django.contrib.auth.models import Group, Permission, User
from django.test import Client

from syteops.core.actors import Actor, ActorKind, Channel, Person
from syteops.invitations import services
from syteops.invitations.mailing import path_of

INVITATIONS = "/admin/invitations/invitation/"
LINK = re.compile(r"https?://[^\s\"<]+/accept/[0-9a-f-]{36}/[A-Za-z0-9_-]{43}/")
PASSWORD = "canary horse battery"


def row(name: str) -> Permission:
    app, _, codename = name.partition(".")
    return Permission.objects.get(content_type__app_label=app, codename=codename)


def give(user: User, *names: str) -> None:
    user.user_permissions.add(*map(row, names))


def as_person(user: User) -> Actor:
    return Actor(
        ActorKind.PERSON, Person(user).id, Person(user).label, Channel.ADMIN, "invitations.create"
    )


def invited(by: User, *names: str, **values: Any) -> str:
    """The path of the link of a new invitation with these rights."""
    issued = services.create_invitation(
        as_person(by), permissions=[row(name) for name in names], **values
    )
    return path_of(*issued)


def invite(client: Client, *names: str, **values: Any) -> Any:
    """Send the form."""
    rights = [row(name).pk for name in names]
    return client.post(f"{INVITATIONS}add/", {"days": 7, "rights": rights, **values})


def accept(link: str, username: str = "dora", *, client: Any = None, **values: Any) -> Any:
    """Send the form of whoever has the link."""
    passwords = {"password1": PASSWORD, "password2": PASSWORD}
    return (client or Client()).post(link, {"username": username, **passwords, **values})


def a_group(name: str, *names: str) -> Group:
    made = Group.objects.create(name=name)
    made.permissions.set([row(one) for one in names])
    return made
