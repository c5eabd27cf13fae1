"""How the database goes about the statements of a request."""

import re
from collections.abc import Callable
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext


def plans_of(ask: Callable[[], Any], table: str) -> dict[str, str]:
    """The plan of each read of many rows of `table`, by its statement.

    PostgreSQL opens no index for a few rows, so it is told that everything else costs too much.
    """
    with CaptureQueriesContext(connection) as seen:
        answer = ask()
    assert answer.status_code == 200, answer.content[:500]
    reads = [one["sql"] for one in seen if re.match(rf'SELECT .*FROM "{table}"', one["sql"])]
    many = [sql for sql in reads if "ORDER BY" in sql or "COUNT(" in sql]
    return {sql: plan_of(sql) for sql in many}


def plan_of(sql: str) -> str:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("SET LOCAL enable_sort = off")
        explain = "EXPLAIN" if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN"
        cursor.execute(f"{explain} {sql}")
        return "\n".join(str(row[-1]) for row in cursor.fetchall())


def sorts_everything(plan: str) -> bool:
    """Whether all rows are put in order, and not only those that an index has as equals."""
    if connection.vendor == "postgresql":
        return re.search(r"(?<!Incremental )Sort  ", plan) is not None
    return "USE TEMP B-TREE FOR ORDER BY" in plan
