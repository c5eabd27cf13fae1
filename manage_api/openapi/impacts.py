"""What destructive operations would take away, as components.

The type is what the impact's function says that it returns, a TypedDict; so the description cannot
differ from the code. Whoever may not read the resource sees less of it: no member is required.
"""

from collections.abc import Iterable
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints, is_typeddict

from manage_api.openapi.parts import COUNT, Json, confirmation_of, consequences_of_writes, ref
from manage_api.operations import Operation
from syteops.core.impacts import counted

# The actions of the base classes ask the app's own function.
_ASKED = {
    "destroy_impact": "deletion_impact",
    "update_impact": "deletion_impact",
    "impact_of_turning_off": "turning_off_impact",
}
_REFUSAL = "ConfirmationRequired"
_PLAIN = {str: "string", int: "integer", bool: "boolean", NoneType: "null"}


def impact_type(one: Operation) -> Any:
    """The TypedDict of what a destructive operation would take away; None if it declares none."""
    method: Any = getattr(one.viewset, f"{one.endpoint}_impact", None)
    if method and method.__name__ in _ASKED:
        method = getattr(one.viewset, _ASKED[method.__name__])
    returned = get_type_hints(method).get("return") if method else None
    return returned if is_typeddict(returned) else None


def confirmation_name(one: Operation) -> str:
    """The component of the operation's refusal without consent."""
    typed = impact_type(one)
    return f"{typed.__name__.removesuffix('Impact')}{_REFUSAL}" if typed else _REFUSAL


def confirmations(operations: Iterable[Operation]) -> dict[str, Json]:
    """The components of all such refusals, and of what they hold."""
    found: dict[str, Json] = {}
    for one in (one for one in operations if one.may_ask):
        typed = impact_type(one)
        if typed:
            found |= components_of(typed)
            found[typed.__name__]["properties"] |= consequences_of_writes()
        impact = ref("schemas", typed.__name__) if typed else {"type": "object"}
        found[confirmation_name(one)] = confirmation_of(impact)
    return found


def components_of(typed: Any) -> dict[str, Json]:
    """The component of a TypedDict, and of those that it holds, by name."""
    found: dict[str, Json] = {}
    properties: Json = {}
    for name, hint in get_type_hints(typed).items():
        properties[name] = _schema(hint, found)
        if properties[name].get("type") == "array":
            properties[counted(name)] = COUNT
    shape = {"type": "object", "properties": properties, "additionalProperties": True}
    found[typed.__name__] = {**shape, "description": typed.__doc__}
    return found


def _schema(hint: Any, found: dict[str, Json]) -> Json:
    if is_typeddict(hint):
        found |= components_of(hint)
        return ref("schemas", hint.__name__)
    if hint in _PLAIN:
        return {"type": _PLAIN[hint]}
    origin, inner = get_origin(hint), get_args(hint)
    if origin is list:
        return {"type": "array", "items": _schema(inner[0], found)}
    if origin in (Union, UnionType):
        return {"type": [_PLAIN[one] for one in inner]}
    return {"type": "object", "additionalProperties": True}
