"""Sites for child processes to work on, set up once per run and copied from then on.

A first `manage.py setup` takes five seconds of a processor, and the tests need a dozen sites.
"""

import contextlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from tests.databases import copy_database, is_on_test_server, make_database
from tests.environment import one_at_a_time, shared_directory
from tests.processes import manage


def set_up(data_dir: Path, environment: dict[str, str]) -> str:
    """Make `data_dir` and the database of `environment` a site as `manage.py setup` leaves it.

    Both must be empty. Returns what the setup printed. All sites of a run have the same secrets,
    but those whose database is on a server of their own.
    """
    return _made(_set_up_anew, data_dir, environment)


def set_up_with_key(data_dir: Path, environment: dict[str, str]) -> str:
    """The same, and then generate the site key, which is returned."""
    return _made(_set_up_and_generate, data_dir, environment)


Make = Callable[[Path, dict[str, str]], str]


def _made(make: Make, data_dir: Path, environment: dict[str, str]) -> str:
    address = environment.get("DATABASE_URL", "")
    if address and not is_on_test_server(address):
        return make(data_dir, environment)
    template = _template(make, "postgresql" if address else "sqlite")
    shutil.copytree(template / "data", data_dir, dirs_exist_ok=True, copy_function=_copy)
    if address:
        copy_database((template / "database").read_text(), address)
    return (template / "printed").read_text()


def _template(make: Make, kind: str) -> Path:
    """The site that all are copies of, made by the first process of this run that asks."""
    directory = shared_directory() / f"template{make.__name__}-{kind}"
    directory.mkdir(exist_ok=True)
    with one_at_a_time(directory.name):
        if not (directory / "printed").exists():
            environment = make_database() if kind == "postgresql" else {}
            (directory / "database").write_text(environment.get("DATABASE_URL", ""))
            printed = make(directory / "data", environment)
            (directory / "printed").write_text(printed)
    return directory


def _set_up_anew(data_dir: Path, environment: dict[str, str]) -> str:
    done = manage("setup", data_dir=data_dir, **environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _set_up_and_generate(data_dir: Path, environment: dict[str, str]) -> str:
    set_up(data_dir, environment)
    done = manage("manage_key", "generate", "--json", data_dir=data_dir, **environment)
    assert done.returncode == 0, done.stderr
    return str(json.loads(done.stdout)["key"])


def _copy(source: str, target: str) -> None:
    """The 37 MB of static files, which nothing changes in place, need not be there twice."""
    if "/static/" in source:
        with contextlib.suppress(OSError):  # another file system
            os.link(source, target)
            return
    shutil.copy2(source, target)
