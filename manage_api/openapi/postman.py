"""The API description as a Postman collection (format 2.1), for those who import that."""

import json
from typing import Any

from manage_api.errors import JSON_TYPE
from manage_api.openapi.document import document
from manage_api.openapi.parts import Json

_FORMAT = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"


def collection(server: str) -> Json:
    """A folder for each tag; the key is the variable `key`, which the reader fills in."""
    described = document()
    folders: dict[str, list[Json]] = {}
    for path, item in described["paths"].items():
        for method, operation in item.items():
            folders.setdefault(operation["tags"][0], []).append(_item(path, method, operation))
    info = {"name": described["info"]["title"], "description": described["info"]["description"]}
    key = [{"key": "key", "value": "X-API-Key"}, {"key": "value", "value": "{{key}}"}]
    return {
        "info": {**info, "schema": _FORMAT},
        "auth": {"type": "apikey", "apikey": [*key, {"key": "in", "value": "header"}]},
        "variable": [{"key": "server", "value": server}, {"key": "key", "value": ""}],
        "item": [{"name": name, "item": items} for name, items in sorted(folders.items())],
    }


def _item(path: str, method: str, operation: Json) -> Json:
    request = {
        "method": method.upper(),
        "url": _url(path, operation.get("parameters", ())),
        "description": operation["description"],
    }
    if media := operation.get("requestBody", {}).get("content", {}).get(JSON_TYPE):
        text = json.dumps(media["example"], indent=2)
        request["header"] = [{"key": "Content-Type", "value": JSON_TYPE}]
        request["body"] = {"mode": "raw", "raw": text}
    return {"name": operation["summary"], "request": request}


def _url(path: str, parameters: Any) -> Json:
    """As Postman writes it: `:name` in the path, and what may be left out of the query disabled."""
    steps = [
        f":{step[1:-1]}" if step.startswith("{") else step for step in path.strip("/").split("/")
    ]
    query = [
        {"key": one["name"], "value": "", "disabled": True, "description": one["description"]}
        for one in parameters
        if one["in"] == "query"
    ]
    variables = [{"key": step[1:], "value": ""} for step in steps if step.startswith(":")]
    raw = "{{server}}/" + "/".join(steps)
    return {
        "raw": raw, "host": ["{{server}}"], "path": steps, "query": query, "variable": variables
    }  # fmt: skip
