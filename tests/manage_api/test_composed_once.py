"""What is asked for again and again is composed once, and shows what is stored all the same."""

from enum import Enum
from typing import Any

import pytest
from django.db import connection
from django.db.models.sql.compiler import SQLCompiler
from django.test.utils import CaptureQueriesContext

from manage_api.serializers import StrictModelSerializer
from syteops.core.actors import SYSTEM
from syteops.team.models import TeamMember
from syteops.team.services import delete_team_member
from tests.fixtures import Api
from tests.samples.team import a_deleted_member, a_member

pytestmark = [pytest.mark.combination, pytest.mark.django_db]


class Shout(Enum):
    KO = "Ko"

    def __str__(self) -> str:
        return "KO!"


class Names(StrictModelSerializer):
    class Meta:
        model = TeamMember
        fields = ("id", "first_name", "last_name", "time_zone", "uid")


@pytest.fixture
def composed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements that Django composes of the members."""
    found: list[str] = []
    composing = SQLCompiler.as_sql

    def as_sql(self: Any, *args: Any, **kwargs: Any) -> Any:
        made = composing(self, *args, **kwargs)
        found.extend([made[0]] if "team_teammember" in str(made[0]) else [])
        return made

    monkeypatch.setattr(SQLCompiler, "as_sql", as_sql)
    return found


def numbers(api: Api, query: str = "") -> list[str]:
    return [one["user_num"] for one in api.get(f"/team-members{query}").json()["users"]]


def test_a_list_without_filters_is_composed_once(composed: list[str], api: Api) -> None:
    for name in ("Cy", "Al", "Bo"):
        a_member(first_name=name)
    asked = ("?per_page=2", "?per_page=1&page=2", "?per_page=1", "?ordering=-full_name")
    for query in asked:
        numbers(api, query)
    a_member(first_name="Di")
    composed.clear()

    seen = {query: numbers(api, query) for query in asked}

    assert seen == dict(
        zip(
            asked,
            [["001", "002"], ["002"], ["001"], ["004", "001", "003", "002"]],
            strict=True,
        )
    )
    assert composed == []
    assert api.get("/team-members?per_page=3").json()["total"] == 4


def test_the_total_is_of_those_that_are_there(api: Api) -> None:
    """On a page that is not the last, which is counted by the index of numbers."""
    first, *_ = a_member(first_name="Al"), a_member(), a_member(), a_deleted_member()
    assert api.get("/team-members?per_page=1").json()["total"] == 3
    delete_team_member(SYSTEM, first)

    with CaptureQueriesContext(connection) as asked:
        assert api.get("/team-members?per_page=1").json()["total"] == 2
    [counted] = [one["sql"] for one in asked if "COUNT(" in one["sql"]]
    assert '"number" IS NOT NULL' in counted


@pytest.mark.parametrize(
    "query", ["?search=Al", "?role=nobody", "?updated_since=2999-01-01T00:00:00Z"]
)
def test_whoever_filters_gets_what_fits(query: str, api: Api) -> None:
    a_member(first_name="Al")
    a_member(first_name="Bo")
    assert numbers(api) == ["001", "002"]
    assert numbers(api, query) == (["001"] if "Al" in query else [])


def test_columns_are_shown_at_once_or_one_by_one() -> None:
    """Not all of them are loaded, or one has something other than a text: each is asked for."""
    member = a_member(first_name="Al", last_name="Ko")
    wanted = Names(member).data
    assert (wanted["first_name"], wanted["last_name"]) == ("Al", "Ko")

    assert Names(TeamMember.objects.get()).data == wanted
    assert Names(TeamMember.objects.only("first_name").get()).data == wanted
    member.last_name = Shout.KO  # type: ignore[assignment]
    assert Names(member).data == wanted | {"last_name": "KO!"}
