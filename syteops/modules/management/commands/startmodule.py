"""`manage.py startmodule NAME`: a working module to begin with."""

import os
import re
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.apps import apps
from django.core.management.base import CommandError
from django.core.management.templates import TemplateCommand

from manage_api.operations import all_operations
from syteops.env import inherited_environment

TEMPLATE = Path(__file__).parents[2] / "module_template"
NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
LONGEST = 30
"""Characters of a name, of which those of tables, permissions and constraints are made."""

_NEXT = """\
{name} is in {place}. It has one entity, {entity}, with a name and an address: put what yours has in
their place. To serve it, with its directory on Python's path:

    export PYTHONPATH={parent} EXTRA_MODULES={name}
    {python} manage.py setup

docs/modules.md goes through its files, and says how its tests are run."""


class Command(TemplateCommand):  # type: ignore[misc, unused-ignore]
    """Writes the whole package or, where anything is in the way, nothing."""

    help = "Write a new module: one entity with its API, admin pages, variables and tests."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Not those of Django's own: what is written is ours."""
        parser.add_argument(
            "name", help="of the package and of the module, in the plural: bookmarks"
        )
        parser.add_argument("--noun", help="what one of its objects is called, such as bookmark")
        parser.add_argument(
            "--directory", type=Path, default=Path(), help="where to put it; by default here"
        )

    def handle(self, name: str, **options: Any) -> None:  # type: ignore[override]
        """Raises CommandError for a name that is none or taken, or a place where something is."""
        noun = options["noun"] or _singular(name)
        for problem in _problems(name, noun):
            raise CommandError(problem)
        place = options["directory"].absolute() / name
        if not place.parent.is_dir():
            raise CommandError(f"There is no directory {place.parent}. Make it first.")
        if place.exists():
            raise CommandError(f"There is a {place} already. Nothing was written.")
        entity = noun.replace("_", " ").title().replace(" ", "")
        with tempfile.TemporaryDirectory(prefix=".startmodule-", dir=place.parent) as directory:
            made = Path(directory) / name
            made.mkdir()
            self._write(made, noun=noun, entity=entity, verbosity=options["verbosity"])
            _make_migration(made)
            made.rename(place)
        told = {"place": place, "parent": place.parent, "python": sys.executable}
        self.stdout.write(_NEXT.format(name=name, entity=entity, **told))

    def _write(self, directory: Path, **context: Any) -> None:
        name = directory.name
        super().handle(
            "app",
            name,
            str(directory),
            title=name.replace("_", " ").capitalize(),
            template=str(TEMPLATE),
            extensions=["py"],
            files=[],
            **context,
        )


def _singular(name: str) -> str:
    return name.removesuffix("s") if name.endswith("s") else f"{name}_item"


def _problems(name: str, noun: str) -> Iterator[str]:
    for one in (name, noun):
        if not NAME.fullmatch(one) or len(one) > LONGEST:
            yield (
                f"{one!r} is no name: send small letters, digits and single underscores, "
                f"{LONGEST} characters at most."
            )
    if name == noun:
        yield "Name and noun must differ: bookmarks, and --noun bookmark."
    labels = {one.label for one in apps.get_app_configs()}
    if name in labels | {one.resource for one in all_operations()}:
        yield f"There is something called {name} already. Choose another name."
    if noun in {getattr(model, "noun", "") for model in apps.get_models()}:
        yield f"Something is called a {noun} already. Choose another --noun."


def _make_migration(module: Path) -> None:
    """Have a process of its own make it: this one was started without the module."""
    path = os.pathsep.join([str(module.parent), *filter(None, sys.path)])
    with_it = {"DJANGO_SETTINGS_MODULE": "syteops.settings", "EXTRA_MODULES": module.name}
    done = subprocess.run(  # noqa: S603 - the name is letters, digits and underscores
        [sys.executable, "-m", "django", "makemigrations", module.name, "-n", "initial"],
        env={**inherited_environment(), **with_it, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CommandError(f"The module cannot be loaded. {done.stderr.strip()[-2000:]}")
