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

    as_json = api.get("/variables/export", Accept="text/plain")
    assert as_json.headers["Content-Type"] == "application/json"
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
