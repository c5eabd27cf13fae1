"""The API description is valid, and openapi-python-client makes a client that Python can import."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.core.management import call_command
from openapi_spec_validator import validate

from manage_api.operations import all_operations

pytestmark = [pytest.mark.slow, pytest.mark.sqlite_only]  # it is one document on every database

IMPORT_EACH = """
import importlib, pkgutil, client
for module in pkgutil.walk_packages(client.__path__, "client."):
    try:
        importlib.import_module(module.name)
    except ImportError:
        print(module.name)
"""


@dataclass
class Made:
    """A client in the directory `path`, and what the generator said while it made it."""

    path: Path
    said: str


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """In JSON, which is read in no time; `make contract` reads the same in YAML."""
    path = tmp_path_factory.mktemp("document") / "openapi.json"
    call_command("spectacular", "--fail-on-warn", "--format", "openapi-json", "--file", str(path))
    return path


@pytest.fixture(scope="module")
def made(document: Path, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Enums become literals; `make contract` makes one with the defaults of the generator."""
    into = tmp_path_factory.mktemp("made")
    (into / "config.yaml").write_text("literal_enums: true\npost_hooks: []  # no tidying up")
    generator = Path(sys.executable).with_name("openapi-python-client")
    what = ["--path", document, "--config", "config.yaml", "--meta", "none"]
    return Made(into, run(into, generator, "generate", *what, "--output-path", "client"))


def run(directory: Path, *command: object) -> str:
    done = subprocess.run(
        [str(part) for part in command],
        cwd=directory,
        check=False,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert done.returncode == 0, done.stdout[-2000:]
    return done.stdout


def test_the_description_keeps_the_rules_of_openapi(document: Path) -> None:
    validate(json.loads(document.read_text()))


def test_it_has_a_module_for_every_operation(made: Made) -> None:
    modules = {file.stem for file in (made.path / "client" / "api").rglob("*.py")}

    assert {one.name.replace(".", "_") for one in all_operations()} <= modules


def test_all_of_it_can_be_imported(made: Made) -> None:
    assert run(made.path, sys.executable, "-c", IMPORT_EACH) == ""


def test_no_answer_is_left_out(made: Made) -> None:
    assert "WARNING" not in made.said
