"""Finding the invitation of a link, and what its inviter would have to hold."""

import hashlib
import re
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib.auth.models import Permission
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from syteops.core.encryption import UnsealError, open_sealed
from syteops.core.errors import NotFound
from syteops.invitations.models import Invitation
from syteops.people.queries import is_same_address, lacking, permission_names
from syteops.people.rights import all_rights, stored
from syteops.people.usernames import reserves_addresses

MAY_INVITE = "invitations.add_invitation"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


def open_invitations() -> QuerySet[Invitation]:
    """Those whose links work."""
    return Invitation.objects.filter(accepted_at=None, expires_at__gt=timezone.now())


def by_link(uid: UUID, token: str, *, lock: bool = False) -> Invitation:
    """The open invitation of a link. Raises NotFound, whatever is wrong with it."""
    rows = open_invitations()
    found = (rows.select_for_update(of=("self",)) if lock else rows).filter(uid=uid).first()
    if found is None or not _TOKEN.fullmatch(token):
        raise NotFound("This invitation does not work.")
    try:
        stored_hash = open_sealed(found, "verifier") or ""
    except UnsealError:
        stored_hash = ""
    if not constant_time_compare(stored_hash, hash_of(token)):
        raise NotFound("This invitation does not work.")
    return found


def by_address(address: str) -> Invitation | None:
    """The open invitation for that e-mail address, locked."""
    rows = open_invitations().select_for_update(of=("self",)).filter(email__iexact=address)
    return next((one for one in rows if is_same_address(one.email, address)), None)


def hash_of(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def permissions_of(invitation: Invitation) -> QuerySet[Permission]:
    """Those named by the invitation that still exist."""
    known = all_rights()
    return stored(known[name] for name in invitation.permissions if name in known)


def gives(invitation: Invitation) -> set[str]:
    """All that it gives now, through its groups as well."""
    of_groups = Permission.objects.filter(group__in=invitation.groups.all())
    return {*permission_names(of_groups), *permission_names(permissions_of(invitation))}


def missing(inviter: Any, wanted: set[str]) -> set[str]:
    """What somebody who invites, or has invited, lacks for that."""
    if inviter is None or not (inviter.is_active and inviter.is_staff):
        return {MAY_INVITE, *wanted}
    return lacking(inviter, {MAY_INVITE, *wanted})


@reserves_addresses
def invited_addresses() -> Iterable[str]:
    """Those that open invitations are for."""
    return open_invitations().exclude(email="").values_list("email", flat=True)
