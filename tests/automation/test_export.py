import subprocess
from pathlib import Path

import pytest

from syteops.audit.models import AuditEntry
from syteops.automation import services
from syteops.automation.export import as_env
from syteops.core import variables as families
from syteops.core.actors import SYSTEM
from tests.fixtures import Api

HOSTILE = {
    "syteops_api_quotes": "a \"b\" 'c'",
    "syteops_api_dollar": "$HOME ${PATH} $(id) `id`",
    "syteops_api_backslash": '\\ \\n \\" \\$x end\\',
    "syteops_api_lines": "first\nsecond\n\nlast",
    "syteops_api_equals": "a=b # no comment; exit 1 && exit 2",
    "syteops_api_spaces": "  around\t",
    "syteops_api_unicode": "ümläut 🎉 \u2028",
}


@pytest.fixture(autouse=True)
def _only_our_families(monkeypatch: pytest.MonkeyPatch) -> None:
    """What other apps derive by themselves, such as counts, is no matter here."""
    ours = [one for one in families.all_families() if one.source in ("api", "svs")]
    monkeypatch.setattr(families, "_families", ours)


def store(values: dict[str, str]) -> None:
    for name, value in values.items():
        services.create_variable(SYSTEM, key=name.removeprefix("syteops_api_"), value=value)


def test_a_shell_that_sources_the_text_gets_exactly_the_values(tmp_path: Path) -> None:
    file = tmp_path / "variables.env"
    file.write_text(as_env(HOSTILE), encoding="utf-8")
    for name, value in HOSTILE.items():
        script = f'. "$1"; printf %s "${name}"'
        shell = ["/bin/sh", "-eu", "-c", script, "sh", str(file)]
        assert subprocess.run(shell, capture_output=True, check=True).stdout.decode() == value


def test_the_json_export_is_one_flat_object(api: Api) -> None:
    store(HOSTILE)
    answer = api.get("/variables/export")
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json() == HOSTILE
    assert list(answer.json()) == sorted(HOSTILE)
    assert api.dispatch("variables.export").json()["data"] == HOSTILE


def test_the_env_export_is_plain_text_over_rest_and_a_string_in_dispatch(api: Api) -> None:
    store(HOSTILE)
    answer = api.get("/variables/export?format=env")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    in_order = dict(sorted(HOSTILE.items()))
    assert answer.content.decode() == as_env(in_order)

    envelope = api.dispatch("variables.export", {"format": "env"}).json()
    assert (envelope["ok"], envelope["data"]) == (True, as_env(in_order))


def test_a_client_may_accept_plain_text_alone(api: Api) -> None:
    store({"syteops_api_a": "1"})
    answer = api.get("/variables/export?format=env", Accept="text/plain")
    assert answer.content == b'syteops_api_a="1"\n'

    wrong = api.get("/variables/export?format=xml", Accept="text/plain")
    assert wrong.headers["Content-Type"] == "application/problem+json"
    assert wrong.json()["code"] == "validation_error"
    assert api.get("/variables", Accept="text/plain").status_code == 406


def test_an_empty_catalogue_is_an_empty_document(api: Api) -> None:
    assert api.get("/variables/export").json() == {}
    assert api.get("/variables/export?format=env").content == b""


def test_polling_an_unchanged_export_answers_304(api: Api) -> None:
    store({"syteops_api_a": "1"})
    for address in ("/variables/export", "/variables/export?format=env"):
        etag = api.get(address).headers["ETag"]
        unchanged = api.get(address, If_None_Match=etag)
        assert (unchanged.status_code, unchanged.content) == (304, b"")

        services.set_variable(SYSTEM, "a", value=address)
        changed = api.get(address, If_None_Match=etag)
        assert changed.status_code == 200
        assert changed.headers["ETag"] != etag


def test_resync_counts_and_asks_for_all_to_be_told(api: Api) -> None:
    store({"syteops_api_a": "1", "syteops_api_b": "2"})
    first = api.dispatch("variables.resync").json()
    assert first["changed"] is False
    assert AuditEntry.objects.filter(event="variables.resynced").count() == 1
    assert first["data"]["resynced"] is True
    assert first["data"]["count"] == 2
    assert f'"{first["data"]["digest"]}"' == api.get("/variables/export").headers["ETag"]

    services.set_variable(SYSTEM, "a", value="3")
    assert api.post("/variables/resync").json()["digest"] != first["data"]["digest"]


def test_the_form_can_be_asked_for_by_accept(api: Api) -> None:
    """A client that was generated accepts JSON, or anything: it gets text only if it asks."""
    store(HOSTILE)
    text, whole = as_env(dict(sorted(HOSTILE.items()))), HOSTILE
    for accept in (
        *("application/json", "*/*", "", "application/json, text/plain, */*"),
        *("text/plain;q=0.5, application/json", "application/*", "text/plain;q=0, */*"),
    ):
        answer = api.get("/variables/export", Accept=accept)
        assert (answer.headers["Content-Type"], answer.json()) == ("application/json", whole)
    for accept in (
        "text/plain",
        "text/*",
        "application/json;q=0.5, text/plain",
        "text/plain, */*;q=0.1",
    ):
        answer = api.get("/variables/export", Accept=accept)
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert answer.content.decode() == text
        assert "Accept" in answer.headers["Vary"].split(", ")


def test_the_parameter_counts_more_than_accept(api: Api) -> None:
    store(HOSTILE)
    as_json = api.get("/variables/export?format=json", Accept="text/plain")
    as_text = api.get("/variables/export?format=env", Accept="application/json")
    assert as_json.json() == HOSTILE
    assert as_text.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert api.get("/variables/export?format=", Accept="text/plain").status_code == 400


def test_each_form_has_an_etag_of_its_own_whoever_asked_last(api: Api) -> None:
    """Answers are kept by call: the form that was accepted belongs to it."""
    store(HOSTILE)
    api.get("/variables/export")
    for accept in ("text/plain", "application/json", "text/plain"):
        first = api.get("/variables/export", Accept=accept)
        again = api.get("/variables/export", Accept=accept, If_None_Match=first.headers["ETag"])
        assert first.headers["Content-Type"].startswith(accept)
        assert again.status_code == 304
        assert "Accept" in again.headers["Vary"].split(", ")


def test_dispatch_answers_its_envelope_whatever_the_operation_could(api: Api) -> None:
    refused = api.get("/dispatch?resource=variables&action=export", Accept="text/plain")
    assert (refused.status_code, refused.json()["code"]) == (406, "not_acceptable")
