"""What a note derives from its texts: the excerpt and the slug."""

from typing import Any

import pytest

from notes import services
from notes.models import Note
from syteops.core.actors import SYSTEM
from syteops.modules import services as modules
from tests.fixtures import Api


def configure(**config) -> None:
    modules.update_config(SYSTEM, modules.locked_state("notes"), config=config)


def make(api: Api, **values) -> dict[str, Any]:
    made = api.post("/notes", {"title": "A note", **values})
    assert made.status_code == 201, made.json()
    shown: dict[str, Any] = made.json()
    return shown


def change(api: Api, note: dict[str, Any], **values) -> dict[str, Any]:
    shown: dict[str, Any] = api.patch(f"/notes/{note['id']}", values).json()
    return shown


def test_an_excerpt_is_plain_text_cut_at_a_words_end(api: Api) -> None:
    note = make(api, content="## Hi\n\n" + "word <b>and</b> [link](https://a.example) " * 30)

    assert len(note["excerpt"]) <= 161
    assert note["excerpt"].startswith("Hi word <b>and</b> link word")
    assert note["excerpt"].endswith("…")
    assert "](" not in note["excerpt"]


def test_a_derived_excerpt_follows_the_content(api: Api) -> None:
    note = make(api, content="First words")

    assert change(api, note, title="Other")["excerpt"] == "First words"
    assert change(api, note, content="Second words")["excerpt"] == "Second words"


def test_an_own_excerpt_stays_until_it_is_cleared(api: Api) -> None:
    note = make(api, content="First words", excerpt="My own")

    assert change(api, note, content="Second words")["excerpt"] == "My own"
    assert change(api, note, excerpt="")["excerpt"] == "Second words"
    assert change(api, note, content="Third words")["excerpt"] == "Third words"


def test_a_derived_excerpt_sent_back_does_not_become_an_own_one(api: Api) -> None:
    note = make(api, content="First words")

    shown = change(api, note, excerpt="First words", content="Second words")

    assert shown["excerpt"] == "Second words"


def test_the_module_says_how_long_an_excerpt_is(api: Api) -> None:
    configure(excerpt_length=40)

    assert len(make(api, content="word " * 100)["excerpt"]) <= 41


def test_equal_titles_get_numbered_slugs(api: Api) -> None:
    slugs = [make(api, title="Über Ümläute & Co.")["slug"] for _ in range(3)]

    assert slugs == ["ueber-uemlaeute-co", "ueber-uemlaeute-co-2", "ueber-uemlaeute-co-3"]


def test_a_numbered_slug_is_free_whichever_others_are_taken(db: None) -> None:
    for taken in ([1, 2, 4], [1, 2, 3, 4, 8], [1, *range(2, 41)], [1, 2, 16], [2], [1, 3]):
        Note.objects.all().delete()
        slugs = [f"a-{number}" if number > 1 else "a" for number in taken]
        Note.objects.bulk_create(Note(title="A", slug=one) for one in slugs)
        made = services.create_note(SYSTEM, title="A").slug
        assert made not in slugs
        assert made in ("a", *(f"a-{number + 1}" for number in taken)), (made, taken)


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("会議", "huiyi"),
        ("___ 1", "1"),
        ("Größe & Straße", "groesse-strasse"),
        ("a" * 200, "a" * 120),
        ("A_b", "a-b"),
    ],
)
def test_any_title_makes_a_slug(api: Api, title: str, slug: str) -> None:
    assert make(api, title=title)["slug"] == slug
    again = make(api, title=title)["slug"]
    assert again != slug
    assert len(again) <= 120


def test_a_slug_stays_when_the_title_changes(api: Api) -> None:
    note = make(api, title="Before")

    assert change(api, note, title="After")["slug"] == "before"
    assert change(api, note, slug="mine")["slug"] == "mine"


def test_a_slug_that_is_taken_is_refused(api: Api) -> None:
    make(api, slug="mine")
    other = make(api, title="Other")

    for refused in (
        api.post("/notes", {"title": "x", "slug": "mine"}),
        api.patch(f"/notes/{other['id']}", {"slug": "mine"}),
    ):
        assert refused.status_code == 400
        assert refused.json()["errors"][0]["code"] == "not_unique"
        assert refused.json()["errors"][0]["pointer"] == "#/slug"
    assert Note.objects.filter(slug="mine").count() == 1


def test_true_is_not_one_in_meta(api: Api) -> None:
    note = make(api, meta={"flag": 1})

    assert change(api, note, meta={"flag": True})["meta"] == {"flag": True}
    assert api.get(f"/notes/{note['id']}").json()["meta"] == {"flag": True}


def test_the_module_says_how_a_note_begins(api: Api) -> None:
    configure(default_status="published", follow_up_days=14)

    note = make(api, meeting_date="2026-11-20")
    assert note["status"] == "published"
    assert note["follow_up_date"] == "2026-12-04"
    assert make(api, meeting_date="2026-11-20", follow_up_date=None)["follow_up_date"] is None
    assert make(api, status="draft")["status"] == "draft"


@pytest.mark.parametrize(
    "wrong", [{"excerpt_length": 10}, {"default_status": "archived"}, {"x": 1}]
)
def test_a_wrong_config_is_refused(api: Api, wrong: dict[str, Any]) -> None:
    refused = api.patch("/modules/notes/config", {"config": wrong})

    assert refused.status_code == 400
    assert api.get("/modules/notes/config").json()["config"]["excerpt_length"] == 160


def test_a_meeting_at_the_end_of_time_has_no_follow_up(api: Api) -> None:
    configure(follow_up_days=14)
    refused = api.post("/notes", {"title": "Last", "meeting_date": "9999-12-31"})
    assert refused.status_code == 400
    (error,) = refused.json()["errors"]
    assert (error["pointer"], error["code"]) == ("#/meeting_date", "out_of_range")
    given = {"title": "Last", "meeting_date": "9999-12-31", "follow_up_date": None}
    assert api.post("/notes", given).status_code == 201
