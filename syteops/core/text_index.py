"""Indexes that find a piece of a text, whichever it is: FTS5 on SQLite, pg_trgm on PostgreSQL.

A model names its columns that have one in `text_indexes`. The database keeps it up to date in the
transaction of each change, whoever makes it; `migrate` builds what is missing. Both index groups of
three characters. So a shorter word reads every row, as does each word where the database offers
neither: a search answers the same without an index, only later.
"""

import logging
from typing import Any

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections, transaction
from django.db.models.lookups import Contains

from syteops.core.folding import FoldedField

log = logging.getLogger(__name__)

SHORTEST = 3
"""Characters of a word for which an index is of use."""
_MOST_REPEATED = 2
_MOST_ASKED = 10
"""Pieces of a repetitive word that the index of PostgreSQL is asked for."""


def indexed_texts(model: Any) -> tuple[str, ...]:
    """The folded columns of a model that have such an index."""
    return getattr(model, "text_indexes", ())


class Holds(Contains):
    """Whether a folded column contains a text, looked for in its own.

    LIKE would compare all of a repetitive text anew at each letter of another, forty times as slow
    as what looks for nothing but texts. And what is folded has one case.
    """

    def as_sqlite(self, compiler: Any, connection: Any) -> Any:
        return self._found("instr", compiler, connection)

    def as_postgresql(self, compiler: Any, connection: Any) -> Any:
        return self._found("strpos", compiler, connection)

    def _found(self, function: str, compiler: Any, connection: Any) -> Any:
        if not isinstance(self.rhs, str):
            return self.as_sql(compiler, connection)
        text, given = self.process_lhs(compiler, connection)
        return f"{function}({text}, %s) > 0", [*given, self.rhs]


class Has(Holds):
    """Whether a folded column contains a text, looked up in its index where it has one."""

    def as_sqlite(self, compiler: Any, connection: Any) -> Any:
        """FTS5 is asked by its own table; what it tokenizes is what is stored."""
        column = self.lhs.target
        name = _fts_name(column.model, column.column)
        if len(self.rhs) < SHORTEST or name not in _fts_indexes(connection):
            return super().as_sqlite(compiler, connection)
        quote = connection.ops.quote_name
        index = quote(name)
        key = f"{quote(self.lhs.alias)}.{quote(column.model._meta.pk.column)}"
        asked = f"{key} IN (SELECT rowid FROM {index} WHERE {index} MATCH %s)"  # noqa: S608 - names
        if not _repeats_itself(self.rhs):
            return asked, [_phrase(self.rhs)]
        text, given = self.process_lhs(compiler, connection)
        params = [_pieces(self.rhs), *given, self.rhs]
        return f"({asked} AND instr({text}, %s) > 0)", params

    def as_postgresql(self, compiler: Any, connection: Any) -> Any:
        """pg_trgm is asked by LIKE, which then looks at each text that it has found."""
        if not isinstance(self.rhs, str) or not _repeats_itself(self.rhs):
            return self.as_sql(compiler, connection)
        text, given = self.process_lhs(compiler, connection)
        pieces = [*dict.fromkeys(_pieces_of(self.rhs))][:_MOST_ASKED]
        params: list[Any] = []
        for piece in pieces:
            params += [*given, f"%{connection.ops.prep_for_like_query(piece)}%"]
        asked = " AND ".join([f"{text} LIKE %s"] * len(pieces))
        return f"({asked} AND strpos({text}, %s) > 0)", [*params, *given, self.rhs]


def is_in_many(model: Any, name: str, word: str, many: int) -> bool:
    """Whether more than so many rows have the word in that column; looks no further than that."""
    connection = connections[DEFAULT_DB_ALIAS]
    index = _fts_name(model, model._meta.get_field(name).column)
    if connection.vendor != "sqlite" or index not in _fts_indexes(connection):
        found = model._base_manager.order_by().filter(**{f"{name}__has": word})
        return bool(found.values("pk")[many : many + 1])
    with connection.cursor() as cursor:
        # By itself: as a condition, all that fit would be collected first.
        asked = f'SELECT 1 FROM "{index}" WHERE "{index}" MATCH %s LIMIT 1 OFFSET %s'  # noqa: S608
        cursor.execute(asked, [(_pieces if _repeats_itself(word) else _phrase)(word), many])
        return cursor.fetchone() is not None


def _phrase(word: str) -> str:
    return '"' + word.replace('"', '""') + '"'


def _repeats_itself(word: str) -> bool:
    """Whether so many of its pieces are the same that FTS5 would take too long for its phrase.

    It compares the places of each piece in a row, once for each time that it is in the word: a
    hundred times the same letter took it half a minute.
    """
    pieces = _pieces_of(word)
    return len(pieces) - len({*pieces}) > _MOST_REPEATED


def _pieces(word: str) -> str:
    """Rows that have each piece of the word, wherever."""
    return " AND ".join(_phrase(one) for one in dict.fromkeys(_pieces_of(word)))


def _pieces_of(word: str) -> list[str]:
    return [word[at : at + SHORTEST] for at in range(len(word) - SHORTEST + 1)]


# Other columns have no such look-up, so that `search` looks into none of them by mistake.
FoldedField.register_lookup(Has, "has")
FoldedField.register_lookup(Holds, "contains")


def build_text_indexes(sender: Any, using: str = DEFAULT_DB_ALIAS, **kwargs: Any) -> None:
    """Build the indexes of an app's models that are missing; for `post_migrate`.

    A database without pg_trgm may have got it since: so it looks after every `migrate`.
    """
    connection = connections[using]
    wanted = [(one, name) for one in sender.get_models() for name in indexed_texts(one)]
    for model, name in wanted:
        column = model._meta.get_field(name).column
        if not _has_column(connection, model._meta.db_table, column):
            continue  # migrated to a time before it
        if connection.vendor == "sqlite":
            _build_fts(connection, model, column)
        else:
            _build_trigrams(connection, model, column)


def drop_text_indexes(sender: Any, plan: Any, using: str = DEFAULT_DB_ALIAS, **kwargs: Any) -> None:
    """Take away SQLite's indexes of an app that is about to be migrated; for `pre_migrate`.

    SQLite alters no table of which a trigger names what goes.
    """
    connection = connections[using]
    if connection.vendor != "sqlite" or sender.label not in {one.app_label for one, _ in plan}:
        return
    _forget_fts_indexes(connection)
    with transaction.atomic(using), connection.cursor() as cursor:
        cursor.execute("SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger'")
        for trigger, table in cursor.fetchall():
            index, _, when = trigger.rpartition("_")
            if when in _WHEN and index.endswith("_fts") and table.startswith(f"{sender.label}_"):
                cursor.execute(f'DROP TRIGGER "{trigger}"')
                cursor.execute(f'DROP TABLE IF EXISTS "{index}"')


def _has_column(connection: Any, table: str, column: str) -> bool:
    with connection.cursor() as cursor:
        if table not in connection.introspection.table_names(cursor):
            return False
        found = connection.introspection.get_table_description(cursor, table)
    return any(one.name == column for one in found)


# --- SQLite ----------------------------------------------------------------------------------


_WITH_TRIGRAMS = (3, 34)


def _can_have_fts(connection: Any) -> bool:
    """Whether this SQLite can keep such an index: a recent one, where FTS5 was compiled in."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT sqlite_compileoption_used('ENABLE_FTS5')")
        is_compiled_in = bool(cursor.fetchone()[0])
    return is_compiled_in and bool(connection.Database.sqlite_version_info >= _WITH_TRIGRAMS)


def _fts_indexes(connection: Any) -> set[str]:
    """The names of the indexes that are there, looked up once: a `migrate` that died has some away.

    Where this SQLite cannot read them, as after a move to another machine, there are none.
    """
    known: set[str] | None = vars(connection).get("fts_indexes")
    if known is None:
        known = set(_read_fts_indexes(connection)) if _can_have_fts(connection) else set()
        connection.fts_indexes = known
    return known


def _read_fts_indexes(connection: Any) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM sqlite_master WHERE sql LIKE 'CREATE VIRTUAL %%fts5%%'")
        return [name for (name,) in cursor.fetchall()]


def _forget_fts_indexes(connection: Any) -> None:
    vars(connection).pop("fts_indexes", None)


def _fts_name(model: Any, column: str) -> str:
    return f"{model._meta.db_table}_{column}_fts"


_WHEN = ("insert", "delete", "update")
_FTS = (
    # Of the table's own texts, not of a copy.
    'DROP TABLE IF EXISTS "{fts}"',
    """CREATE VIRTUAL TABLE "{fts}" USING fts5(
        "{column}", content='{table}', content_rowid='{key}', tokenize='trigram case_sensitive 1'
    )""",
    """CREATE TRIGGER "{fts}_insert" AFTER INSERT ON "{table}" BEGIN {add}; END""",
    """CREATE TRIGGER "{fts}_delete" AFTER DELETE ON "{table}" BEGIN {drop}; END""",
    """CREATE TRIGGER "{fts}_update" AFTER UPDATE OF "{key}", "{column}" ON "{table}"
        WHEN old."{key}" <> new."{key}" OR old."{column}" <> new."{column}"
        BEGIN {drop}; {add}; END""",
    """INSERT INTO "{fts}"("{fts}") VALUES ('rebuild')""",
)
_ADD = """INSERT INTO "{fts}"(rowid, "{column}") VALUES (new."{key}", new."{column}")"""
_DROP = """INSERT INTO "{fts}"("{fts}", rowid, "{column}")
    VALUES ('delete', old."{key}", old."{column}")"""


def _build_fts(connection: Any, model: Any, column: str) -> None:
    if not _can_have_fts(connection):
        return
    _forget_fts_indexes(connection)
    names = {
        "fts": _fts_name(model, column),
        "table": model._meta.db_table,
        "key": model._meta.pk.column,
        "column": column,
    }
    names |= {"add": _ADD.format_map(names), "drop": _DROP.format_map(names)}
    with transaction.atomic(connection.alias), connection.cursor() as cursor:
        triggers = [f"{names['fts']}_{when}" for when in _WHEN]
        cursor.execute("SELECT COUNT(*) FROM sqlite_master WHERE name IN (%s, %s, %s)", triggers)
        if cursor.fetchone()[0] == len(triggers):
            return
        for trigger in triggers:
            cursor.execute(f'DROP TRIGGER IF EXISTS "{trigger}"')
        for statement in _FTS:
            cursor.execute(statement.format_map(names))


def optimize_text_indexes(connection: Any) -> None:
    """Have SQLite's indexes hold nothing of what was deleted or changed until now.

    FTS5 only notes that something is gone, until it merges what it holds, which this makes it do.
    An index that has not changed since costs nothing.
    """
    with connection.cursor() as cursor:
        for index in _read_fts_indexes(connection):
            cursor.execute(f'INSERT INTO "{index}"("{index}") VALUES (\'optimize\')')  # noqa: S608


# --- PostgreSQL ------------------------------------------------------------------------------


def _build_trigrams(connection: Any, model: Any, column: str) -> None:
    table = model._meta.db_table
    try:
        with transaction.atomic(connection.alias), connection.cursor() as cursor:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            cursor.execute(
                f'CREATE INDEX IF NOT EXISTS "{table}_{column}_trgm" ON "{table}" '
                f'USING gin ("{column}" gin_trgm_ops)'
            )
    except DatabaseError as error:
        log.warning(
            "Searches of %s read every row, for want of pg_trgm: %s", table, str(error).strip()
        )
