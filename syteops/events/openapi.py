"""The events in the API description: OpenAPI 3.1 calls what a site sends `webhooks`."""

from typing import Any

from django.utils.text import capfirst

from syteops.audit.event_types import event_types

TAG = "Sent events"
_ANSWERS = {
    "2XX": {"description": "Taken. Any other answer is tried again, with the same `webhook-id`."},
    "410": {"description": "Nothing more is sent to this address."},
}
_HEADERS = {
    "webhook-id": "The event's `id`: the same however often it is sent.",
    "webhook-timestamp": "When it was sent, in seconds since 1970.",
    "webhook-signature": "`v1,` and the signature (Standard Webhooks); two while a secret changes.",
}


def add_webhooks(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Describe every event as the request that a receiver gets."""
    about = "What is sent to webhooks. Generated clients have no use for these."
    result["tags"] = [{"name": TAG, "description": about}]
    # By reference: then generators of clients, which never receive any, leave them out.
    items = {one: {"post": _described(one)} for one in sorted(event_types())}
    result["components"]["pathItems"] = items
    result["webhooks"] = {one: {"$ref": f"#/components/pathItems/{one}"} for one in items}
    return result


def _described(event: str) -> dict[str, Any]:
    noun, _, verb = event.replace("_", " ").partition(".")
    schema = {"$ref": "#/components/schemas/SiteEvent"}
    return {
        "operationId": f"on_{event.replace('.', '_')}",
        "summary": f"{capfirst(noun)}: {verb}",
        "description": f"Sent as `{event}` to every destination that wants it.",
        "tags": [TAG],
        "security": [],  # the receiver's; the signature is in a header
        "parameters": [_header(name, text) for name, text in _HEADERS.items()],
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
        "responses": _ANSWERS,
    }


def _header(name: str, text: str) -> dict[str, Any]:
    schema = {"type": "string", "maxLength": 1000}
    return {
        "name": name,
        "in": "header",
        "required": True,
        "description": text,
        "schema": schema,
    }
