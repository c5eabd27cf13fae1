"""A module's config: merged, validated by the module's own schema, shown with its defaults."""

from typing import Any

import pytest

from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.core.errors import Invalid
from syteops.core.modules import installed_modules
from syteops.modules import services
from syteops.modules.models import ModuleState
from syteops.modules.queries import config_of
from tests.fixtures import Api

SCHEMA = {
    "type": "object",
    "properties": {
        "colour": {"type": "string", "default": "red", "maxLength": 10},
        "size": {"type": "integer", "minimum": 1},
        "look": {
            "type": "object",
            "properties": {
                "dark": {"type": "boolean", "default": False},
                "wide": {"type": "boolean"},
            },
            "additionalProperties": False,
        },
    },
    "additionalProperties": False,
}
PATH = "/modules/notes/config"


@pytest.fixture
def config(api: Api, monkeypatch: pytest.MonkeyPatch) -> Api:
    """The API, with this schema for the config of notes."""
    monkeypatch.setattr(type(installed_modules()["notes"]), "config_schema", SCHEMA)
    return api


WRONG: list[tuple[Any, str, str]] = [
    ({}, "#/config", "required"),
    ({"config": None}, "#/config", "invalid"),
    ({"config": []}, "#/config", "invalid"),
    ({"config": "{}"}, "#/config", "invalid"),
    ({"config": {}, "colour": "blue"}, "#/colour", "unknown_field"),
    ({"config": {"unknown": 1}}, "#/config/unknown", "unknown_field"),
    ({"config": {"colour": 5}}, "#/config/colour", "invalid"),
    ({"config": {"colour": "a very long one"}}, "#/config/colour", "too_long"),
    ({"config": {"size": 0}}, "#/config/size", "out_of_range"),
    ({"config": {"size": "1"}}, "#/config/size", "invalid"),
    ({"config": {"look": {"a/b~c": 1}}}, "#/config/look/a~1b~0c", "unknown_field"),
    ({"config": {"look": 5}}, "#/config/look", "invalid"),
]


@pytest.mark.parametrize(("body", "pointer", "code"), WRONG)
def test_a_wrong_config_is_refused_naming_the_place(
    config: Api, body: Any, pointer: str, code: str
) -> None:
    rest, dispatched = (
        config.patch(PATH, body),
        config.dispatch("modules.update_config", {"module": "notes", **body}),
    )
    assert rest.status_code == dispatched.status_code == 400
    assert [(e["pointer"], e["code"]) for e in rest.json()["errors"]] == [(pointer, code)]
    inside = pointer.replace("#/", "#/params/")
    assert [(e["pointer"], e["code"]) for e in dispatched.json()["errors"]] == [(inside, code)]
    assert not ModuleState.objects.exists()


def test_defaults_are_shown_and_not_stored(config: Api) -> None:
    assert config.get(PATH).json() == {
        "module": "notes",
        "config": {"colour": "red", "look": {"dark": False}},
    }
    changed = config.patch(PATH, {"config": {"size": 2}})
    assert changed.json()["config"] == {"colour": "red", "size": 2, "look": {"dark": False}}
    assert ModuleState.objects.get().config == {"size": 2}


def test_updates_merge_deeply_and_null_brings_back_the_default(config: Api) -> None:
    config.patch(PATH, {"config": {"colour": "blue", "look": {"dark": True}}})
    config.patch(PATH, {"config": {"look": {"wide": True}}})
    assert config_of("notes") == {"colour": "blue", "look": {"dark": True, "wide": True}}

    config.patch(PATH, {"config": {"colour": None, "look": {"dark": None}}})
    assert config_of("notes") == {"colour": "red", "look": {"dark": False, "wide": True}}


def test_the_same_patch_again_changes_nothing(config: Api) -> None:
    patch = {"config": {"size": 2, "colour": None}}
    first, second = config.patch(PATH, patch), config.patch(PATH, patch)
    assert (first["SyteOps-Changed"], second["SyteOps-Changed"]) == ("true", "false")
    assert first.json() == second.json()
    entry = AuditEntry.objects.get(event="module.configured")
    assert entry.changes == {"config": {"before": {}, "after": {"size": 2}}}
    assert entry.object_id == "notes"


def test_an_etag_guards_against_a_lost_update(config: Api) -> None:
    seen = config.get(PATH)["ETag"]
    assert config.patch(PATH, {"config": {"size": 2}}, If_Match=seen).status_code == 200
    late = config.patch(PATH, {"config": {"size": 3}}, If_Match=seen)
    assert (late.status_code, late.json()["code"]) == (412, "precondition_failed")
    assert config_of("notes")["size"] == 2


def test_the_schema_can_be_read_by_whoever_has_to_fulfil_it(config: Api) -> None:
    assert config.get("/modules/notes").json()["config_schema"] == SCHEMA


def test_a_service_refuses_what_breaks_the_schema_whoever_calls(db: None) -> None:
    with pytest.raises(Invalid):
        services.update_config(SYSTEM, services.locked_state("notes"), config={"no": 1})
    assert ModuleState.objects.get().config == {}


def test_every_installed_modules_defaults_fulfil_its_own_schema(db: None) -> None:
    from syteops.core.schemas import problems

    assert installed_modules()
    for slug, app in installed_modules().items():
        assert problems(app.config_schema, config_of(slug)) == [], slug
