"""The Django user that a member is."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User

from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.people.services import delete_person
from syteops.team import services
from syteops.team.models import TeamMember
from tests.admin_forms import untouched
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


# --- Which logins there are is not for everybody to find out ---------------------------------

GUESSES = ("alice", "charlie", "nobody", "x" * 150)
"""Taken, free, and two that do not exist."""


@pytest.mark.parametrize("query", ["", "?dry_run=true"])
def test_a_key_that_reads_no_members_gets_one_answer_to_every_guess(
    make_key: Callable[..., str], alice: User, charlie: User, query: str
) -> None:
    a_member(user=alice)
    a_member()
    writer = Api(make_key("users:write"))

    def answers(guess: str) -> list[Any]:
        item = {"action": "update", "params": {"user_num": "002", "user": guess}}
        got = [
            writer.post(f"/team-members{query}", {"user": guess}),
            writer.patch(f"/team-members/002{query}", {"user": guess}),
            writer.patch(f"/team-members/001{query}", {"user": guess}),
            writer.post(f"/team-members/bulk{query}", {"items": [item]}),
        ]
        bodies = [{**one.json(), "request_id": ""} for one in got]
        return [(one.status_code, body) for one, body in zip(got, bodies, strict=True)]

    first, *others = (answers(guess) for guess in GUESSES)
    assert [status for status, _ in first] == [403] * 4
    assert first[0][1]["scope"] == "users:read"
    assert all(one == first for one in others)
    assert TeamMember.objects.get(number=2).user is None
    assert writer.patch("/team-members/001", {"user": None}).status_code == 200

    reader = Api(make_key("users:write", "users:read"))
    assert reader.patch("/team-members/002", {"user": "charlie"}).status_code == 200


def test_a_person_links_a_login_with_the_right_to_see_logins(
    bob: User, charlie: User, as_person: Callable[[User], Api]
) -> None:
    rights = ("view_teammember", "change_teammember")
    bob.user_permissions.set(Permission.objects.filter(codename__in=rights))
    member, api = a_member(), as_person(bob)
    page = f"/admin/team/teammember/{member.pk}/change/"

    for guess in GUESSES:
        refused_ = api.patch("/team-members/001", {"user": guess})
        assert (refused_.status_code, refused_.json()["permission"]) == (403, "auth.view_user")
    api.client.post(page, {**untouched(api.client.get(page)), "user": charlie.pk})
    assert TeamMember.objects.get().user is None

    bob.user_permissions.add(Permission.objects.get(codename="view_user"))
    api.client.post(page, {**untouched(api.client.get(page)), "user": charlie.pk})
    assert TeamMember.objects.get().user == charlie


def test_who_may_not_read_members_is_told_no_name_of_whose_login_it_is(
    bob: User, charlie: User, as_person: Callable[[User], Api]
) -> None:
    bob.user_permissions.set(
        Permission.objects.filter(codename__in=("change_teammember", "view_user"))
    )
    a_member()
    a_member(user=charlie, full_name="Grace Hopper", number=None)

    refused_ = as_person(bob).patch("/team-members/001", {"user": "charlie"})

    assert refused_.json()["errors"][0]["code"] == "not_unique"
    assert "Grace" not in refused_.content.decode()


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
