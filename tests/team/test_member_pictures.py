from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.storage import default_storage
from django.test import Client
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.core.errors import Invalid
from syteops.team import services
from syteops.team.models import TeamMember
from tests.fixtures import Api
from tests.pictures import picture_bytes, upload, with_place
from tests.samples.team import a_deleted_member, a_member


def browser(user: User | None) -> Client:
    client = Client(raise_request_exception=False)
    if user:
        client.force_login(user)
    return client


# --- Storing ---


@pytest.mark.parametrize(
    "data", [b"<svg onload=alert(1)>", b"", picture_bytes()[:150], b"#!/bin/sh\nrm -rf /"]
)
def test_what_is_no_picture_is_refused_and_nothing_is_stored(
    db: None, uploads: Callable[[], list[str]], data: bytes
) -> None:
    member = a_member()

    with pytest.raises(Invalid) as refused:
        services.update_team_member(SYSTEM, member, city="Rome", profile_picture=upload(data))

    assert refused.value.errors[0].path == ("profile_picture",)
    assert TeamMember.objects.get().city == ""
    assert uploads() == []


def test_a_picture_beyond_the_limit_is_refused(db: None, settings: Settings) -> None:
    settings.MAX_PICTURE_BYTES = 100

    with pytest.raises(Invalid, match="Nothing was stored") as refused:
        a_member(profile_picture=upload(picture_bytes()))

    assert "100 bytes" in refused.value.errors[0].detail


def test_no_file_stays_when_the_change_fails(db: None, uploads: Callable[[], list[str]]) -> None:
    member = a_member()

    with pytest.raises(Invalid):
        services.update_team_member(
            SYSTEM, member, email="nobody", profile_picture=upload(picture_bytes())
        )

    assert uploads() == []


def test_a_failed_change_does_not_take_the_stored_picture(
    db: None, uploads: Callable[[], list[str]]
) -> None:
    member = a_member(profile_picture=upload(picture_bytes()))
    [name] = uploads()

    with pytest.raises(Invalid):
        services.update_team_member(
            SYSTEM, member, email="nobody", profile_picture=upload(picture_bytes())
        )

    assert uploads() == [name]


def test_the_name_and_metadata_of_the_upload_are_not_kept(
    db: None, uploads: Callable[[], list[str]]
) -> None:
    member = a_member(profile_picture=upload(with_place(), "../../secret-name.php"))

    [name] = uploads()
    assert name == member.profile_picture.name
    assert name.startswith(f"team/{member.uid}/")
    assert name.endswith(".jpg")
    with default_storage.open(name) as file:
        assert b"canary" not in file.read()


def test_another_picture_replaces_the_file(
    db: None,
    uploads: Callable[[], list[str]],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    member = a_member(profile_picture=upload(picture_bytes()))
    [old] = uploads()

    with django_capture_on_commit_callbacks(execute=True):
        services.update_team_member(
            SYSTEM, member, profile_picture=upload(picture_bytes("PNG", color=9))
        )

    [new] = uploads()
    assert new == TeamMember.objects.get().profile_picture.name != old
    entry = AuditEntry.objects.first()
    assert entry is not None
    assert entry.changes == {"profile_picture": {"before": old, "after": new}}


def test_the_same_picture_again_changes_nothing(db: None, uploads: Callable[[], list[str]]) -> None:
    member = a_member(profile_picture=upload(picture_bytes()))
    stored, entries = uploads(), AuditEntry.objects.count()

    services.update_team_member(SYSTEM, member, profile_picture=upload(picture_bytes()))

    assert (uploads(), AuditEntry.objects.count()) == (stored, entries)


def test_two_members_with_one_picture_have_a_file_each(
    db: None, uploads: Callable[[], list[str]]
) -> None:
    for _ in range(2):
        a_member(profile_picture=upload(picture_bytes()))

    assert len(uploads()) == 2


def test_removing_the_picture_removes_the_file(
    db: None,
    uploads: Callable[[], list[str]],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    member = a_member(profile_picture=upload(picture_bytes()))

    with django_capture_on_commit_callbacks(execute=True):
        services.update_team_member(SYSTEM, member, profile_picture=False)

    assert uploads() == []
    assert not TeamMember.objects.get().profile_picture


def test_the_picture_of_a_deleted_member_is_kept_for_the_restored(
    api: Api, uploads: Callable[[], list[str]]
) -> None:
    member = a_deleted_member(profile_picture=upload(picture_bytes()))

    restored = api.post("/team-members/restore", {"id": member.pk}).json()

    assert restored["profile_picture"].endswith(uploads()[0])


def test_the_api_answers_the_address_of_the_picture(api: Api) -> None:
    member = a_member(profile_picture=upload(picture_bytes()))

    shown = api.get("/team-members/001").json()["profile_picture"]

    assert shown == f"http://testserver/uploads/{member.profile_picture.name}"


# --- Serving ---


@pytest.fixture
def viewer(bob: User) -> User:
    """Bob, who may see the members as well."""
    bob.user_permissions.add(Permission.objects.get(codename="view_teammember"))
    return bob


def test_only_staff_sees_a_picture(charlie: User, viewer: User) -> None:
    address = a_member(profile_picture=upload(picture_bytes())).profile_picture.url
    charlie.user_permissions.add(Permission.objects.get(codename="view_teammember"))

    for stranger in (None, charlie):
        refused = browser(stranger).get(address)
        assert refused.status_code == 302
        assert refused.headers["Location"].startswith("/admin/login/")
    assert browser(viewer).get(address).status_code == 200


def test_staff_who_may_not_see_the_members_see_no_picture(bob: User) -> None:
    """Nor learn from the answer whether there is one of that name."""
    address = a_member(profile_picture=upload(picture_bytes())).profile_picture.url

    for one in (address, f"{address[:-5]}x.jpg", "/uploads/other"):
        assert browser(bob).get(one).status_code == 403
    refused = AuditEntry.objects.get(outcome="refused")
    assert (refused.actor_label, refused.operation) == ("bob", "users.picture")
    assert (refused.object_resource, refused.code) == ("users", "permission_denied")


def test_who_loses_the_right_or_signs_out_sees_no_more_of_it(viewer: User) -> None:
    address = a_member(profile_picture=upload(picture_bytes())).profile_picture.url
    client = browser(viewer)
    assert "no-store" in client.get(address).headers["Cache-Control"]

    viewer.user_permissions.clear()
    assert client.get(address).status_code == 403
    client.logout()
    assert client.get(address).status_code == 302


def test_a_key_opens_no_picture(site_key: str) -> None:
    address = a_member(profile_picture=upload(picture_bytes())).profile_picture.url

    assert Client(headers={"X-API-Key": site_key}).get(address).status_code == 302


@pytest.mark.parametrize(
    ("data", "content_type"),
    [(picture_bytes(), "image/jpeg"), (picture_bytes("PNG", mode="RGBA"), "image/png")],
)
def test_a_picture_is_served_as_what_it_is(viewer: User, data: bytes, content_type: str) -> None:
    member = a_member(profile_picture=upload(data, "me.html"))

    answer: Any = browser(viewer).get(member.profile_picture.url)

    assert answer.headers["Content-Type"] == content_type
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "private" in answer.headers["Cache-Control"]
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    with member.profile_picture.open() as file:
        assert b"".join(answer.streaming_content) == file.read()


@pytest.mark.parametrize(
    "name",
    [
        "",
        "../secrets/secret_key",
        "..%2Fsecrets%2Fsecret_key",
        "%2Fetc%2Fpasswd",
        "team",
        "team/%00.jpg",
        "team/00000000-0000-0000-0000-000000000000/00000000000000000000000000000000.jpg",
    ],
)
def test_nothing_but_pictures_is_served(viewer: User, name: str) -> None:
    assert browser(viewer).get(f"/uploads/{name}").status_code == 404


def test_a_file_that_no_member_names_is_not_served(viewer: User, tmp_path: Path) -> None:
    member = a_member(profile_picture=upload(picture_bytes()))
    stray = str(member.profile_picture.name).replace(str(member.uid), "0" * 36)
    (tmp_path / "uploads" / stray).parent.mkdir()
    (tmp_path / "uploads" / stray).write_bytes(picture_bytes())

    assert browser(viewer).get(f"/uploads/{stray}").status_code == 404


def test_a_picture_whose_file_is_lost_is_not_found(viewer: User) -> None:
    member = a_member(profile_picture=upload(picture_bytes()))
    default_storage.delete(str(member.profile_picture.name))

    assert browser(viewer).get(member.profile_picture.url).status_code == 404


def test_pictures_can_only_be_read(viewer: User) -> None:
    address = a_member(profile_picture=upload(picture_bytes())).profile_picture.url

    assert browser(viewer).post(address).status_code == 405
