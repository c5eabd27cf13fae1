"""The Django user that a member is."""

from typing import Any

import pytest
from django.contrib.auth.models import User

from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.people.services import delete_person
from syteops.team import services
from syteops.team.models import TeamMember
from tests.fixtures import Api
from tests.samples.team import a_deleted_member, a_member
from tests.undoing import latest, refused, revert


@pytest.mark.parametrize("username", ["nobody", "ALICE", 1, True, "", " ", {"id": 1}])
def test_what_names_no_user_is_refused(api: Api, alice: User, username: Any) -> None:
    a_member()

    answer = api.patch("/team-members/001", {"user": username})

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "#/user"
    assert TeamMember.objects.get().user is None


def test_blanks_around_a_username_are_no_part_of_it(api: Api, alice: User) -> None:
    a_member()

    assert api.patch("/team-members/001", {"user": "  alice "}).status_code == 200
    assert TeamMember.objects.get().user == alice


def test_a_user_is_named_by_the_username(api: Api, alice: User) -> None:
    made = api.post("/team-members", {"user": "alice"})

    assert made.json()["user"] == "alice"
    assert TeamMember.objects.get().user == alice
    assert AuditEntry.objects.all()[0].changes["user"]["after"] == "alice"


def test_null_clears_the_user(api: Api, alice: User) -> None:
    a_member(user=alice)

    assert api.patch("/team-members/001", {"user": None}).json()["user"] is None
    assert TeamMember.objects.get().user is None


def test_a_user_is_one_member_only(api: Api, alice: User) -> None:
    a_member(user=alice)
    a_member()

    for answer in (
        api.post("/team-members", {"user": "alice"}),
        api.patch("/team-members/002", {"user": "alice"}),
    ):
        assert answer.status_code == 400
        [error] = answer.json()["errors"]
        assert (error["pointer"], error["code"]) == ("#/user", "not_unique")
        assert "001" in error["detail"]
    assert TeamMember.objects.filter(user=alice).count() == 1


def test_the_same_user_again_changes_nothing(api: Api, alice: User) -> None:
    a_member(user=alice)

    same = api.patch("/team-members/001", {"user": "alice"})

    assert same.headers["SyteOps-Changed"] == "false"


def test_the_user_of_a_deleted_member_can_be_another_member(api: Api, alice: User) -> None:
    a_deleted_member(user=alice)

    assert api.post("/team-members", {"user": "alice"}).status_code == 201


def test_a_restored_member_has_the_user_again_unless_another_has_it(
    api: Api, alice: User, charlie: User
) -> None:
    mine, taken = a_deleted_member(user=charlie), a_deleted_member(user=alice)
    a_member(user=alice)

    for member, user in ((mine, "charlie"), (taken, None)):
        assert api.post("/team-members/restore", {"id": member.pk}).json()["user"] == user


def test_deleting_the_user_leaves_the_member(api: Api, charlie: User) -> None:
    a_member(user=charlie)
    charlie.delete()

    assert api.get("/team-members/001").json()["user"] is None


def test_the_database_itself_keeps_a_user_to_one_live_member(alice: User) -> None:
    from django.db import IntegrityError

    services.create_team_member(SYSTEM, user=alice)

    with pytest.raises(IntegrityError):
        TeamMember.all_objects.bulk_create([TeamMember(number=2, user=alice)])


# --- Undo: a name may be another person's by now -------------------------------------------


def show() -> Any:
    return [one.user for one in TeamMember.objects.order_by("pk")]


def test_a_login_that_was_taken_away_is_given_back_whatever_its_name_is_now(
    api: Api, charlie: User
) -> None:
    a_member(user=charlie)
    api.patch("/team-members/001", {"user": None})
    charlie.username = "charles"
    charlie.save()
    User.objects.create_user("charlie")

    assert revert(api, latest("team_member.updated")).status_code == 200
    assert TeamMember.objects.get().user == charlie


def test_the_login_of_a_new_person_with_that_name_is_not_given(api: Api, charlie: User) -> None:
    a_member(user=charlie)
    api.patch("/team-members/001", {"user": None})
    entry = latest("team_member.updated")
    charlie.delete()
    User.objects.create_user("charlie")

    problem = refused(api, entry, show)

    assert "charlie was deleted" in problem["detail"]
    assert show() == [None]


def test_nor_after_a_deletion_that_the_trail_tells_of(api: Api, charlie: User) -> None:
    a_member(user=charlie)
    delete_person(SYSTEM, charlie)
    User.objects.create_user("charlie")

    refused(api, latest("team_member.updated"), show)

    assert show() == [None]


def test_a_new_person_with_that_name_counts_as_a_later_change(api: Api, charlie: User) -> None:
    a_member()
    api.patch("/team-members/001", {"user": "charlie"})
    entry = latest("team_member.updated")
    charlie.delete()
    again = User.objects.create_user("charlie")
    api.patch("/team-members/001", {"user": "charlie"})

    assert refused(api, entry, show)["fields"] == ["user_id"]
    assert show() == [again]
