"""What somebody changes of suggested items before they are stored: checked as any write is."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from manage_api.serializers import StrictSerializer
from syteops.ai.suggesting import Item, Suggesting
from syteops.core.errors import Invalid

_NO_INDEX = 'Each name is the index of a chosen item, such as "0".'


Field = serializers.Field[Any, Any, Any, Any]


@dataclass(frozen=True)
class Edits:
    """What is changed of chosen items: of each, by its index as text, the values that it gets."""

    given: Mapping[str, Any]

    def applied(self, suggests: Suggesting, items: Mapping[int, Item]) -> dict[int, Item]:
        """The items, by index, with what is changed of them.

        Raises ValidationError naming each wrong value below `changes`.
        """
        named = {str(index): index for index in items}
        if not self.given.keys() <= named.keys():
            raise ValidationError({"changes": [ErrorDetail(_NO_INDEX, "invalid")]})
        problems: dict[str, Any] = {}
        result = dict(items)
        for name, values in self.given.items():
            try:
                result[named[name]] = _edited(suggests, items[named[name]], values)
            except ValidationError as refusal:
                problems[name] = refusal.detail
        if problems:
            raise ValidationError({"changes": problems})
        return result


def _edited(suggests: Suggesting, item: Item, values: Any) -> Item:
    serializer = StrictSerializer(data=values, partial=True)
    for name, field in suggests.fields().items():
        serializer.fields[name] = deepcopy(field)  # bound anew
    serializer.is_valid(raise_exception=True)
    new = {
        name: None if value is None else serializer.fields[name].to_representation(value)
        for name, value in serializer.validated_data.items()
    }
    try:
        return suggests.completed({**item, **new})
    except Invalid as refusal:
        told = {str(one.path[0]): [ErrorDetail(one.detail, one.code)] for one in refusal.errors}
        raise ValidationError(told) from refusal
