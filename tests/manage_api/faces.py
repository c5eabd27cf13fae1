"""One operation, called in the same words over REST and through dispatch."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from django.contrib.auth.models import User
from django.test import Client

from manage_api.keys import tokens
from manage_api.operations import Operation
from tests.fixtures import API, Api, signed_in
from tests.samples import Sample

CSRF_TOKEN = "a" * 32


@dataclass
class Answer:
    """What both faces say, in one shape."""

    response: Any
    body: Any
    data: Any
    changed: bool

    @property
    def status(self) -> int:
        return int(self.response.status_code)

    @property
    def code(self) -> str:
        """The error's code; "" for success."""
        return str(self.body["code"]) if self.status >= 400 else ""

    @property
    def is_success(self) -> bool:
        return self.status in (200, 201, 202)

    def pointers(self) -> list[str]:
        return [error["pointer"] for error in self.body["errors"]]


class Face:
    """How to call an operation. Destructive ones are confirmed unless told otherwise."""

    name: str
    pointer: str

    def call(
        self,
        api: Api,
        operation: Operation,
        sample: Sample,
        confirm: bool = True,
        dry_run: bool = False,
        **headers: str,
    ) -> Answer:
        flags = {"confirm": confirm and asks_for_consent(operation), "dry_run": dry_run}
        return self._call(api, operation, sample, {n: v for n, v in flags.items() if v}, headers)

    def _call(
        self,
        api: Api,
        operation: Operation,
        sample: Sample,
        flags: Mapping[str, bool],
        headers: Mapping[str, str],
    ) -> Answer:
        raise NotImplementedError


def asks_for_consent(operation: Operation) -> bool:
    """Some are destructive only by what a call of them amounts to."""
    return operation.may_ask


class Rest(Face):
    name, pointer = "rest", "#"

    def _call(self, api, operation, sample, flags, headers):
        query = dict(flags)
        body = None
        if operation.takes_body:
            body = sample.params
        else:
            query |= sample.params
        url = address(operation, sample.path)
        if query:
            url += "?" + urlencode({name: _text(value) for name, value in query.items()})
        response = api.call(operation.method, url, body, **headers)
        content = _content(response)
        is_dry_run = response.status_code == 200 and "dry_run" in flags
        data = content["data"] if is_dry_run else content
        says = content["changed"] if is_dry_run else response.headers.get("SyteOps-Changed")
        return Answer(response, content, data, says in (True, "true"))


class Dispatch(Face):
    name, pointer = "dispatch", "#/params"

    def __init__(self, address: str = f"{API}/dispatch") -> None:
        self.address = address

    def _call(self, api, operation, sample, flags, headers):
        body = {
            "resource": operation.resource,
            "action": operation.action,
            "params": {**sample.params, **sample.path},
            **flags,
        }
        response = api.post(self.address, body, **headers)
        content = _content(response)
        return Answer(response, content, content.get("data"), bool(content.get("changed")))


def _content(response: Any) -> Any:
    if "json" in response.headers.get("Content-Type", ""):
        return response.json()
    return response.content.decode()


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value)


def address(operation: Operation, path: Mapping[str, str]) -> str:
    """The REST address, below the API's root."""
    where = operation.path
    for name, value in path.items():
        where = where.replace(f"{{{name}}}", quote(value, safe=""))
    return where


FACES = {face.name: face for face in (Rest(), Dispatch())}


# --- Callers -------------------------------------------------------------------------------


def as_person(user: User) -> Api:
    """A browser session, with its CSRF token and with the checks on."""
    client = Client(
        enforce_csrf_checks=True,
        raise_request_exception=False,
        headers={"X-CSRFToken": CSRF_TOKEN},
    )
    signed_in(user, client)
    client.cookies["csrftoken"] = CSRF_TOKEN
    return Api(client=client)


def forgery_of(key: str) -> str:
    """A well-formed key with the real id, another secret and a valid checksum."""
    token = tokens.parse(key)
    assert token is not None
    forged = tokens.Token(token.public_id, tokens.new_token().secret)
    assert tokens.parse(forged.text) == forged
    return forged.text
