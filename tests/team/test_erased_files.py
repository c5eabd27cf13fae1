"""The files of the database hold nothing of somebody who was erased."""

import re
from pathlib import Path

import pytest

from tests.processes import manage

LIFE = """
import os, pathlib
from syteops.core.actors import SYSTEM
from syteops.team import services
long = "biography of a canary " * 500
made = dict(first_name="Zyxwvut", email="canary@zyx.example", biography=long)
gone = services.create_team_member(SYSTEM, **made)
services.create_team_member(SYSTEM, first_name="Kept-canary")
services.update_team_member(SYSTEM, gone, phone_mobile="+43 660 7654321")
if "{end}" == "erase":
    services.erase_team_member(SYSTEM, gone)
# While the database is open: its journal goes when it is closed.
files = pathlib.Path(os.environ["SYTEOPS_DATA_DIR"]).rglob("*")
held = b"".join(one.read_bytes() for one in files if one.is_file()).lower()
texts = "Kept-canary", "Zyxwvut", "canary@zyx.example", "7654321", "biography of a canary"
print("held:", [text for text in texts if text.lower().encode() in held])
"""


@pytest.mark.sqlite_only
@pytest.mark.parametrize(("end", "held"), [("erase", 1), ("keep", 5)])
def test_the_files_of_sqlite_hold_nothing_either(tmp_path: Path, end: str, held: int) -> None:
    data_dir = tmp_path / "site"
    assert manage("migrate", data_dir=data_dir).returncode == 0

    done = manage("shell", "-c", LIFE.replace("{end}", end), data_dir=data_dir)

    assert done.returncode == 0, done.stderr
    found = re.findall("'([^']+)'", done.stdout.rpartition("held:")[2])
    assert (found[0], len(found)) == ("Kept-canary", held)


READER = """
import sqlite3
from django.conf import settings
from syteops.dashboard.tasks import failing_tasks
from syteops.server import housekeeping
reader = sqlite3.connect(settings.DATABASES["default"]["NAME"], isolation_level=None)
reader.execute("BEGIN")
reader.execute("SELECT count(*) FROM team_teammember").fetchone()
{erase}
housekeeping.run()
print("failing:", [one.name for one in failing_tasks()])
reader.execute("ROLLBACK")
housekeeping.run()
print("failing:", [one.name for one in failing_tasks()])
"""


@pytest.mark.sqlite_only
def test_the_journal_of_sqlite_is_emptied_once_nobody_reads_it(tmp_path: Path) -> None:
    data_dir = tmp_path / "site"
    assert manage("migrate", data_dir=data_dir).returncode == 0
    made, _, rest = LIFE.partition('if "{end}" == "erase":\n')
    erasing, _, held = rest.partition("\n#")
    script = f"{made}{READER.replace('{erase}', erasing.strip())}#{held}"

    done = manage("shell", "-c", script, data_dir=data_dir)

    assert done.returncode == 0, done.stderr
    assert "failing: ['empty_journal']\nfailing: []" in done.stdout
    assert "held: ['Kept-canary']" in done.stdout
