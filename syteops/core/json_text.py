"""JSON kept as text: what comes back is what went in, number for number."""

import json
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models


class JsonTextField(models.TextField):  # type: ignore[type-arg]
    """A JSON value in a text column. PostgreSQL's jsonb would rewrite numbers and key order."""

    def from_db_value(self, value: str | None, *args: Any) -> Any:
        return None if value is None else json.loads(value)

    def get_prep_value(self, value: Any) -> str | None:
        return None if value is None else json.dumps(value, cls=DjangoJSONEncoder, sort_keys=True)

    def to_python(self, value: Any) -> Any:
        return json.loads(value) if isinstance(value, str) else value

    def value_to_string(self, obj: models.Model) -> str:
        return str(self.get_prep_value(self.value_from_object(obj)))
