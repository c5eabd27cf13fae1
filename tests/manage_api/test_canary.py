"""Secrets go in and never come out: unique ones are stored through every door, then looked for.

Everywhere: in each answer of each operation, in lists, errors, manifest, schema, in every page of
the admin, in logs at DEBUG with all SQL parameters, in the audit trail, in fixtures, in files, and
in the bytes of the database itself. In any spelling, Base64 and digests included.
"""

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core import mail
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.urls import resolve

from manage_api.keys import tokens, usage
from manage_api.operations import Operation, all_operations, find
from syteops.crm.models import CrmSystem
from tests.fixtures import Api
from tests.manage_api.canaries import Canary, Search, forms_of, whsec
from tests.manage_api.faces import FACES, Face, forgery_of
from tests.manage_api.logged import everything_logged
from tests.manage_api.pages import Form, Page, crawl, linked_forms
from tests.once import leaves_once_out
from tests.samples import Sample, all_samples

SAMPLES = all_samples()
CARRIERS = [one for one in all_operations() if one.secret_keys]
READS = [one for one in all_operations() if not one.writes]
# What tests begin with comes back with its keys: those to come must be others.
_FLUSH = {"interactive": False, "verbosity": 0, "reset_sequences": False}

pytestmark = [
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
    pytest.mark.usefixtures("generous_budgets"),
    pytest.mark.slow,
]


@pytest.fixture(scope="module", autouse=True)
def _empty_tables(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The rows of the start are laid back into empty tables, whichever test came before."""
    with django_db_blocker.unblock():
        call_command("flush", **_FLUSH, inhibit_post_migrate=True)
    yield
    with django_db_blocker.unblock():
        call_command("flush", **_FLUSH)


class Doors:
    """Stores a canary through each door that takes secrets, and keeps what was answered."""

    def __init__(self, search: Search) -> None:
        self.search = search
        self.opened: list[str] = []

    def answer(self, where: str, response: Any) -> Any:
        """Nothing of what was sent may come back."""
        self.search.look(where, response.content)
        self.search.look(where, str(dict(response.headers)))
        return response

    # --- The API -----------------------------------------------------------------------------

    def operation(self, api: Api, operation: Operation, face: Face) -> None:
        sample = SAMPLES[operation.name]()
        for name in operation.secret_keys:
            door = f"{face.name} {operation.name} {name}"
            for canary in (*forms_of(door), whsec(door)):
                self.search.expect_nowhere(canary)
                sent = Sample(sample.path, {**sample.params, name: canary.text})
                refusals = self._refused(api, operation, face, sent, name)
                answer = face.call(api, operation, sent, Idempotency_Key=f"key-{canary.core[:12]}")
                for one in (*refusals, answer):
                    self.answer(f"answer of {operation.name}", one.response)
                if answer.is_success:
                    self.opened.append(door)
                    break
            else:
                raise AssertionError(f"no form of secret was taken: {door} {answer.body}")

    def _refused(
        self, api: Api, operation: Operation, face: Face, sent: Sample, name: str
    ) -> Iterator[Any]:
        """Every way to be refused with the secret in the body."""
        value = sent.params[name]
        for params in ({**sent.params, "no_such_field": value}, {**sent.params, name: [value]}):
            yield face.call(api, operation, Sample(sent.path, params))
        yield face.call(api, operation, Sample(sent.path, {**sent.params, name: value * 200}))
        missing = SAMPLES[operation.name]().missing
        if missing:
            yield face.call(api, operation, Sample(missing, sent.params))
        yield face.call(Api(), operation, sent)
        yield face.call(Api(value.encode().decode("latin-1")), operation, sent)
        yield face.call(api, operation, sent, If_Match='"stale"')
        yield face.call(api, operation, sent, dry_run=True)

    def broken_body(self, api: Api) -> None:
        canary = next(forms_of("a body that is no JSON"))
        self.search.expect_nowhere(canary)
        text = json.dumps({"api_key": canary.text})
        for body in (text[:-1], text + "x", text.replace("}", ', "api_key": "x"}')):
            for path in ("/crm-systems", "/dispatch"):
                refused = self.answer("answer to a broken body", api.post(path, body.encode()))
                assert refused.status_code == 400

    def failure(self, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        """A handler that fails with the secret in its hands."""
        canary = next(forms_of("a handler that fails"))
        self.search.expect_nowhere(canary)
        with monkeypatch.context() as patched:
            patched.setattr("syteops.crm.services.set_secrets", lambda actor, system, **kept: 1 / 0)
            refused = api.put("/crm-systems/001/secret", {"api_key": canary.text})
        assert self.answer("answer to a failure", refused).status_code == 500

    # --- The admin ---------------------------------------------------------------------------

    def forms(self, alice: Client) -> None:
        """Each form with an input of type password, of the first object that has it.

        None is forgotten: the crawl at the end comes by all forms.
        """
        logging.disable()  # the crawl logs these pages as well, with all canaries stored
        pages = list(linked_forms(alice))
        logging.disable(logging.NOTSET)
        for path, forms in pages:
            for door in doors_on(path, forms):
                if door not in self.opened:
                    self._submit(alice, path, door)

    def _submit(self, alice: Client, path: str, door: str) -> None:
        name = door.split()[1]
        for canary in (*forms_of(door), whsec(door)):
            self.search.expect_nowhere(canary)
            # Opened anew: a form that was overtaken by another change is refused.
            forms = Page(alice.get(path).content.decode()).forms
            values = next(form.values for form in forms if name in form.passwords)
            answer = alice.post(path, {**values, name: canary.text})
            self.answer(f"page {path}", answer)
            if answer.status_code == 302:
                self.opened.append(door)
                return
        raise AssertionError(f"no form of secret was taken: {door}")

    def person(self, alice: Client, bob: User) -> None:
        """The password of a person, set by another."""
        canary = list(forms_of("password of Bob"))[1]
        self.search.expect_nowhere(canary)
        path = f"/admin/auth/user/{bob.pk}/password/"
        page = Page(alice.get(path).content.decode())
        values = next(form.values for form in page.forms if form.passwords)
        new = {"password1": canary.text, "password2": canary.text, "usable_password": "true"}
        mine = {"confirm_password": "alice-password", "current_password": "alice-password"}
        answer = self.answer(f"page {path}", alice.post(path, {**values, **new, **mine}))
        assert answer.status_code == 302, answer.content.decode()
        self.opened.append(canary.door)

    # --- Secrets that the site makes -----------------------------------------------------------

    def made_here(self, api: Api, face: Face) -> None:
        """Signing secrets, answered once: what is kept for a retry shows them to nobody else."""
        for name in ("webhooks.create", "webhooks.rotate_secret", "webhooks.bulk"):
            operation, sample = find(*name.split(".")), SAMPLES[name]()
            assert operation is not None
            made = face.call(api, operation, sample, Idempotency_Key=f"{face.name}-{name}").data
            text = (made["items"][0]["data"] if "items" in made else made)["signing_secret"]
            self.search.expect_nowhere(Canary(name, text.removeprefix("whsec_"), text))
            self.opened.append(f"{face.name} {name}")

    # --- Keys --------------------------------------------------------------------------------

    def key(self, door: str, text: str) -> None:
        """A key that was shown once: from now on nobody may show it again."""
        token = tokens.parse(text)
        assert token is not None, door
        self.search.expect_nowhere(Canary(door, token.secret, token.secret))
        self.search.expect_nowhere(Canary(door, text[-38:], text))
        self.opened.append(door)


def doors_on(path: str, forms: list[Form]) -> Iterator[str]:
    """The inputs of type password on a page; those of passwords of people have a door of theirs."""
    if "/auth/user/" in path or "/password_change/" in path:
        return
    for form in forms:
        for name in form.passwords if form.method == "post" else ():
            yield f"{resolve(path).url_name} {name}"


@pytest.fixture
def alice_at_her_browser(alice: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(alice)
    return client


def test_no_secret_ever_comes_out(
    alice_at_her_browser: Client,
    bob: User,
    monkeypatch: pytest.MonkeyPatch,
    pytestconfig: pytest.Config,
) -> None:
    search = Search()
    doors = Doors(search)
    # What a page shows of what was read is the same in each run (tests/once.py).
    sees_pages = not leaves_once_out(pytestconfig)
    alice = alice_at_her_browser

    with everything_logged() as log:
        key = _keys(doors)
        api = Api(key)
        for operation in CARRIERS:
            for face in FACES.values():
                doors.operation(api, operation, face)
        for face in FACES.values():
            doors.made_here(api, face)
        doors.broken_body(api)
        doors.failure(api, monkeypatch)
        doors.forms(alice)
        doors.person(alice, bob)
        usage.flush()
        _read_everything(search, api)
        for path, response, forms in crawl(alice) if sees_pages else ():
            assert response.status_code < 500, path
            search.look(f"page {path}", response.content)
            assert set(doors_on(path, forms)) <= set(doors.opened), path
    search.look("log", "\n".join(log.lines))
    _search_storage(search)

    assert sorted(search.found) == []
    assert len(doors.opened) > 2 * len(CARRIERS) + 5, doors.opened
    _was_thorough(search, sees_pages)


def test_the_search_finds_what_is_there(alice_at_her_browser: Client, site_key: str) -> None:
    """The same search, for a name, which may well be shown: it must turn up everywhere."""
    search = Search()
    canary = list(forms_of("a name"))[2]
    search.expect_nowhere(canary)

    with everything_logged() as log:
        api = Api(site_key)
        made = api.post("/crm-systems", {"name": canary.text}, Idempotency_Key="control")
        search.look("answer of crm.create", made.content)
        _read_everything(search, api)
        page = f"/admin/crm/crmsystem/{CrmSystem.objects.get().pk}"
        for path in ("/admin/crm/crmsystem/", f"{page}/change/", f"{page}/history/"):
            search.look(f"page {path}", alice_at_her_browser.get(path).content)
    search.look("log", "\n".join(log.lines))
    _search_storage(search)

    places = {one.partition(" in ")[2] for one in search.found}
    assert {
        "answer of crm.create",
        "rest crm.list",
        "dispatch crm.list",
        "rest audit.list",
        "page /admin/crm/crmsystem/",
        f"page {page}/change/",
        f"page {page}/history/",
        "log",
        "fixture",
        "database",
    } <= places


def test_the_search_knows_every_spelling() -> None:
    search = Search()
    canary = next(forms_of("a door"))
    search.expect_nowhere(canary)
    import base64
    import hashlib
    from html import escape
    from urllib.parse import quote

    text = canary.text
    for spelling in (
        text,
        escape(text),
        quote(text),
        json.dumps(text),
        text[::-1],
        repr(text),
        base64.b64encode(text.encode()).decode(),
        base64.b64encode(b"ab" + text.encode()).decode(),
        text.encode().hex(),
        hashlib.sha256(text.encode()).hexdigest(),
        base64.b64encode(hashlib.md5(text.encode()).digest()).decode(),
    ):
        for before in range(8):  # bytes: it must not matter where it lies
            search.found.clear()
            search.look("somewhere", f"{'x' * before}{spelling} after")
            assert search.found, spelling


# --- Keys ------------------------------------------------------------------------------------


def _keys(doors: Doors) -> str:
    """Site and restricted keys, made and replaced by the command; the site key of the end."""
    for arguments in (
        ("generate",),
        ("rotate",),
        ("create", "--name", "Tool", "--scopes", "crm:read"),
    ):
        out = io.StringIO()
        call_command("manage_key", *arguments, "--json", stdout=out)
        text = json.loads(out.getvalue())["key"]
        doors.key(f"manage_key {arguments[0]}", text)
        doors.answer("answer to a forgery", Api(forgery_of(text)).get("/whoami"))
        if arguments[0] == "rotate":
            site_key = text
    return str(site_key)


# --- Where it is looked for ------------------------------------------------------------------


def _read_everything(search: Search, api: Api) -> None:
    """Each read over both faces, and what describes the API."""
    for operation in READS:
        with transaction.atomic():  # what one sample stores may be in the way of the next
            sample = SAMPLES[operation.name]()
            answers = {face: face.call(api, operation, sample) for face in FACES.values()}
            transaction.set_rollback(True)
        for face, answer in answers.items():
            assert answer.status == 200, operation.name
            search.look(f"{face.name} {operation.name}", answer.response.content)
            search.look(f"{face.name} {operation.name}", str(dict(answer.response.headers)))
    for path in ("/", "/whoami", "/manifest", "/schema", "/docs", "/workflows"):
        search.look(path, api.get(path).content)


def _search_storage(search: Search) -> None:
    fixture = io.StringIO()
    call_command("dumpdata", stdout=fixture, verbosity=0, use_base_manager=True)
    search.look("fixture", fixture.getvalue())
    for content in _database_bytes():
        search.look("database", content)
    for path in Path(settings.DATA_DIR).rglob("*"):
        kept_apart = path.parent.name == "secrets" or path.name.startswith("test.sqlite3")
        if path.is_file() and not kept_apart:
            search.look("files", path.read_bytes())
    search.look("mail", repr([vars(one) for one in getattr(mail, "outbox", [])]))


def _database_bytes() -> Iterator[bytes]:
    """The files of SQLite, its log of writes included; on PostgreSQL each table as it is."""
    if connection.vendor == "sqlite":
        file = Path(connection.settings_dict["NAME"])
        for path in file.parent.glob(f"{file.name}*"):
            yield path.read_bytes()
        return
    for table in connection.introspection.table_names():
        with connection.cursor() as cursor:
            statement = f"COPY {connection.ops.quote_name(table)} TO STDOUT"
            with cursor.cursor.copy(statement) as copy:
                yield b"".join(bytes(part) for part in copy)


def _was_thorough(search: Search, sees_pages: bool) -> None:
    """An empty haystack holds no needle: each of the places had something in it."""
    assert search.searched["database"] > 50_000
    assert search.searched["fixture"] > 10_000
    assert search.searched["log"] > 100_000
    pages = sum(1 for where in search.searched if where.startswith("page "))
    assert pages > (300 if sees_pages else 5)
    assert {f"rest {one.name}" for one in READS} <= set(search.searched)
