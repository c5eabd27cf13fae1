"""A list as somebody looks at it, under a name: a tab for him, or for everybody who may see it."""

from typing import Any

import pytest
from django.contrib.admin import site
from django.contrib.auth.models import Permission, User
from django.test import Client

from notes import services as notes
from syteops.adminkit.columns import name_of
from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.core.errors import Forbidden, Invalid
from syteops.lists.models import SavedView
from syteops.lists.services import MOST_VIEWS, change_view, save_view
from tests.fixtures import signed_in
from tests.samples.crm import a_system

pytestmark = pytest.mark.django_db
SYSTEMS = "/admin/crm/crmsystem/"
NOTES = "/admin/notes/note/"


def save(client: Client, address: str, name: str, **also: str) -> Any:
    place, _, query = address.partition("?")
    return client.post(f"{place}views/?{query}", {"name": name, **also}, follow=True)


def views(client: Client, place: str) -> dict[str, str]:
    shown: Any = client.get(place)
    return {one["label"]: one["address"] for one in shown.context["views"]}


def told(answer: Any) -> str:
    return " ".join(str(one) for one in answer.context["messages"])


def give(person: User, *codenames: str) -> None:
    person.user_permissions.add(*Permission.objects.filter(codename__in=codenames))


def test_a_view_keeps_search_filter_order_and_columns(alice: User) -> None:
    for title, status in (("Anna 1", "draft"), ("Anna 2", "draft"), ("Anna 3", "published")):
        notes.create_note(SYSTEM, title=title, content="", status=status)
    notes.create_note(SYSTEM, title="Bert", content="", status="draft")
    client = signed_in(alice)
    asked = f"{NOTES}?q=anna&status__exact=draft&columns=shown_status,title&o=-2&p=0"

    answer = save(client, asked, "Anna’s drafts")

    assert "is a tab of the list now" in told(answer)
    address = views(client, NOTES)["Anna’s drafts"]
    shown: Any = client.get(address)
    assert [one.title for one in shown.context["cl"].result_list] == ["Anna 2", "Anna 1"]
    assert [name_of(one) for one in shown.context["cl"].list_display][1:] == [
        "shown_status",
        "title",
    ]
    assert [one["is_chosen"] for one in shown.context["views"]] == [True]
    assert shown.content.decode().count('aria-current="page"') == client.get(
        NOTES
    ).content.decode().count('aria-current="page"')
    assert not AuditEntry.objects.filter(event__startswith="saved_view").exists()


def test_the_palette_finds_it(alice: User) -> None:
    client = signed_in(alice)
    save(client, f"{SYSTEMS}?q=hub", "Our hubs")

    found = client.get("/admin/search/", {"s": "our hub", "extended": "1"}).content.decode()

    assert "Our hubs" in found
    assert "View of CRM systems" in found
    assert "q=hub" in found


LISTS = [model for model, page in site._registry.items() if not hasattr(page, "find_all")]


@pytest.mark.parametrize("model", LISTS, ids=lambda one: one.__name__)
def test_every_list_can_be_saved_renamed_and_deleted(alice: User, model: Any) -> None:
    client = signed_in(alice)
    place = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
    page: Any = client.get(place)
    if "cl" not in (page.context or {}):
        return  # it leads elsewhere
    if len(page.context["cl"].list_display) < 2 and not page.context["cl"].search_fields:
        return  # there is nothing to keep
    assert save(client, place, "Mine").status_code == 200
    address = views(client, place)["Mine"]
    opened: Any = client.get(address)
    assert opened.status_code == 200
    assert [name_of(one) for one in opened.context["cl"].list_display] == [
        name_of(one) for one in page.context["cl"].list_display
    ]

    view = SavedView.objects.get()
    client.post(f"{place}views/", {"view": view.pk, "name": "Ours"})
    assert views(client, place) == {"Ours": address}
    client.post(f"{place}views/", {"view": view.pk, "delete": ""})
    assert views(client, place) == {}


def test_a_shared_view_is_there_for_whoever_may_see_the_list(alice: User, bob: User) -> None:
    a_system()
    save(signed_in(alice), f"{SYSTEMS}?q=hub", "Hubs", is_shared="on")
    save(signed_in(alice), f"{NOTES}?q=x", "X", is_shared="on")
    save(signed_in(alice), f"{SYSTEMS}?q=mine", "Mine")
    client = signed_in(bob)

    seen = views(client, SYSTEMS)

    assert list(seen) == ["Hubs"]
    assert [one.name for one in client.get(seen["Hubs"]).context["cl"].result_list] == ["HubSpot"]
    assert client.get(NOTES).status_code == 403
    assert client.get(f"{NOTES}views/").status_code == 403
    found = client.get("/admin/search/", {"s": "x", "extended": "1"}).content.decode()
    assert "View of notes" not in found


def test_a_view_shows_nobody_what_he_may_not_see(alice: User, bob: User) -> None:
    """Opened by others it is an address, asked for with their own rights."""
    a_system()
    give(bob, "view_auditentry")
    place = "/admin/audit/auditentry/"
    notes.create_note(SYSTEM, title="Zanzibar", content="")
    save(signed_in(alice), f"{place}?q=zanzibar", "P", is_shared="on")
    [hers] = signed_in(alice).get(views(signed_in(alice), place)["P"]).context["cl"].result_list

    client = signed_in(bob)
    shown: Any = client.get(views(client, place)["P"])

    assert hers.object_label == "Zanzibar"
    assert list(shown.context["cl"].result_list) == []


def test_sharing_takes_a_right_of_its_own(alice: User, bob: User) -> None:
    client = signed_in(bob)
    assert "is_shared" not in client.get(f"{SYSTEMS}views/").content.decode()
    save(client, SYSTEMS, "Mine", is_shared="on")
    assert not SavedView.objects.get().is_shared
    save(signed_in(alice), SYSTEMS, "Hers", is_shared="on")
    hers = SavedView.objects.get(name="Hers")

    for data in ({"name": "Mine now"}, {"delete": ""}):
        assert client.post(f"{SYSTEMS}views/", {"view": hers.pk, **data}).status_code == 403
    assert SavedView.objects.get(name="Hers").owner == alice

    give(bob, "share_savedview")
    client = signed_in(bob)
    client.post(f"{SYSTEMS}views/", {"view": hers.pk, "name": "Ours", "is_shared": "on"})
    client.post(f"{SYSTEMS}views/", {"view": hers.pk, "delete": ""})
    told_of = AuditEntry.objects.filter(object_resource="saved_views").order_by("pk")
    assert [(one.event, one.object_label, one.actor_label) for one in told_of] == [
        ("saved_view.created", "Hers", "alice"),
        ("saved_view.updated", "Ours", "bob"),
        ("saved_view.deleted", "Ours", "bob"),
    ]


def test_sharing_takes_the_right_whatever_page_asks(alice: User, bob: User) -> None:
    asked: Any = {"place": "crm.crmsystem", "asked": {}, "order": [], "columns": ["name"]}
    mine = save_view(SYSTEM, bob, name="Mine", is_shared=False, **asked)
    hers = save_view(SYSTEM, alice, name="Hers", is_shared=True, **asked)

    with pytest.raises(Forbidden):
        save_view(SYSTEM, bob, name="Ours", is_shared=True, **asked)
    for view, is_shared in ((mine, True), (hers, False)):
        with pytest.raises(Forbidden):
            change_view(SYSTEM, bob, view, name="Ours", is_shared=is_shared)
    assert not SavedView.objects.filter(name="Ours").exists()


def test_a_name_is_one_line_whatever_page_asks(alice: User) -> None:
    asked: Any = {"place": "crm.crmsystem", "asked": {}, "order": [], "columns": ["name"]}
    with pytest.raises(Invalid):
        save_view(SYSTEM, alice, name="a\nb", is_shared=False, **asked)
    assert not SavedView.objects.exists()


def test_a_private_view_is_nobody_elses(alice: User, bob: User) -> None:
    """Not even of who may share."""
    give(bob, "share_savedview")
    save(signed_in(alice), SYSTEMS, "Mine")
    mine = SavedView.objects.get()
    client = signed_in(bob)

    assert views(client, SYSTEMS) == {}
    assert "Mine" not in client.get(f"{SYSTEMS}views/").content.decode()
    answer = client.post(f"{SYSTEMS}views/", {"view": mine.pk, "name": "Stolen"})
    assert answer.status_code == 403
    assert SavedView.objects.get().name == "Mine"


def test_a_view_of_one_list_is_not_changed_at_another(alice: User) -> None:
    client = signed_in(alice)
    save(client, SYSTEMS, "Mine")
    data = {"view": SavedView.objects.get().pk, "delete": ""}

    assert client.post(f"{NOTES}views/", data).status_code == 403
    assert SavedView.objects.exists()


@pytest.mark.parametrize(
    "name", ["", " ", "\u200b", "a\nb", "a\0b", "a\u202eb", "a\x1bb", "x" * 61], ids=repr
)
def test_a_name_is_one_line_that_people_see(alice: User, name: str) -> None:
    client = signed_in(alice)
    answer = save(client, SYSTEMS, name)
    assert answer.status_code == 200
    assert not SavedView.objects.exists()
    save(client, SYSTEMS, "Mine")
    client.post(f"{SYSTEMS}views/", {"view": SavedView.objects.get().pk, "name": name})
    assert SavedView.objects.get().name == "Mine"


def test_no_two_views_of_a_list_have_one_name(alice: User) -> None:
    client = signed_in(alice)
    save(client, SYSTEMS, "Mine")
    answer = save(client, SYSTEMS, "Mine")
    assert "You have a view of that name." in answer.content.decode()
    save(client, NOTES, "Mine")
    assert SavedView.objects.count() == 2


def test_nobody_fills_a_list_with_tabs(alice: User) -> None:
    client = signed_in(alice)
    SavedView.objects.bulk_create(
        SavedView(owner=alice, place="crm.crmsystem", name=str(number), columns=["name"])
        for number in range(MOST_VIEWS)
    )
    answer = save(client, SYSTEMS, "One more")
    assert "Delete one first" in answer.content.decode()
    assert SavedView.objects.count() == MOST_VIEWS


@pytest.mark.parametrize("wrong", ["api_key__regex=a", "columns=api_key", "zzz=1"])
def test_only_what_the_list_takes_is_saved(alice: User, wrong: str) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(alice)
    client.post(f"{SYSTEMS}views/?{wrong}", {"name": "Mine"})
    assert not SavedView.objects.exists()


def test_a_search_that_the_list_does_not_take_is_not_saved(alice: User) -> None:
    save(signed_in(alice), f"{SYSTEMS}?q={'x' * 201}", "Mine")
    assert SavedView.objects.get().asked == {}


def test_a_stored_view_asks_for_no_more_than_any_address(alice: User) -> None:
    """Whatever stands in the database: the list takes it, or refuses it."""
    client = Client(raise_request_exception=False)
    client.force_login(alice)
    SavedView.objects.create(
        owner=alice, place="crm.crmsystem", name="Odd", columns=["api_key", "name"],
        order=["-api_key", "zzz"], asked={"api_key__regex": ["^a"]},
    )  # fmt: skip
    address = views(client, SYSTEMS)["Odd"]
    assert "columns=name" in address
    assert client.get(address).status_code == 400


def test_the_views_of_all_lists_cost_one_query(
    alice: User, django_assert_max_num_queries: Any
) -> None:
    client = signed_in(alice)
    client.get(SYSTEMS)
    for number in range(10):
        SavedView.objects.create(
            owner=alice, place="crm.crmsystem", name=f"View {number}", columns=["name"]
        )
    with django_assert_max_num_queries(40) as found:
        client.get(SYSTEMS)
    assert len([one for one in found if "lists_savedview" in one["sql"]]) == 1
