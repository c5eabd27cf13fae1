"""Every change of a team member. Objects passed in are locked by the caller."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from copy import copy
from typing import IO, Any, TypedDict, cast

from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from syteops.audit import services as audit
from syteops.audit.erasing import erase_values
from syteops.core.actors import SYSTEM, Actor
from syteops.core.consequences import Watch
from syteops.core.entities import Entity
from syteops.core.errors import Conflict, Invalid
from syteops.core.events import Verb
from syteops.core.shredding import shred_after_commit
from syteops.core.trials import trial
from syteops.crm.queries import identifiers_of
from syteops.crm.services import forget_identifiers, set_identifiers
from syteops.lib.languages import normal_tag
from syteops.lib.pictures import PictureRefused, rewritten
from syteops.people.services import before_person_deleted
from syteops.team.attachments import all_attachments
from syteops.team.models import TeamMember
from syteops.team.places import all_places, begin_erasure
from syteops.team.queries import remainders_of, with_related


@transaction.atomic
def create_team_member(
    actor: Actor, *, crm_ids: Mapping[str, str] | None = None, **values: Any
) -> TeamMember:
    """A new member under the lowest free number. Raises Invalid or LimitReached.

    `crm_ids` are identifiers by CRM number, `profile_picture` is an uploaded file, `user` a Django
    user.
    """
    member = TeamMember()
    given = {number: text for number, text in sorted((crm_ids or {}).items()) if text}
    with _stored_picture(member, _complete_values(member, values)) as columns:
        for name, value in columns.items():
            setattr(member, name, value)
        audit.insert(actor, member, crm_ids=given)
        set_identifiers(member.pk, given)
    return member


@transaction.atomic
def update_team_member(
    actor: Actor, member: TeamMember, *, crm_ids: Mapping[str, str] | None = None, **values: Any
) -> TeamMember:
    """Change the fields given, as one change. Raises Invalid.

    In `crm_ids` a blank identifier removes it and one left out is kept. `profile_picture` False
    removes the picture.
    """
    before = after = identifiers_of(member.pk) if crm_ids else {}
    if crm_ids:
        set_identifiers(member.pk, crm_ids)
        after = identifiers_of(member.pk)
    with _stored_picture(member, _complete_values(member, values)) as columns:
        audit.update(actor, member, columns, also={"crm_ids": (before, after)})
    return member


@transaction.atomic
def delete_team_member(actor: Actor, member: TeamMember) -> None:
    """Free the number and take the member's roles. Everything else stays and can be restored."""
    held = {name: one.detach(actor, member) for name, one in all_attachments().items()}
    also: dict[str, tuple[Any, Any]] = {name: (names, []) for name, names in held.items()}
    audit.delete_softly(actor, member, also=also, former_number=member.number)


@transaction.atomic
def restore_team_member(
    actor: Actor, member: TeamMember, **attached: Collection[Entity]
) -> TeamMember:
    """Bring a deleted member back, under the former number if that is free, else the next free one.

    Of what was attached, such as `roles`, only what is given comes back. The login does, unless
    another member has it by now. Raises Conflict when the member is not deleted, RoleFull and
    LimitReached.
    """
    if member.deleted_at is None:
        raise Conflict(f"Team member {member.slot} is not deleted.")
    number = TeamMember.free_number(member.former_number)
    back = {"number": number, "former_number": None, "deleted_at": None}
    if member.user_id and TeamMember.objects.filter(user_id=member.user_id).exists():
        back["user"] = None
    given = {name: attached.get(name, ()) for name in all_attachments()}
    also: dict[str, tuple[Any, Any]] = {
        name: ([], sorted(one.public_id for one in held)) for name, held in given.items()
    }
    audit.update(actor, member, back, Verb.RESTORED, also=also)
    for name, held in given.items():
        all_attachments()[name].attach(actor, member, held)
    return member


@transaction.atomic
def erase_team_member(actor: Actor, member: TeamMember) -> dict[str, Any]:
    """Remove a member for good, deleted or not, from every place; answers how much went where.

    That is the row, the roles, the CRM identifiers, the references of notes, the pictures, stored
    answers of the API, and every value in the audit trail. It cannot be undone. The login stays.
    """
    begin_erasure()
    pk, user_num, login_kept = member.pk, member.slot, member.user_id is not None
    public_id = member.public_id
    with_related([member])
    removed = {name: len(one.names(member)) for name, one in all_attachments().items()}
    if member.deleted_at is None:
        delete_team_member(actor, member)
    removed |= {name: forget(actor, member) for name, forget in sorted(all_places().items())}
    removed["crm_ids"] = forget_identifiers(pk)
    removed["pictures"] = _remove_pictures(member)
    removed["audit_entries"] = erase_values(actor, remainders_of(member))
    audit.erase(actor, member, public_id, {name: (n, 0) for name, n in removed.items() if n})
    shred_after_commit()
    return {"id": pk, "user_num": user_num, "removed": removed, "login_kept": login_kept}


class TeamMemberEraseImpact(TypedDict):
    """What goes for good with a team member: how much, by place."""

    id: int
    user_num: str
    name: str
    removed: dict[str, int]
    login_kept: bool
    undo: str


def predict_erasure(member: TeamMember, watch: Watch | None = None) -> TeamMemberEraseImpact:
    """What erasing the member would take, exactly: it is done, and taken back.

    `watch` sees it, too, so that nobody need try it once more to tell its consequences.
    """
    with trial():
        erased = erase_team_member(SYSTEM.for_operation(""), copy(member))
        if watch:
            watch.look()
    told = {"name": str(member), **erased, "undo": "impossible"}
    return cast(TeamMemberEraseImpact, told)


@before_person_deleted
@transaction.atomic
def release_login(actor: Actor, user: User) -> None:
    """Let no member have that login any more, deleted ones included."""
    members = TeamMember.all_objects.select_for_update(of=("self",)).filter(user=user)
    for member in members.order_by("pk"):
        audit.update(actor, member, {"user": None})


# --- Values --------------------------------------------------------------------------------


def _complete_values(member: TeamMember, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as they are stored: usual case for languages, no full name that is the joined one.

    Raises Invalid for a login that belongs to another member.
    """
    completed = dict(values)
    if completed.get("language"):
        completed["language"] = normal_tag(completed["language"])
    first = values.get("first_name", member.first_name)
    last = values.get("last_name", member.last_name)
    if values.get("full_name") == f"{first} {last}".strip():
        completed["full_name"] = ""
    if (user := values.get("user")) is not None:
        TeamMember.lock_numbers()  # whoever comes back takes the number first, and then the login
        other = TeamMember.objects.exclude(pk=member.pk).filter(user=user).first()
        if other is not None:
            taken = f"This is the login of team member {other.slot}."
            raise Invalid.field("user", taken, "not_unique")
    return completed


# --- The picture ---------------------------------------------------------------------------


@contextmanager
def _stored_picture(member: TeamMember, values: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The values with the picture's file name in place of the upload.

    The file is written beforehand and taken away again if the change fails; the old one goes once
    the change is committed. Where the disk does not let one go, the hour's work tries again.
    """
    if "profile_picture" not in values:
        yield values
        return
    old, upload = member.profile_picture.name or "", values["profile_picture"]
    new, is_new = _write(member, upload) if upload else ("", False)
    try:
        yield {**values, "profile_picture": new}
    except BaseException:
        if is_new:
            with suppress(OSError):  # which would hide why the change failed
                default_storage.delete(new)
        raise
    if old and old != new:
        _delete_after_commit(old)


def _remove_pictures(member: TeamMember) -> int:
    """Take every picture of the member off the disk, once the change is committed; how many."""
    folder = member.picture_folder
    if not default_storage.exists(folder):
        return 0
    names = default_storage.listdir(folder)[1]
    for path in (*(f"{folder}/{name}" for name in names), folder):  # the folder last
        _delete_after_commit(path)
    return len(names)


def _delete_after_commit(path: str) -> None:
    """Delete the file or folder; if that fails the change stands all the same."""
    # A function of its own: Django tells of a robust hook that fails by its name.
    transaction.on_commit(lambda: default_storage.delete(path), robust=True)


def _write(member: TeamMember, upload: IO[bytes]) -> tuple[str, bool]:
    """The name under which the rewritten picture is stored, and whether that is new.

    The same picture gets the same name, so that uploading it twice changes nothing.
    """
    try:
        picture = rewritten(upload, settings.MAX_PICTURE_BYTES)
    except PictureRefused as reason:
        raise Invalid.field("profile_picture", str(reason)) from reason
    name = f"{member.picture_folder}/{picture.digest}{picture.suffix}"
    if default_storage.exists(name):
        return name, False
    return default_storage.save(name, ContentFile(picture.data)), True
