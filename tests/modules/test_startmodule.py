"""`manage.py startmodule`: what it writes works at once, and nothing is in its way or lost."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.environment import ROOT


@pytest.mark.slow
@pytest.mark.sqlite_only
def test_a_new_module_passes_its_own_tests_and_those_of_every_operation(tmp_path: Path) -> None:
    call_command("startmodule", "inventory", directory=tmp_path)

    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PYTEST")},
        "SYTEOPS_TEST_MODULES": "inventory",
        "PYTHONPATH": str(tmp_path),
    }
    environment.pop("SYTEOPS_TEST_DATA_DIR", None)  # this run's own
    walked = [f"tests/manage_api/test_{one}.py" for one in ("matrix", "discovery", "cursors")]
    options = ("-q", "-n0", "-c", "pyproject.toml", "-k", "inventory")
    tests = subprocess.run(
        [sys.executable, "-m", "pytest", *options, tmp_path, *walked],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert tests.returncode == 0, tests.stdout[-3000:] + tests.stderr
    # Five of its own, one of each operation, two workflows, and twice its list in pages.
    assert "15 passed" in tests.stdout
    again = [sys.executable, "manage.py", "makemigrations", "--check", "--dry-run"]
    environment["EXTRA_MODULES"] = "inventory"
    assert subprocess.run(again, cwd=ROOT, env=environment, check=False).returncode == 0


@pytest.mark.parametrize(
    ("name", "noun", "told"),
    [
        ("notes", None, "There is something called notes already."),
        ("crm", None, "There is something called crm already."),  # a resource, and no package
        ("audit", "thing", "There is something called audit already."),
        ("recipes", "note", "Something is called a note already."),
        ("recipes", "recipes", "must differ"),
        ("Recipes", None, "'Recipes' is no name"),
        ("my-recipes", None, "is no name"),
        ("../recipes", None, "is no name"),
        ("2recipes", None, "is no name"),
        ("class", None, "class"),  # Django's own check: no name of a package
        ("json", None, "conflicts with the name of an existing Python module"),
        ("r" * 31, None, "30 characters at most"),
        ("recipes", "recipe;", "is no name"),
    ],
)
def test_a_name_that_is_none_or_taken_is_refused_and_nothing_written(
    tmp_path: Path, name: str, noun: str | None, told: str
) -> None:
    with pytest.raises(CommandError, match=told):
        call_command("startmodule", name, noun=noun, directory=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_already_stays(tmp_path: Path) -> None:
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes" / "apps.py").write_text("mine")

    with pytest.raises(CommandError, match="Nothing was written"):
        call_command("startmodule", "recipes", directory=tmp_path)

    assert (tmp_path / "recipes" / "apps.py").read_text() == "mine"
    assert [one.name for one in tmp_path.iterdir()] == ["recipes"]


def test_a_directory_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no directory"):
        call_command("startmodule", "recipes", directory=tmp_path / "nowhere")
