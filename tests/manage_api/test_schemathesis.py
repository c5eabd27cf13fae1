"""Random requests made from our own OpenAPI document: no 5xx, no answer that it does not describe.

Every check of schemathesis is on. The runs are the same each time; `SCHEMATHESIS_EXAMPLES=500
pytest tests/manage_api/test_schemathesis.py` runs longer. Most requests are no random ones but walk
the bounds of the document. PostgreSQL gets the right ones, which find what it will not store: the
wrong ones are refused before. `SCHEMATHESIS_MODE=negative` makes the wrong ones alone: `.ci/run`
does, where PostgreSQL gets the right ones beside them. Then all of them walk the bounds, sixty for
each operation, and none is random unless `SCHEMATHESIS_EXAMPLES` says how many: to make three more
took a third of the time, and they are refused by what has refused the others.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connection, transaction
from hypothesis import HealthCheck, settings
from hypothesis.strategies import sampled_from
from schemathesis.config import SchemathesisConfig
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation import GenerationMode
from schemathesis.python._constants.orchestrator import build_constants_pool
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import positive_data_acceptance

from manage_api.concurrency import TAGS
from manage_api.openapi.parts import operation_id
from manage_api.operations import all_operations
from syteops.lib.paths import API_ROOT
from tests.manage_api.test_openapi import FIXED
from tests.samples import all_samples

WANTED = os.environ.get("SCHEMATHESIS_EXAMPLES")
EXAMPLES = int(WANTED or 3)
_OF_THE_DATABASE = "positive" if connection.vendor == "postgresql" else ""
MODE = os.environ.get("SCHEMATHESIS_MODE") or _OF_THE_DATABASE
SAMPLES = {operation_id(one): all_samples().get(one.name) for one in all_operations()}


@pytest.fixture(scope="session")
def described(django_db_setup: None, django_db_blocker: Any) -> BaseSchema:
    """The document, as the API hands it out: built once in a process, and only if it is needed."""
    # A config of its own: none that lies in a directory above may weaken it.
    config = SchemathesisConfig()
    with django_db_blocker.unblock():  # a request looks at the connection that a test before left
        schema = schemathesis.openapi.from_wsgi(f"{API_ROOT}/schema", WSGIHandler(), config=config)
    # PostgreSQL stores no NUL, so none is taken; the document's description says so.
    schema.config.generation.allow_x00 = False
    if MODE:
        schema.config.generation.update(modes=[GenerationMode(MODE)])
    schema.config.phases.fuzzing.enabled = bool(WANTED) or MODE != "negative"
    # To walk the bounds takes the examples in, and test_openapi_examples sends each of them.
    schema.config.phases.examples.enabled = False
    acceptance = schema.config.checks.positive_data_acceptance
    acceptance.enabled = False
    acceptance.expected_statuses = [*acceptance.expected_statuses, *REFUSED_BY_STATE]
    # What it finds in our code is kept with the schema, of which each copy has it too.
    build_constants_pool(schema)
    return schema


@pytest.fixture(scope="session")
def shared(described: BaseSchema) -> BaseSchema:
    """The same for all operations: what one has found out about the schemas serves the next one.

    Of another one each test would get a copy, which begins anew.
    """
    schema = described.clone()

    def take(*, test_function: Any, filter_set: Any) -> BaseSchema:
        schema.test_function, schema.filter_set = test_function, filter_set
        return schema

    schema.clone = take  # type: ignore[method-assign, assignment]
    return schema


# The formats of ours, by examples: no pattern says which of all that fit it exist.
for name, values in {
    "email-or-blank": ["", "ada@example.com"],
    "web-address-or-blank": ["", "https://example.com/a", "http://crm:8080"],
    "iana-time-zone": ["", "Europe/Vienna", "Etc/GMT+1"],
    "iso-3166-alpha-2": ["", "AT", "CH"],
    "iso-4217": ["EUR", "JPY"],
}.items():
    schemathesis.openapi.format(name, sampled_from(values))

run = settings(
    max_examples=EXAMPLES,
    stateful_step_count=12,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("generous_budgets")]

# --- Valid data is accepted ------------------------------------------------------------------

# What a valid request can still meet, and no schema can know beforehand: its If-Match is not the
# current ETag, its Idempotency-Key was used for another body, consent is missing.
REFUSED_BY_STATE = ["412", "422", "428"]
# A field that names what does not exist, or a name that is taken.
FIELDS_REFUSED_BY_STATE = {"not_found", "not_unique"}
# What OpenAPI has no words for.
UNSAYABLE = {
    "crm_clear_secret": "that one at least of two query parameters must be true",
    "integrations_update_config": "each integration's config has a schema of its own",
    "modules_update_config": "each module's config has a schema of its own",
    **dict.fromkeys(
        ("roles_create", "roles_update", "roles_bulk"),
        "that the type of a constraint and its limit go together",
    ),
    **dict.fromkeys(
        ("variable_sets_create", "variable_sets_update", "variable_sets_bulk"),
        "that a value has the form of its type, and that an acronym is not taken by a module",
    ),
    **dict.fromkeys(
        ("estimates_items_update", "estimates_items_bulk"),
        "that the status of an estimate is sent as it is",
    ),
    "integrations_set_secret": "each integration's secret has a form of its own",
    "api_dispatch_get": "the parameters of every operation at one address; the manifest has them",
    "api_dispatch_post": "the parameters of every operation at one address; the manifest has them",
}


@schemathesis.check
def valid_data_is_accepted(ctx: Any, response: Any, case: Any) -> bool | None:
    """`positive_data_acceptance`, for whose sake alone the three lists above exist."""
    if response.status_code == 400:
        if _refused_by_state(response.json()):
            return None
        if case.operation.definition.raw["operationId"].removesuffix("_dry_run") in UNSAYABLE:
            return None
        if not re.fullmatch(TAGS, (case.headers or {}).get("If-Match", "*")):
            return None  # tried with letters and digits alone, of which no ETag consists
    return bool(positive_data_acceptance(ctx, response, case))


def _refused_by_state(problem: dict[str, Any]) -> bool:
    """Whether the input is right, and only what is stored (or a number's size) is against it."""
    # No schema can bound the numbers inside a JSON object of any content. A NUL, which the document
    # forbids in words, comes in by a value that was changed after it was generated.
    if problem["code"] == "parse_error":
        return any(words in problem["detail"] for words in ("64 bits", "NUL character"))
    items = {f"#/items/{i['index']}" for i in problem.get("items", ()) if i["code"] != INVALID}
    errors = problem["errors"]
    return bool(errors) and all(
        one["code"] in FIELDS_REFUSED_BY_STATE
        or one["pointer"] in items
        or "No slug can be made" in one["detail"]  # nor in which names no letter or digit is
        or "Clients can be mailed once" in one["detail"]  # from here they cannot
        for one in errors
    )


INVALID = "validation_error"

# --- The runs --------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _one_transaction() -> Iterator[None]:
    """The handler of a real server would close the connection that holds the test's transaction."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


def judge_by_data(case: Any) -> None:
    """Take a precondition away from wrong data: it is looked at first, and would answer 412.

    From right data take a cursor that no answer had, and the page beside what was changed since.
    """
    query = case.meta.components.get(ParameterLocation.QUERY)
    if case.query and query and query.mode.is_positive:
        case.query.pop("after", None)
        if "updated_since" in case.query:
            case.query.pop("page", None)
    headers = case.meta.components.get(ParameterLocation.HEADER)
    if case.meta.generation.mode.is_negative and headers and headers.mode.is_positive:
        for name in ("If-Match", "If-None-Match"):
            case.headers.pop(name, None)


@contextmanager
def undone() -> Iterator[None]:
    """One example must not decide another."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.mark.parametrize("operation_id", sorted({*SAMPLES, *FIXED}))
def test_no_request_surprises_us(
    operation_id: str, request: pytest.FixtureRequest, site_key: str
) -> None:
    """Which requests there are is thought out here: for all of them at once it takes long."""
    make = SAMPLES.get(operation_id)
    path = make().path if make else {}

    def send(case: Any) -> None:
        """To an object that exists; a path that is wrong on purpose names none."""
        given = case.meta.components.get(ParameterLocation.PATH)
        if given and given.mode.is_positive:
            case.path_parameters = {**case.path_parameters, **path}
        judge_by_data(case)
        with undone():
            # Its way into the application, past any server, opens nothing that is compressed.
            plain = {"X-API-Key": site_key, "Accept-Encoding": "identity"}
            case.call_and_validate(headers=plain)

    chosen = schemathesis.pytest.from_fixture("shared").include(operation_id=operation_id)
    run(chosen.parametrize()(send))(request=request)


def sends_right_ones(test: Any) -> Any:
    """Leaves the test to PostgreSQL where only wrong requests are made."""
    return pytest.mark.postgresql_only(test) if MODE == "negative" else test


@sends_right_ones
def test_no_sequence_of_requests_surprises_us(
    described: BaseSchema, site_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Texts of whatever modules a process has loaded would make other sequences in each.
    monkeypatch.setattr(described.config.analysis.constants, "enabled", False)
    headers = {"X-API-Key": site_key, "Accept-Encoding": "identity"}
    reached: set[str] = set()

    # What was deleted at an address for dry runs is rightly there, too.
    really = described.exclude(method="DELETE", path_regex="/dry-run/")

    class Scenario(really.as_state_machine()):  # type: ignore[misc]
        def setup(self) -> None:
            self.transaction = undone()
            self.transaction.__enter__()

        def teardown(self) -> None:
            self.transaction.__exit__(None, None, None)

        def before_call(self, case: Any) -> None:
            """Really delete: after a dry run or without consent the object is rightly there."""
            judge_by_data(case)
            if case.meta.generation.mode.is_positive:
                query = {n: v for n, v in (case.query or {}).items() if n != "dry_run"}
                is_asked = case.operation.query.get("confirm") is not None
                case.query = {**query, **({"confirm": "true"} if is_asked else {})}

        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            return {"headers": headers}

        def validate_response(self, response: Any, case: Any, **kwargs: Any) -> None:
            if response.status_code < 300:
                reached.add(case.operation.label)
            case.validate_response(
                response, headers=headers, transport_kwargs=kwargs, recorder=self.recorder
            )

    Scenario.run(settings=settings(run, max_examples=max(36, EXAMPLES)))
    assert len(reached) > 15, "the sequences hardly get anywhere"
