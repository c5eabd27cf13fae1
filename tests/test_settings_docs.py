"""docs/settings.md names every setting with its true default, and every check."""

import ast
import re

import pytest

from tests.environment import ROOT, settings_variables

DOCS = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| `([A-Z_]+)` \| (.+?) \| .+ \|$", DOCS, re.MULTILINE))


def test_every_setting_is_documented_and_nothing_else() -> None:
    assert sorted(ROWS) == sorted(settings_variables())


def literal_defaults() -> dict[str, object]:
    """The defaults that are written in the code, with products such as 5 * 1024 worked out."""
    found = {}
    for name, call in settings_variables().items():
        default = next((word.value for word in call.keywords if word.arg == "default"), None)
        names = default and any(isinstance(node, ast.Name) for node in ast.walk(default))
        if default is not None and not names:
            found[name] = eval(compile(ast.Expression(default), name, "eval"), {})
    return {name: value for name, value in found.items() if value not in ("", [])}


@pytest.mark.parametrize(("name", "default"), literal_defaults().items())
def test_the_documented_default_is_the_real_one(name: str, default: object) -> None:
    shown = str(default).lower() if isinstance(default, bool) else str(default)
    assert ROWS[name] == f"`{shown}`"


def test_every_check_is_documented_and_nothing_else() -> None:
    code = (ROOT / "syteops" / "checks.py").read_text(encoding="utf-8")
    numbers = set(re.findall(r'"(?:syteops\.)?([EW]\d{3})"', code))
    assert set(re.findall(r"`syteops\.([EW]\d{3})`", DOCS)) == numbers


def test_only_env_py_reads_the_environment() -> None:
    """Else a setting could escape this page. The settings module's own name is Django's affair."""
    readers = [
        path.relative_to(ROOT).as_posix()
        for app in ("syteops", "manage_api", "notes", "estimates")
        for path in (ROOT / app).rglob("*.py")
        if re.search(r"os\.environ(?!\.setdefault\(\"DJANGO)|getenv", path.read_text())
    ]
    assert readers == ["syteops/env.py"]
