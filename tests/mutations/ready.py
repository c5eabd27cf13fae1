"""A plugin of pytest for the runs of guards: what they begin with, and which tests failed.

To migrate an empty database takes longer than the tests of a guard: where BEGUN names a folder, a
run begins with a copy of the database there. The secrets it was made with are beside it.
"""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

BEGUN = "SYTEOPS_TEST_BEGUN"
DATABASE = "database.sqlite3"
FAILED = "mutations: failed "
"""What a line begins with that names a failed test, as JSON."""


def begin(folder: Path) -> None:
    """Migrate an empty database and put it there, and the secrets of this process."""
    import tests.conftest  # noqa: F401 - its receivers decide what is in it

    name = connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    connection.close()
    shutil.copy(name, folder / DATABASE)
    shutil.copytree(Path(name).parent / "secrets", folder / "secrets")


class BeginWithCopy:
    """Registered where there is a template."""

    @pytest.fixture(scope="session")
    def django_db_setup(self, django_db_blocker: Any) -> None:
        """Instead of pytest-django's: nothing is migrated, nothing destroyed."""
        name = str(connection.settings_dict["TEST"]["NAME"])
        connection.close()
        for rest in ("-wal", "-shm"):
            Path(name + rest).unlink(missing_ok=True)
        shutil.copy(Path(os.environ[BEGUN]) / DATABASE, name)
        connection.settings_dict["NAME"] = name


def pytest_configure(config: pytest.Config) -> None:
    for mark in ("xdist_group", "flaky"):  # of plugins that are not loaded here
        config.addinivalue_line("markers", mark)
    if BEGUN in os.environ:
        config.pluginmanager.register(BeginWithCopy())


def pytest_terminal_summary(terminalreporter: Any) -> None:
    for kind in ("failed", "error"):
        for report in terminalreporter.stats.get(kind, []):
            terminalreporter.write_line(FAILED + json.dumps(report.nodeid))
