"""No address of the admin, however it is written, costs the server more than a page."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.admin import site
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.auth.models import User
from django.contrib.messages.storage.cookie import CookieStorage
from django.core.exceptions import SuspiciousOperation
from django.db.models import Field
from django.test import Client, RequestFactory

from notes.models import Note
from syteops.adminkit.list_pages import all_list_pages
from syteops.adminkit.strict import StrictAdmin
from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.team import services
from syteops.team.models import TeamMember
from tests.effort import at_most

pytestmark = pytest.mark.django_db

every_list = pytest.mark.parametrize("model", [*site._registry], ids=lambda one: one.__name__)
every_strict_list = pytest.mark.parametrize(
    "model",
    [model for model, admin in site._registry.items() if isinstance(admin, StrictAdmin)],
    ids=lambda one: one.__name__,
)
SECONDS = 10.0
"""Generous: each of these pages takes a small part of a second."""
EXPONENTIAL = "^(a|a)*!$"
LONG = " ".join(["word"] * 1200)
HOSTILE = (
    "", "\0", "(", "-1", "zzz", "9" * 25, "9" * 5000, "1,2,3", "9999-12-31", "0001-01-01", "NaN",
    "1.1." * 2000, LONG, EXPONENTIAL, "'; DROP TABLE", "%", "\u202e", "[]", ":", "key:\0",
)  # fmt: skip


@pytest.fixture
def page(alice: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(alice)
    services.create_team_member(SYSTEM, first_name="Ada", email="ada@example.com")
    Note.objects.create(title="a" * 60, slug="a")
    return client


def path_of(model: Any) -> str:
    return f"/admin/{model._meta.app_label}/{model._meta.model_name}/"


def asked_for(client: Client, path: str, /, **data: Any) -> int:
    with at_most(SECONDS, (path, data)):
        status = client.get(path, data).status_code
    assert status < 500, (path, data)
    return status


def columns(model: Any) -> list[str]:
    return [field.name for field in model._meta.get_fields() if isinstance(field, Field)]


def test_every_admin_is_a_strict_one() -> None:
    others = {type(one) for one in site._registry.values() if not isinstance(one, StrictAdmin)}

    assert site._registry
    assert not others


def asking(person: User, data: Any) -> Any:
    request: Any = RequestFactory().get("/", data)
    request.user = person
    request._messages = CookieStorage(request)
    return request


def view(admin: Any, request: Any) -> None:
    """Have the whole view made of what the address asks for."""
    with suppress(SuspiciousOperation):  # 400
        answer = admin.changelist_view(request)
        assert answer.status_code < 500
        if "cl" in getattr(answer, "context_data", ()):  # else it leads elsewhere
            list(answer.context_data["cl"].result_list)


def find(admin: Any, request: Any) -> None:
    """Find the rows alone: most of a view is the same whatever its list is filtered by."""
    with suppress(SuspiciousOperation, IncorrectLookupParameters):  # or back to the list
        list(admin.get_changelist_instance(request).result_list)


@pytest.mark.once  # it is refused before the database hears of it (tests/once.py)
@every_list
def test_no_list_takes_a_look_up_that_it_does_not_declare(page: Client, model: Any) -> None:
    wrong = [f"{name}__regex" for name in columns(model)]
    wrong += [f"id__{one}" for one in ("iregex", "gt", "in", "isnull", "year", "user__password")]
    is_list = "cl" in (page.get(path_of(model)).context or {})
    for lookup in wrong:
        status = asked_for(page, path_of(model), **{lookup: EXPONENTIAL})
        assert not is_list or status == 400, lookup


@every_strict_list
def test_no_list_fails_over_the_values_of_its_own_parameters(
    alice: User, model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # No page is made of these lists, and what is the same around each page costs the most.
    # What all lists read with the same lines, whatever they are lists of, one list is asked.
    monkeypatch.setattr(site, "each_context", lambda request: {})
    admin: Any = site._registry[model]
    with at_most(10 * SECONDS):
        for value in HOSTILE:
            view(admin, asking(alice, {"q": value}))
        shared = {"p", "e", "all", "_to_field"} if model is TeamMember else set()
        for name in {"o", *shared, *parameters(admin, alice)}:
            for value in HOSTILE:
                find(admin, asking(alice, {name: value}))
            view(admin, asking(alice, {name: [str(number) for number in range(990)]}))


@every_list
def test_no_page_beside_a_list_fails_over_what_the_list_was_asked_for(
    page: Client, model: Any
) -> None:
    beside = [one for one in all_list_pages() if "<" not in one.route]
    assert len(beside) > 2
    for one in beside:
        asked_for(page, path_of(model) + one.route, o="1.-2.99.\u0663.x", p="9" * 25, q="\0")


def parameters(admin: Any, person: User) -> Iterator[str]:
    """What the filters of a list expect."""
    request = asking(person, {})
    for spec in admin.get_changelist_instance(request).get_filters(request)[0]:
        yield from filter(None, spec.expected_parameters())
    if admin.date_hierarchy:
        for part in ("year", "month", "day", "gte", "lt"):
            yield f"{admin.date_hierarchy}__{part}"


@every_list
def test_no_page_of_an_object_fails_over_its_address(page: Client, model: Any) -> None:
    ends = ("change/", "history/", "delete/", *(["password/"] if model is User else []))
    for text in ("0", "-1", "9" * 25, "9" * 5000, "\0", "zzz", "_", "_0", "../..", "٣"):
        for end in ends:
            asked_for(page, f"{path_of(model)}{quote(text)}/{end}")
    for end in ("change/", "delete/"):
        for column in ("", "\0", "zzz", "id", "password"):
            asked_for(page, f"{path_of(model)}1/{end}", _to_field=column)


@pytest.mark.once  # the same: none of it is looked for
@every_list
def test_no_link_fills_in_a_form(page: Client, model: Any) -> None:
    for value in ("zzz", "\0", "9" * 25, "1,zzz"):
        asked_for(page, f"{path_of(model)}add/", **dict.fromkeys(columns(model), value))
    shown = page.get(f"{path_of(model)}add/", dict.fromkeys(columns(model), "filled in"))
    assert 'value="filled in"' not in shown.content.decode()


@pytest.mark.parametrize("term", HOSTILE)
def test_neither_the_search_of_all_nor_completion_fails(page: Client, term: str) -> None:
    asked_for(page, "/admin/search/", s=term)
    asked_for(page, "/admin/search/", s=term, extended="1")
    field = {"app_label": "team", "model_name": "teammember", "field_name": "user"}
    asked_for(page, "/admin/autocomplete/", term=term, **field)
    asked_for(page, "/admin/autocomplete/", term="a", page=term, **field)
    asked_for(page, "/admin/autocomplete/", **{**field, "field_name": term})


def test_a_regular_expression_filters_nothing(page: Client) -> None:
    assert page.get("/admin/notes/note/", {"title__regex": "^a"}).status_code == 400
    assert page.get("/admin/notes/note/", {"title__startswith": "a"}).status_code == 400


def test_the_ends_of_a_period_are_not_asked_for_by_themselves(page: Client) -> None:
    for name in ("at__gte", "at__lt"):
        assert page.get("/admin/audit/auditentry/", {name: "2026-01-01"}).status_code == 400


def test_too_long_a_search_says_so_and_shows_the_list(page: Client) -> None:
    shown = page.get("/admin/team/teammember/", {"q": LONG}).content.decode()

    assert "200 characters" in shown
    assert "ada@example.com" in shown


@pytest.mark.parametrize(
    "values", [["active"] * 51, ["x" * 201], ["\0"]], ids=["too many", "too long", "NUL"]
)
def test_what_nobody_would_ask_for_leads_back_to_the_list(page: Client, values: list[str]) -> None:
    answer = page.get("/admin/team/teammember/", {"state": values})

    assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/team/teammember/?e=1")


def test_as_much_as_somebody_might_ask_for_is_looked_for(page: Client) -> None:
    asked = {"state": ["active"] * 50}

    assert page.get("/admin/team/teammember/", asked).context["cl"].result_count == 1


@pytest.mark.parametrize(("length", "found"), [(200, 1), (201, 0)])
def test_completion_looks_for_no_longer_a_text_than_the_list(
    alice: User, length: int, found: int
) -> None:
    note = Note.objects.create(title="Long", slug="long", content="a" * 300)
    notes_admin: Any = site._registry[Note]
    term = note.content[:length]
    results, _ = notes_admin.get_search_results(asking(alice, {}), Note.objects.all(), term)

    assert results.count() == found


def test_dates_beyond_the_end_of_time_lead_back_to_the_list(page: Client) -> None:
    last = {"at__year": 9999, "at__month": 12, "at__day": 31}
    answer = page.get("/admin/audit/auditentry/", last)

    assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/audit/auditentry/?e=1")


def test_declared_filters_and_dates_go_on_working(page: Client) -> None:
    entry = AuditEntry.objects.latest("id")
    fits: dict[str, Any] = {"outcome__exact": entry.outcome, "at__year": entry.at.year, "q": "Ada"}
    for data, found in ((fits, 1), ({**fits, "at__year": entry.at.year - 1}, 0)):
        shown = page.get("/admin/audit/auditentry/", data)
        assert shown.context["cl"].result_count == found
    assert page.get("/admin/team/teammember/?state=deleted").context["cl"].result_count == 0


def test_an_object_has_one_address(page: Client) -> None:
    member = TeamMember.objects.get()
    for text in (f"0{member.pk}", f"+{member.pk}", f"%20{member.pk}", f"{member.pk}%0A"):
        for end in ("change", "history", "delete"):
            for asked in ("", "?_to_field=id", "?_to_field=id&_popup=1"):
                answer = page.get(f"/admin/team/teammember/{text}/{end}/{asked}")
                assert answer.status_code == 404 or answer.headers["Location"] == "/admin/"
    assert page.get(f"/admin/team/teammember/{member.pk}/change/").status_code == 200


CHOSEN = ("\0", "x", "-1", "1.5", "１", "0" * 300, "9" * 18, "9" * 30, "1" * 5000)


@every_list
def test_no_list_fails_over_what_was_chosen_in_it(page: Client, alice: User, model: Any) -> None:
    request = RequestFactory().get("/")
    request.user = alice
    each = [(name, [one]) for name in site._registry[model].get_actions(request) for one in CHOSEN]
    for name, chosen in (*each, ("no such action", [*CHOSEN])):
        sent = {"action": name, "_selected_action": ["1", *chosen], "post": "yes"}
        assert page.post(path_of(model), sent).status_code < 500, sent
