"""What the manifest predicts for a key is what happens, and a refusal tells nothing of the object.

Random keys, 25 on each database, each against every operation: other scopes, expiries, networks,
paused, replaced and revoked ones, with the API open and closed, with modules active and away.
`PREDICTION_KEYS=200 pytest tests/manage_api/test_prediction.py` looks further.
"""

import json
import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from manage_api.keys import services
from manage_api.keys.models import ApiSwitch
from manage_api.operations import Operation, all_operations, all_scopes
from syteops.core.actors import SYSTEM
from tests.fixtures import Api, remake
from tests.manage_api.faces import FACES, Answer, Face, as_person
from tests.samples import Sample, all_samples

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.slow,
    pytest.mark.usefixtures("generous_budgets"),
]

OPERATIONS = all_operations()
SAMPLES = all_samples()
WITH_OBJECT = [one for one in OPERATIONS if one.path_params and one.method != "PUT"]
MODULES = sorted({one.module for one in OPERATIONS if one.module})
KEYS = int(os.environ.get("PREDICTION_KEYS") or 25)
NETWORKS = ("127.0.0.0/8", "::ffff:127.0.0.0/104", "10.0.0.0/8", "2001:db8::/32", "192.0.2.7")
STATES = ("expired", "paused", "revoked", "rotated", "retiring") + ("fresh",) * 8
Refusals = dict[tuple[str, str, str, str], str]


@contextmanager
def made(operation: Operation) -> Iterator[Sample]:
    """A right call of the operation; its objects are gone afterwards."""
    with transaction.atomic():
        yield SAMPLES[operation.name]()
        transaction.set_rollback(True)


# --- The prediction ----------------------------------------------------------------------------


@dataclass
class Holder:
    """A key, the site that its tool meets, and what the manifest has told it."""

    api: Api
    api_enabled: bool
    away: set[str]
    listed: set[str] = field(default_factory=set)


class World:
    """The site as each holder in turn meets it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.away: set[str] = set()
        monkeypatch.setattr("manage_api.permissions.inactive_modules", lambda: self.away)

    def become(self, holder: Holder) -> None:
        self.away = holder.away
        ApiSwitch.objects.exclude(enabled=holder.api_enabled).update(enabled=holder.api_enabled)


def test_the_manifest_predicts_every_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    chance, world = random.Random(connection.vendor), World(monkeypatch)
    holders = [random_holder(chance, number) for number in range(KEYS)]
    for holder in holders:
        world.become(holder)
        holder.listed = listed(holder.api)
    refusals: Refusals = {}
    for operation in OPERATIONS:
        with made(operation) as sample:
            for number, holder in enumerate(holders):
                world.become(holder)
                check(operation, sample, holder, number, refusals)
    assert {code for _, _, code, _ in refusals} == CODES


CODES = {
    "api_disabled",
    "insufficient_scope",
    "key_expired",
    "module_inactive",
    "network_not_allowed",
    "not_authenticated",
}


READ_WHAT_IS_SENT = {
    "ai.set_area",
    "ai.set_key",
    "deliveries.resend_since",
    "deliveries.resume",
}


def random_holder(chance: random.Random, number: int) -> Holder:
    """Each state of a key in turn, and some with the API closed; what they may do is by chance."""
    away = set(chance.sample(MODULES, k=chance.choice((0, 0, 1))))
    return Holder(Api(random_key(chance, STATES[number % len(STATES)])), number % 9 != 8, away)


def random_key(chance: random.Random, state: str) -> str:
    """The text of a key in that state, as an admin might have made it."""
    scopes = all_scopes()
    issued = services.create_restricted_key(
        SYSTEM,
        name="Random",
        scopes=chance.sample(scopes, k=chance.randint(1, len(scopes))),
        networks=chance.sample(NETWORKS, k=chance.choice((0, 0, 1, 2, 3))),
        expires_at=chance.choice((None, timezone.now() + timedelta(days=chance.randint(1, 90)))),
    )
    match state:
        case "expired":
            remake(issued.key, expires_at=timezone.now())
        case "paused":
            services.pause_key(SYSTEM, issued.key)
        case "revoked":
            services.revoke_key(SYSTEM, issued.key)
        case "rotated":
            services.rotate_key(SYSTEM, issued.key)
        case "retiring":
            services.rotate_key(SYSTEM, issued.key, overlap=timedelta(days=1))
    return issued.text


def listed(api: Api) -> set[str]:
    """The operations that the manifest shows: none to somebody who does not even get a manifest."""
    answer = api.get("/manifest")
    if answer.status_code != 200:
        assert answer.status_code in (401, 403)
        return set()
    return {f"{one['resource']}.{one['action']}" for one in answer.json()["data"]}


def check(
    operation: Operation, sample: Sample, holder: Holder, number: int, refusals: Refusals
) -> None:
    face = FACES["rest" if number % 2 else "dispatch"]
    if operation.name in holder.listed:
        answer = called_dry(face, holder.api, operation, sample)
        # Of what a bulk or a revert carries out, each must be listed as well.
        if holder.listed.issuperset(sample.also):
            assert answer.is_success, (operation.name, answer.body)
        elif operation.name == "audit.revert" and "crm.get" not in holder.listed:
            # What an entry is of, and that there is one, is for those who may read that.
            assert (answer.status, answer.code) == (404, "not_found"), answer.body
        elif operation.name in ("tasks.get", "deliveries.resend"):  # as with entries: of an object
            assert (answer.status, answer.code) == (404, "not_found"), answer.body
        elif operation.name in READ_WHAT_IS_SENT:
            # As with events, the right to read what is sent counts, also while its module is away.
            assert answer.is_success or answer.code == "permission_denied", answer.body
        else:
            assert (answer.status, answer.code) == (403, "insufficient_scope"), answer.body
            # Of a bulk, each item tells what it lacks.
            [told, *_] = answer.body.get("items", [answer.body])
            assert told["scope"] != operation.scope
        return
    missing = sample.missing if number % 4 < 2 else None
    wanted = Sample({**sample.path, **(missing or {})}, sample.params)
    check_refused(face, called_dry(face, holder.api, operation, wanted), operation, refusals)


def called_dry(face: Face, api: Api, operation: Operation, sample: Sample) -> Answer:
    """The call, with nothing stored by it."""
    return face.call(api, operation, sample, dry_run=operation.writes)


def check_refused(face: Face, answer: Answer, operation: Operation, refusals: Refusals) -> None:
    """It is a refusal, and for a missing object the same to the letter as for any other."""
    refused = answer.status in (401, 403) or answer.code == "module_inactive"
    assert refused, (operation.name, answer.body)
    told, reason = told_by(answer), (answer.code, answer.body["detail"])
    assert refusals.setdefault((operation.name, face.name, *reason), told) == told


def told_by(answer: Answer) -> str:
    """All that an answer says, but for what is the request's or the key's own."""
    own = ("x-request-id", "ratelimit", "deprecation", "sunset")
    headers = {n.lower(): v for n, v in answer.response.headers.items() if n.lower() not in own}
    body = {name: value for name, value in answer.body.items() if name != "request_id"}
    return json.dumps([answer.status, headers, body], sort_keys=True)


# --- Forbidden or missing: nobody can tell -------------------------------------------------------


def told_of(api: Api, operation: Operation, face: Face) -> list[tuple[str, int]]:
    """What is learnt of an object, a missing one and an impossible one, and in how many queries."""
    told = []
    api.get("/whoami")  # the first time, the trail is asked whether the key has ended
    with made(operation) as sample:
        for path in ({}, sample.missing or {}, dict.fromkeys(sample.path, "no such thing")):
            wanted = Sample({**sample.path, **path}, sample.params)
            with CaptureQueriesContext(connection) as queries:
                answer = face.call(api, operation, wanted)
            # The chain is looked at once in a transaction, and here all calls are in the test's.
            asked = [one for one in queries if "audit_auditchain" not in one["sql"]]
            told.append((told_by(answer), len(asked)))
    return told


@pytest.mark.parametrize("face", FACES.values(), ids=FACES)
def test_without_the_scope_a_missing_object_looks_like_any_other(face: Face, db: None) -> None:
    assert WITH_OBJECT
    for operation in WITH_OBJECT:
        scopes = [scope for scope in all_scopes() if scope != operation.scope]
        issued = services.create_restricted_key(SYSTEM, name="Outsider", scopes=scopes)
        told = told_of(Api(issued.text), operation, face)
        assert json.loads(told[0][0])[0] == 403
        assert len(set(told)) == 1, (operation.name, told)


@pytest.mark.parametrize("face", FACES.values(), ids=FACES)
def test_without_the_permission_a_missing_object_looks_like_any_other(
    face: Face, charlie: User
) -> None:
    person = as_person(charlie)
    assert WITH_OBJECT
    for operation in WITH_OBJECT:
        told = told_of(person, operation, face)
        assert json.loads(told[0][0])[0] == 403
        assert len(set(told)) == 1, (operation.name, told)


@pytest.mark.parametrize("face", FACES.values(), ids=FACES)
def test_while_its_module_is_away_a_missing_object_looks_like_any_other(
    face: Face, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("manage_api.permissions.inactive_modules", lambda: set(MODULES))
    of_modules = [one for one in WITH_OBJECT if one.module]
    assert of_modules
    for operation in of_modules:
        told = told_of(api, operation, face)
        assert "module_inactive" in told[0][0]
        assert len(set(told)) == 1, (operation.name, told)
