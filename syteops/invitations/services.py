"""Inviting people, and accepting it. Nobody gives more than he holds, then and when it is taken."""

import re
import secrets
from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from itertools import chain, count
from typing import NamedTuple
from uuid import UUID

from django.contrib.auth.models import Group, Permission, User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from syteops.audit import services as audit
from syteops.core.actors import Actor, ActorKind
from syteops.core.encryption import seal
from syteops.core.errors import Conflict, Forbidden, Invalid
from syteops.core.events import Verb
from syteops.integrations.queued_mail import MailState
from syteops.invitations import queries
from syteops.invitations.mailing import MAILS, why_no_mail
from syteops.invitations.models import Invitation
from syteops.people.openid import makes_accounts
from syteops.people.services import before_group_deleted, before_person_deleted, record_person
from syteops.people.usernames import clean_person, is_anybodys, is_reserved, lock_names

LONGEST_DAYS = 30


class Issued(NamedTuple):
    """A new invitation and the token of its link, which is shown this once."""

    invitation: Invitation
    token: str


@transaction.atomic
def create_invitation(
    actor: Actor,
    *,
    email: str = "",
    groups: Collection[Group] = (),
    permissions: Collection[Permission] = (),
    days: int = 7,
    uid: UUID | None = None,
) -> Issued:
    """Invite somebody; the link works `days` long. It is mailed where there is an address and mail.

    Raises Forbidden for more than the person who acts holds, and Invalid for an address that has an
    account or an open invitation.
    """
    if not 1 <= days <= LONGEST_DAYS:
        raise Invalid.field("days", f"From 1 to {LONGEST_DAYS} days.")
    lock_names()
    _require_free(email)
    token = secrets.token_urlsafe(32)
    invitation = Invitation(
        email=email,
        permissions=sorted(f"{p.content_type.app_label}.{p.codename}" for p in permissions),
        invited_by=_person(actor),
        expires_at=timezone.now() + timedelta(days=days),
        **({"uid": uid} if uid else {}),
    )
    invitation.verifier = seal(invitation, "verifier", queries.hash_of(token))
    if email and not why_no_mail():
        invitation.mail_token = seal(invitation, "mail_token", token)
        invitation.mail_state = MailState.QUEUED
    audit.insert(actor, invitation, groups=sorted(one.name for one in groups))
    invitation.groups.set(groups)
    _require_held(invitation)
    if invitation.mail_state:
        MAILS.enqueue(invitation)
    return Issued(invitation, token)


def delete_invitation(actor: Actor, invitation: Invitation) -> None:
    """Revoke it: its link stops working. An account that was made with it stays."""
    groups = sorted(invitation.groups.values_list("name", flat=True))
    audit.remove(actor, invitation, Verb.REVOKED, groups=groups)


@before_person_deleted
@transaction.atomic
def release_person(actor: Actor, user: User) -> None:
    """Let no invitation name that person any more. An open one of theirs works no longer."""
    for name in ("invited_by", "accepted_by"):
        named = Invitation.objects.select_for_update(of=("self",)).filter(**{name: user})
        for invitation in named.order_by("pk"):
            audit.update(actor, invitation, {name: None})


@before_group_deleted
@transaction.atomic
def release_group(actor: Actor, group: Group) -> None:
    """Let no invitation give that group any more."""
    named = Invitation.objects.select_for_update(of=("self",)).filter(groups=group)
    for invitation in named.order_by("pk"):
        before = sorted(invitation.groups.values_list("name", flat=True))
        invitation.groups.remove(group)
        after = [name for name in before if name != group.name]
        audit.record(actor, invitation, Verb.UPDATED, {"groups": (before, after)})


def accept_invitation(actor: Actor, uid: UUID, token: str, user: User, password: str) -> User:
    """Store the new person `user`, with what the invitation gives. It works once.

    `actor` is whoever has the link; what is recorded is done by the person who is made. Raises
    NotFound for a link that does not work, Forbidden where the inviter may not give that any more,
    Conflict for an address that has an account or another invitation, and Invalid. That the rules
    accept the password is for the caller to see.
    """
    user.set_password(password)  # before the lock: it takes long by intention
    with transaction.atomic():
        lock_names()
        return _accept(actor, queries.by_link(uid, token, lock=True), user)


@makes_accounts
@transaction.atomic
def accept_by_address(actor: Actor, address: str) -> User | None:
    """Store the person who is invited under that address, which a provider has verified.

    The name is the address, or made of it, and there is no password. None for who is not invited.
    Raises what `accept_invitation` does, but for NotFound.
    """
    lock_names()
    invitation = queries.by_address(address)
    if invitation is None:
        return None
    user = User(username=_name_of(invitation.email))
    user.set_unusable_password()
    return _accept(actor, invitation, user)


def _accept(actor: Actor, invitation: Invitation, user: User) -> User:
    """Make the account. The caller has locked the invitation."""
    _require_held(invitation)
    _store(user, invitation)
    person = replace(
        actor, kind=ActorKind.PERSON, id=str(user.pk), label=user.get_username(), trail=[]
    )
    record_person(person, user, {})
    values = {"accepted_at": timezone.now(), "accepted_by": user, "mail_token": None}
    audit.update(person, invitation, values, Verb.ACCEPTED)
    return user


def _store(user: User, invitation: Invitation) -> None:
    user.email = invitation.email or user.email
    if user.email and is_anybodys(user.email):
        raise Conflict("Somebody with this e-mail address signs in already.")
    user.is_active = user.is_staff = True
    user.is_superuser = False
    clean_person(user, mine=invitation.email)
    user.save(force_insert=True)
    user.groups.set(invitation.groups.all())
    user.user_permissions.set(queries.permissions_of(invitation))


def _name_of(address: str) -> str:
    """The address; what stands before its @ where that cannot be a name, with a number if it is
    somebody's."""
    named = User(username=address)
    try:
        named.clean_fields(exclude={one.name for one in User._meta.fields} - {"username"})
    except ValidationError:
        own = re.sub(r"[^\w.+-]", "_", address.rpartition("@")[0])[:_LONGEST_NAME]
        numbered = (f"{own}-{number}" for number in count(2))
        return next(one for one in chain([own], numbered) if not is_anybodys(one))
    return address


_LONGEST_NAME = 140


def _require_free(email: str) -> None:
    if email and is_anybodys(email):
        raise Invalid.field("email", "Somebody has this address, or is called by it, already.")
    if email and is_reserved(email):
        detail = "There is an open invitation for this address. Delete it first."
        raise Invalid.field("email", detail)


def _require_held(invitation: Invitation) -> None:
    """By whoever invites, as the person and the groups are now."""
    missing = queries.missing(invitation.invited_by, queries.gives(invitation))
    if missing:
        raise Forbidden(
            "Nobody gives more than he holds. Whoever invites lacks "
            f"{', '.join(sorted(missing))}. Ask a superuser."
        )


def _person(actor: Actor) -> User | None:
    is_person = actor.kind is ActorKind.PERSON and actor.id.isdecimal()
    return User.objects.filter(pk=actor.id).first() if is_person else None
