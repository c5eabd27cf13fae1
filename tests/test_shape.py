"""What keeps the code readable: the API of an entity, and every module, fits one reading."""

import ast
from pathlib import Path

import pytest

from syteops.env import BASE_DIR

PRODUCT = ("syteops", "manage_api", "notes", "estimates")
MODULES = sorted(path for package in PRODUCT for path in (BASE_DIR / package).rglob("*.py"))
# Django writes migrations, by the models.
HAND_WRITTEN = [one for one in MODULES if "migrations" not in one.parts]
APIS = [one for one in MODULES if one.name == "api.py" or one.parent.name == "api"]


def name_of(path: Path) -> str:
    return str(path.relative_to(BASE_DIR))


def lines_without_serializers(path: Path) -> int:
    text = path.read_text(encoding="utf-8")
    serializers = [
        one.end_lineno - one.lineno + 1
        for one in ast.parse(text).body
        if isinstance(one, ast.ClassDef)
        and one.name.endswith(("Serializer", "Input"))
        and one.end_lineno
    ]
    return len(text.splitlines()) - sum(serializers)


@pytest.mark.parametrize("path", APIS, ids=name_of)
def test_the_api_of_an_entity_is_at_most_sixty_lines(path: Path) -> None:
    assert lines_without_serializers(path) <= 60


def test_no_module_is_longer_than_four_hundred_lines() -> None:
    lines = {
        name_of(one): len(one.read_text(encoding="utf-8").splitlines()) for one in HAND_WRITTEN
    }
    assert {name: count for name, count in lines.items() if count > 400} == {}


def test_no_function_is_longer_than_forty_lines() -> None:
    functions = [
        (f"{name_of(path)}: {one.name}", (one.end_lineno or 0) - one.lineno + 1)
        for path in HAND_WRITTEN
        for one in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert [name for name, lines in functions if lines > 40] == []


def test_nothing_is_shortened_by_django() -> None:
    """Its truncators take quadratic time for many combining marks; `lib.text.start_of` does not."""
    folders = [BASE_DIR / "templates", *(BASE_DIR / package for package in PRODUCT)]
    templates = [path for folder in folders for path in folder.rglob("*.html")]
    read = {name_of(one): one.read_text(encoding="utf-8") for one in (*MODULES, *templates)}
    assert len(templates) > 50
    assert [
        name for name, text in read.items() if "Truncator(" in text or "|truncate" in text
    ] == []
