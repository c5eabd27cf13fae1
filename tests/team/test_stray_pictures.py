"""Pictures that the disk does not let go are deleted later, and no others are."""

import errno
import os
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings as settings_of_site
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, default_storage
from pytest_django import DjangoCaptureOnCommitCallbacks

from syteops.core.actors import SYSTEM
from syteops.core.errors import Invalid
from syteops.dashboard.tasks import failing_tasks
from syteops.server import housekeeping
from syteops.team import services, stray_pictures
from syteops.team.models import TeamMember
from syteops.team.stray_pictures import remove_stray_pictures
from tests.fixtures import Api
from tests.pictures import picture_bytes, upload
from tests.samples.team import a_member


@pytest.fixture
def read_only(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Makes the disk refuse deletions, or take them again."""
    delete = FileSystemStorage.delete

    def refuse(storage: FileSystemStorage, name: str) -> None:
        raise OSError(errno.EROFS, "Read-only file system", name)

    return lambda is_so: monkeypatch.setattr(
        FileSystemStorage, "delete", refuse if is_so else delete
    )


def age(*, minutes: int) -> None:
    """Make every stored file and folder as old as that."""
    then = time.time() - 60 * minutes
    for path in Path(settings_of_site.MEDIA_ROOT).rglob("*"):
        os.utime(path, (then, then))


def test_an_erasure_stands_and_the_picture_goes_once_the_disk_lets_it(
    api: Api,
    uploads: Callable[[], list[str]],
    read_only: Callable[[bool], None],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    member = a_member(profile_picture=upload(picture_bytes()))
    kept = a_member(first_name="Grace", profile_picture=upload(picture_bytes(color=9)))
    services.delete_team_member(SYSTEM, kept)
    folder = default_storage.path(f"team/{member.uid}")
    read_only(True)
    with django_capture_on_commit_callbacks(execute=True):
        answer = api.post("/team-members/erase?confirm=true", {"id": member.pk})
    assert answer.status_code == 200
    assert len(uploads()) == 2

    age(minutes=61)
    housekeeping.run()
    assert [one.name for one in failing_tasks()] == ["remove_pictures"]
    read_only(False)
    housekeeping.run()

    assert uploads() == [kept.profile_picture.name]
    assert failing_tasks() == []
    assert Path(folder).is_dir()
    age(minutes=61)
    housekeeping.run()
    assert not Path(folder).exists()


def test_so_does_one_that_was_replaced(
    db: None,
    uploads: Callable[[], list[str]],
    read_only: Callable[[bool], None],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    member = a_member(profile_picture=upload(picture_bytes()))
    read_only(True)
    with django_capture_on_commit_callbacks(execute=True):
        services.update_team_member(SYSTEM, member, profile_picture=upload(picture_bytes(color=9)))
    read_only(False)
    assert len(uploads()) == 2

    age(minutes=61)
    remove_stray_pictures()

    assert uploads() == [member.profile_picture.name]


def test_beside_another_database_all_of_them_stay(
    db: None, uploads: Callable[[], list[str]]
) -> None:
    """Such as one that is to be restored yet: nobody in it ever had a picture."""
    names = [f"team/{uuid.uuid4()}/{'0' * 32}.png" for _ in range(2)]
    for name in names:
        default_storage.save(name, ContentFile(b"of somebody"))
    age(minutes=61)

    remove_stray_pictures()
    assert uploads() == sorted(names)
    services.erase_team_member(SYSTEM, a_member())

    remove_stray_pictures()
    assert uploads() == []


def test_an_upload_under_way_is_left_alone(db: None, uploads: Callable[[], list[str]]) -> None:
    a_member()
    name = f"team/{uuid.uuid4()}/{'0' * 32}.png"
    default_storage.save(name, ContentFile(b"begun"))
    age(minutes=59)

    remove_stray_pictures()

    assert uploads() == [name]


def test_a_picture_that_comes_back_meanwhile_is_kept(
    db: None, uploads: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    member = a_member(profile_picture=upload(picture_bytes()))
    name = member.profile_picture.name
    TeamMember.objects.update(profile_picture="")
    age(minutes=61)

    def upload_it_again(path: str) -> bool:
        TeamMember.objects.update(profile_picture=name)
        return True

    monkeypatch.setattr(stray_pictures, "_is_old", upload_it_again)
    remove_stray_pictures()

    assert uploads() == [name]


def test_why_a_change_failed_is_told_though_its_picture_cannot_be_deleted(
    db: None, read_only: Callable[[bool], None]
) -> None:
    member = a_member()
    read_only(True)

    with pytest.raises(Invalid):
        services.update_team_member(
            SYSTEM, member, email="nobody", profile_picture=upload(picture_bytes())
        )
