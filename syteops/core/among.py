"""Asking for rows by very many values at once."""

import json
from collections.abc import Set
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db.models import Field, ForeignKey, Lookup


class Among(Lookup[Any]):
    """Whether a column has one of the values, a set of whole numbers or of texts.

    That is a single parameter however many they are, where `in` has one for each: databases take
    only so many of these, and Django composes a statement from each of them.
    """

    lookup_name = "among"
    prepare_rhs = False
    rhs: Set[Any]

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        if not self.rhs:
            raise EmptyResultSet
        column, params = self.process_lhs(compiler, connection)
        values = sorted(self.rhs)
        if connection.vendor == "sqlite":
            listed = json.dumps(values)
            return f"{column} IN (SELECT value FROM json_each(%s))", (*params, listed)  # noqa: S608
        return f"{column} = ANY(%s)", (*params, values)


Field.register_lookup(Among)
ForeignKey.register_lookup(Among)  # which inherits none
