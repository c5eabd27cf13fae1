"""The files of the database hold nothing of somebody who was erased."""

import re
from pathlib import Path

import pytest

from tests.processes import manage
from tests.sites import set_up

pytestmark = pytest.mark.sqlite_only

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


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A site with an empty database of its own."""
    set_up(tmp_path / "site", {})
    return tmp_path / "site"


@pytest.mark.parametrize(("end", "held"), [("erase", 1), ("keep", 5)])
def test_the_files_of_sqlite_hold_nothing_either(data_dir: Path, end: str, held: int) -> None:
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


def test_the_journal_of_sqlite_is_emptied_once_nobody_reads_it(data_dir: Path) -> None:
    made, _, rest = LIFE.partition('if "{end}" == "erase":\n')
    erasing, _, held = rest.partition("\n#")
    script = f"{made}{READER.replace('{erase}', erasing.strip())}#{held}"

    done = manage("shell", "-c", script, data_dir=data_dir)

    assert done.returncode == 0, done.stderr
    assert "failing: ['empty_journal']\nfailing: []" in done.stdout
    assert "held: ['Kept-canary']" in done.stdout
