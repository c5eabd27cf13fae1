"""Searches go by an index, which is never out of date, and answer the same without one."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from notes import services
from notes.models import ActionItem, Note, NoteTag
from notes.queries import SEARCHED
from syteops.core.actors import SYSTEM
from syteops.core.folding import fill_folded
from syteops.core.search import MOST_LETTERS, search
from syteops.core.text_index import build_text_indexes, drop_text_indexes
from syteops.lib.folding import fold
from syteops.server.housekeeping import TASKS
from syteops.team import services as team
from tests.effort import takes_over
from tests.manage_api.plans import plan_of

pytestmark = [pytest.mark.django_db, pytest.mark.combination]

MANY = 100_000
TEXTS = [
    "Müller & Söhne", 'say "hello"', "100%_\\x", "a*b?c[d]", "Ünïcode", "日本語のメモ", "it's",
    "x  y", "--", "OR AND NOT", "{title}: ^star", "ﬁnance", "Straße", "n" * 300,
]  # fmt: skip


def found(text: str) -> set[str]:
    return {note.title for note in search(Note.objects.all(), SEARCHED, text)}


def make(title: str, **values: Any) -> Note:
    return services.create_note(SYSTEM, title=title, **values)


@pytest.mark.parametrize("text", TEXTS)
def test_every_piece_of_a_text_is_found_and_nothing_else(text: str) -> None:
    make("1", content=text)
    make("Other")
    folded = fold(text)
    pieces = {folded[n : n + size] for size in (1, 2, 3, 4, 9) for n in range(len(folded))}
    for piece in pieces:
        words = piece.split()
        titles = found(piece)
        assert "1" in titles, piece
        assert ("Other" in titles) == all(one in "other" for one in words), piece


def test_a_repetitive_word_is_looked_for_in_linear_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where an index is of no use, for a word whose pieces many texts have."""
    monkeypatch.setattr("syteops.core.search.MANY", 0)
    make("1", content="aab " + "a" * 99_000)
    word = "a" * 199 + "b"

    def ask() -> None:
        for _ in range(40):
            assert not found(word)

    ask()  # what is prepared once
    assert not takes_over(0.5, ask)
    assert found("a" * 199) == {"1"}


def test_of_a_word_so_many_letters_count() -> None:
    make("1", content="x" * (MOST_LETTERS + 1))
    assert found("x" * MOST_LETTERS + "y" * 100_000) == {"1"}
    assert found("x" * (MOST_LETTERS - 1) + "y") == set()


def test_a_word_of_the_same_pieces_is_found_where_they_are_in_a_row() -> None:
    make("In a row", content="n" * 12)
    make("Apart", content="n" * 11 + "-" + "n" * 11 + " nnm")

    assert found("n" * 11) == {"In a row", "Apart"}
    assert found("n" * 12) == {"In a row"}
    assert found("n" * 11 + "m") == set()


def test_and_takes_no_longer_than_another() -> None:
    for number in range(15):
        make(str(number), content="z" * 100_000)

    assert not takes_over(1, found, "z" * 100)
    assert len(found("z" * 100)) == 15


@pytest.mark.postgresql_only
@pytest.mark.parametrize(("word", "pieces"), [("a" * 199 + "b", 2), ("100%_" * 40, 5)])
def test_like_compares_no_text_with_a_repetitive_word(word: str, pieces: int) -> None:
    """At each letter of a text of the same letters, it compared all of it: 40 ms for each note."""
    make("1", content=f"x {word} y")
    make("2", content=f"x {word[:-1]} {word[-3:]}")
    asked = Note.objects.filter(searched__has=word)
    _, params = asked.query.sql_with_params()
    likes = [one for one in map(str, params) if one.startswith("%")]

    assert found(word) == {one.title for one in asked} == {"1"}
    assert len(likes) == pieces
    assert max(map(len, likes)) <= 8  # a piece and what escapes it


def test_a_change_is_found_in_its_own_transaction_and_a_failed_one_never() -> None:
    note = make("Alpha", content="first", action_items=[{"text": "Call Zoë"}], tags=["urgent"])
    assert found("first") == found("zoe") == found("urge") == {"Alpha"}

    services.update_note(SYSTEM, note, content="second", action_items=[], tags=["later"])
    assert found("first") == found("zoe") == found("urge") == set()
    assert found("second") == found("later") == {"Alpha"}

    with transaction.atomic():
        services.update_note(SYSTEM, note, content="third")
        assert found("third") == {"Alpha"}
        transaction.set_rollback(True)
    note.refresh_from_db()
    assert found("third") == set()
    assert found("second") == {"Alpha"}

    services.delete_note(SYSTEM, note)
    assert found("second") == found("later") == set()


def test_those_who_were_there_are_found_by_the_name_that_they_have_now() -> None:
    ada = team.create_team_member(SYSTEM, first_name="Ada", last_name="Lovelace")
    make("Meeting", attendees=[ada], attendee_names=["Zoë Guest"])
    make("Other")

    assert found("lovel") == found("zoe guest") == {"Meeting"}
    team.update_team_member(SYSTEM, ada, last_name="Byron")
    assert found("lovelace") == set()
    assert found("byron") == {"Meeting"}


def test_what_a_member_keeps_to_itself_is_no_way_to_find_a_note() -> None:
    ada = team.create_team_member(SYSTEM, first_name="Ada", email="secret@ada.example")
    make("Meeting", attendees=[ada])

    assert found("secret@ada") == set()


def test_changes_past_the_services_are_found_as_well() -> None:
    pk = make("Alpha").pk
    Note.objects.filter(pk=pk).update(searched="omega")
    assert found("alpha") == set()
    assert found("omeg") == {"Alpha"}
    Note.objects.filter(pk=pk).delete()
    assert found("omega") == set()


@pytest.mark.sqlite_only
def test_a_table_that_lost_its_triggers_is_indexed_anew() -> None:
    make("Alpha")
    with connection.cursor() as cursor:  # as Django does it when it writes the table anew
        cursor.execute("DROP TRIGGER notes_note_searched_fts_update")
    Note.objects.update(searched="omega")
    assert found("omega") == set()

    build_text_indexes(apps.get_app_config("notes"))

    assert found("omega") == {"Alpha"}
    assert found("alpha") == set()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO notes_note_searched_fts(notes_note_searched_fts, rank) "
            "VALUES ('integrity-check', 1)"
        )


@pytest.mark.django_db(transaction=True)
def test_a_migration_of_the_column_itself_keeps_what_is_found() -> None:
    make("Alpha")
    call_command("migrate", verbosity=0)
    assert found("alph") == {"Alpha"}

    column = Note._meta.get_field("searched")
    drop_text_indexes(apps.get_app_config("notes"), [(SimpleNamespace(app_label="notes"), False)])
    with connection.schema_editor() as editor:
        editor.remove_field(Note, column)
        editor.add_field(Note, column)
    fill_folded(apps, "notes.Note")
    call_command("migrate", verbosity=0)

    assert found("alph") == {"Alpha"}
    make("Beta", action_items=[{"text": "Gamma"}])
    assert found("gamm") == {"Beta"}


RARE = "ѫѭѯ"


def is_kept(text: str) -> bool:
    """Whether the index itself holds that word of three characters."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT block FROM notes_note_searched_fts_data")
        return any(text.encode() in block for (block,) in cursor.fetchall())


def erase_somebody() -> None:
    team.erase_team_member(SYSTEM, team.create_team_member(SYSTEM, first_name="Ada"))


@pytest.mark.sqlite_only
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("shred", [lambda: TASKS["empty_journal"](SYSTEM), erase_somebody])
def test_nothing_deleted_stays_in_an_index(shred: Callable[[], None]) -> None:
    for title in ("Alpha", "Beta"):
        make(title)
    gone, changed = make("Gone", content=RARE), make("Changed", content=RARE)
    services.delete_note(SYSTEM, gone)
    services.update_note(SYSTEM, changed, content="")
    assert is_kept(RARE)

    shred()

    assert not is_kept(RARE)
    assert found("alpha") == {"Alpha"}


@pytest.mark.sqlite_only
@pytest.mark.django_db(transaction=True)
def test_a_migration_that_died_lets_searches_work_until_the_next_one() -> None:
    make("Alpha")
    assert is_asked_of_the_index("alpha")
    plan = [(SimpleNamespace(app_label="notes"), False)]

    drop_text_indexes(apps.get_app_config("notes"), plan)

    try:
        assert found("alpha") == {"Alpha"}
        assert not is_asked_of_the_index("alpha")
    finally:
        call_command("migrate", verbosity=0)
    assert found("alpha") == {"Alpha"}
    assert is_asked_of_the_index("alpha")


def is_asked_of_the_index(text: str) -> bool:
    return " MATCH " in " ".join(statements_of(text))


def statements_of(text: str) -> list[str]:
    """Those by which a search is made; what it found is asked for by others."""
    with CaptureQueriesContext(connection) as seen:
        search(Note.objects.all(), SEARCHED, text)
    return [one["sql"] for one in seen if " UNION " in one["sql"]]


@pytest.fixture
def no_index(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if connection.vendor == "sqlite":
        monkeypatch.setattr(connection, "fts_indexes", set(), raising=False)
        return
    with connection.cursor() as cursor:
        cursor.execute("DROP EXTENSION pg_trgm CASCADE")


def test_a_database_without_such_an_index_finds_the_same(no_index: None) -> None:
    make("Müller", action_items=[{"text": "Call Zoë"}])
    make("Other")
    assert found("mull") == found("zoe") == {"Müller"}
    assert found("e") == {"Müller", "Other"}


@pytest.mark.postgresql_only
def test_whoever_may_make_no_extension_can_migrate_and_search(no_index: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE nobody_special")
        cursor.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO nobody_special")
        cursor.execute("SET LOCAL ROLE nobody_special")
    build_text_indexes(apps.get_app_config("notes"))
    assert found("anything") == set()


# --- Many notes --------------------------------------------------------------------------------


@pytest.fixture
def many(db: None) -> None:
    """100,000 notes, each with a tag and an action item; one word in a hundred is in few."""
    number = "n" if connection.vendor == "sqlite" else "n::text"
    series = (
        f"WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {MANY})"
        if connection.vendor == "sqlite"
        else f"WITH s(n) AS (SELECT generate_series(1, {MANY}))"
    )
    empty = "'[]'" if connection.vendor == "sqlite" else "'[]'::jsonb"
    with connection.cursor() as cursor:
        cursor.execute(
            f"{series} INSERT INTO notes_note (title, content, excerpt, excerpt_derived, slug,"
            " meta, status, attendee_names, created_at, updated_at, title_folded, searched)"
            f" SELECT 'Note ' || {number}, '', '', TRUE, 'many-' || {number},"
            f" '{{}}', 'draft', {empty}, CURRENT_TIMESTAMP, CURRENT_TIMESTAMP,"
            f" 'note', 'q' || {number} FROM s"
        )
        for table, more, values in (
            ("notes_notetag", "name, name_folded", "'t', 'tag' || id || '.'"),
            (
                "notes_actionitem",
                "text, searched, position, done",
                "'do', 'do' || id || '.', 0, id % 2 = 0",
            ),
        ):
            cursor.execute(
                f"INSERT INTO {table} (note_id, {more}) SELECT id, {values} FROM notes_note"
            )
        cursor.execute("ANALYZE")


@pytest.mark.slow
def test_among_many_notes_a_search_looks_into_indexes_only(many: None) -> None:
    make("Something rare")
    assert found("rare") == {"Something rare"}
    one = Note.objects.order_by("pk")[MANY // 2]
    assert found(f"tag{one.pk}.") == found(f"do{one.pk}.") == {one.title}

    (statement,) = statements_of("rare")
    plan = plan_of(statement)

    for index in (
        "notes_note_searched",
        "notes_notetag_name_folded",
        "notes_actionitem_searched",
    ):
        kind = "trgm" if connection.vendor == "postgresql" else "fts"
        assert f"{index}_{kind}" in plan, plan
    for model in (Note, NoteTag, ActionItem):
        table = model._meta.db_table
        assert f"Seq Scan on {table} " not in plan, plan
        assert f"SCAN {table}\n" not in f"{plan}\n", plan


def test_a_migration_fills_the_folded_columns() -> None:
    make("Alpha", attendee_names=["Zoë"], action_items=[{"text": "Über"}])
    Note.objects.update(searched="")
    ActionItem.objects.update(searched="")
    assert found("zoe") == found("uber") == set()

    fill_folded(apps, "notes.Note", "notes.ActionItem")

    assert found("zoe") == found("uber") == {"Alpha"}
