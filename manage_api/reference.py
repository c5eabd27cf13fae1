"""The reference pages of the docs, written from the declarations themselves.

An app enters a page of its own in its `reference.py`.
"""

from collections.abc import Callable
from itertools import groupby

from django.utils.module_loading import autodiscover_modules

from manage_api.errors import CODES, FIELD_CODES
from manage_api.openapi.document import operation_schemas
from manage_api.operations import Operation, all_operations
from syteops.lib.paths import API_ROOT

_HEAD = "<!-- Written by `manage.py write_reference`; do not edit. -->\n"

Page = Callable[[], str]
_pages: dict[str, Page] = {}


def page(name: str) -> Callable[[Page], Page]:
    """Mark a function that writes the whole text of docs/`name`."""

    def enter(write: Page) -> Page:
        _pages[name] = write
        return write

    return enter


def all_pages() -> dict[str, Page]:
    """Every page that is written by code, by file name."""
    autodiscover_modules("reference")
    return dict(_pages)


def cell(text: str) -> str:
    """`text` as it stands in a table."""
    return text.replace("|", "\\|")


@page("operations.md")
def operations_page() -> str:
    """Every operation with its scope, path and parameters, by resource."""
    ordered = sorted(all_operations(), key=lambda one: one.resource)
    parts = [_HEAD, "# Operations\n", f"REST paths are relative to `{API_ROOT}`. Each operation\n"]
    parts[-1] += (
        "needs exactly one scope. **D** marks a destructive one, which needs `confirm=true`;\n"
        "**S** one that takes secrets. A `*` marks a required parameter.\n"
    )
    for resource, group in groupby(ordered, key=lambda one: one.resource):
        parts += [
            f"## {resource}\n",
            "| Operation | REST | Scope | | Parameters | What it does |",
            "|---|---|---|---|---|---|",
            *map(_row, group),
            "",
        ]
    return "\n".join(parts)


def _row(one: Operation) -> str:
    schema, _ = operation_schemas(one.name)
    required = set(schema["required"])
    names = [f"`{n}`{'*' if n in required else ''}" for n in schema["properties"]]
    marks = ("D" if one.destructive else "") + ("S" if one.secret_keys else "")
    about = cell(f"{one.summary}. {one.description}".strip())
    rest = f"`{one.method} {one.path}`"
    return f"| `{one.name}` | {rest} | `{one.scope}` | {marks} | {', '.join(names)} | {about} |"


@page("errors.md")
def errors_page() -> str:
    """Every error code, with what to do about it."""
    lines = [
        _HEAD,
        "# Errors\n",
        "Every 4xx and 5xx is `application/problem+json` (RFC 9457): `type`, `title`, `status`,",
        "`detail`, `code`, `request_id` and `errors`. Codes are stable; texts are for people.\n",
        "| Code | Status | Meaning | What to do |",
        "|---|---|---|---|",
        *(f"| `{n}` | {c.status} | {c.title} | {c.cure} |" for n, c in CODES.items()),
        "\n## Field codes\n",
        "In `errors`, each with a JSON Pointer (RFC 6901) into the body. An item of a bulk that is",
        "refused for another reason than its fields is named with one of the codes above.\n",
        "| Code | Meaning |",
        "|---|---|",
        *(f"| `{name}` | {text} |" for name, text in FIELD_CODES.items()),
        "",
    ]
    return "\n".join(lines)
