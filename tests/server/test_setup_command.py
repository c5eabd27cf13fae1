"""`manage.py setup` and `manage.py serve`, run as an operator runs them."""

import re
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests import web
from tests.databases import fresh_database as new_fresh_database
from tests.environment import ROOT
from tests.processes import clean_environment, finish, killed_afterwards, manage, start
from tests.servers import free_port
from tests.sites import set_up
from tests.waiting import PATIENCE, becomes_true

pytestmark = pytest.mark.slow

PASSWORD = re.compile(r"Password: +([a-z2-9]{5}(?:-[a-z2-9]{5}){3})\b")


@dataclass
class Site:
    """A site that was set up once: where it is, and what `setup` printed."""

    data_dir: Path
    environment: dict[str, str]
    printed: str

    @property
    def database(self) -> str:
        """How it is named, in the end of which a name is made up."""
        return "PostgreSQL, fresh_" if self.environment else f"SQLite, {self.data_dir}/db.sqlite3"

    def manage(self, *arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
        return manage(*arguments, data_dir=self.data_dir, **{**self.environment, **settings})

    def start(self, *arguments: str, **settings: str) -> "subprocess.Popen[str]":
        return start(*arguments, data_dir=self.data_dir, **{**self.environment, **settings})


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with new_fresh_database() as environment:
        data_dir = tmp_path_factory.mktemp("site") / "data"
        yield Site(data_dir, environment, set_up(data_dir, environment))


@pytest.mark.combination
def test_the_first_run_prints_address_name_and_password_of_the_first_admin(site: Site) -> None:
    assert PASSWORD.search(site.printed)
    assert "http://127.0.0.1:8000/admin/" in site.printed
    assert re.search(r"User: +admin\b", site.printed)


def test_what_changes_before_the_first_server_starts_is_an_event(site: Site) -> None:
    made = site.manage("manage_key", "create", "--name", "Early", "--scopes", "variables:read")
    assert made.returncode == 0, made.stderr
    script = (
        "from syteops.events import publishing; publishing.publish(); "
        "from syteops.events.models import Event; print(*Event.objects.values_list('type'))"
    )
    assert "key.generated" in site.manage("shell", "-c", script).stdout


@pytest.mark.once
def test_what_others_could_open_is_closed_again(site: Site) -> None:
    """As after a copy, or in a directory that somebody made with the usual umask."""
    opened = [site.data_dir, *site.data_dir.iterdir()]
    for path in opened:
        path.chmod(0o755)

    told = site.manage("setup")

    assert "closed to other users" in told.stdout
    assert [path.stat().st_mode & 0o077 for path in opened] == [0] * len(opened)
    assert "W005" in told.stderr
    assert "W005" not in site.manage("check").stderr


@pytest.mark.once
def test_what_setup_makes_is_closed_to_other_users(site: Site) -> None:
    assert [path.stat().st_mode & 0o077 for path in site.data_dir.rglob("*")] == [0] * len(
        [*site.data_dir.rglob("*")]
    )
    assert site.data_dir.stat().st_mode & 0o077 == 0
    for name in ("secret_key", "encryption_keys"):
        secret = site.data_dir / "secrets" / name
        assert secret.stat().st_mode & 0o777 == 0o600
        assert len(secret.read_text().strip()) >= 32


def test_a_second_run_changes_nothing_and_prints_no_password(site: Site) -> None:
    before = _contents(site.data_dir)
    again = site.manage("setup")
    assert again.returncode == 0
    database, told = again.stdout.splitlines()
    assert database.startswith(f"Database: {site.database}")
    assert told == "Everything is set up already."
    assert _contents(site.data_dir) == before


def _contents(directory: Path) -> dict[str, object]:
    """What is in each file, and in the database; that one's own bookkeeping comes and goes."""
    files = (path for path in directory.rglob("*") if path.is_file())
    return {
        str(path): _dump(path) if path.suffix == ".sqlite3" else path.read_bytes()
        for path in files
        if not path.name.endswith(("-wal", "-shm", ".lock"))
    }


def _dump(database: Path) -> list[str]:
    with closing(sqlite3.connect(database)) as connection:
        return list(connection.iterdump())


def test_two_runs_at_once_make_one_admin(tmp_path: Path, fresh_database: dict[str, str]) -> None:
    runs = [start("setup", data_dir=tmp_path / "data", **fresh_database) for _ in range(2)]
    done = [finish(run) for run in runs]
    assert [run.returncode for run in done] == [0, 0], [run.stderr for run in done]
    assert sum(bool(PASSWORD.search(run.stdout)) for run in done) == 1


def test_other_encryption_keys_are_refused_before_anything_is_stored_under_them(
    site: Site,
) -> None:
    refused = site.manage("setup", FIELD_ENCRYPTION_KEYS="another-key-0123456789-abcdefghijklmnop")
    assert refused.returncode == 1
    assert "encryption keys do not open what is stored" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_the_database_is_named_without_its_password(site: Site) -> None:
    assert f"Database: {site.database}" in site.manage("serve", HOST="192.0.2.1").stdout
    address = f"postgres://u:very-secret@127.0.0.1:{free_port()}/x"
    refused = site.manage("serve", DATABASE_URL=address)
    assert "Database: PostgreSQL, x at 127.0.0.1:" in refused.stdout
    assert "very-secret" not in refused.stdout + refused.stderr


@pytest.mark.once
def test_a_settings_file_is_read_whole_and_the_environment_wins(
    tmp_path: Path, fresh_database: dict[str, str]
) -> None:
    file, data_dir = tmp_path / "site.env", tmp_path / "from file"
    address = fresh_database.get("DATABASE_URL", "")
    address += "?sslmode=prefer&connect_timeout=4" if address else ""
    set_up(data_dir, fresh_database)
    told = {"SYTEOPS_DATA_DIR": data_dir, "DATABASE_URL": address, "HOST": "192.0.2.1", "PORT": 1}
    file.write_text("".join(f"{name}={value}\n" for name, value in told.items()))
    environment = clean_environment(tmp_path, SYTEOPS_ENV_FILE=str(file), PORT="8125")
    del environment["SYTEOPS_DATA_DIR"]
    done = subprocess.run(
        [sys.executable, ROOT / "manage.py", "serve"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"Settings: the environment, then {file}" in done.stdout
    assert ("PostgreSQL" if fresh_database else f"SQLite, {data_dir}/") in done.stdout
    assert "Cannot listen on 192.0.2.1 port 8125" in done.stderr


def test_another_database_beside_a_used_data_directory_is_refused(site: Site) -> None:
    """Also where it has tables, such as those of PostGIS: a second site was made in it."""
    elsewhere = f"sqlite:///{site.data_dir}/lost.sqlite3"
    with closing(sqlite3.connect(site.data_dir / "lost.sqlite3")) as file:
        file.execute("CREATE TABLE spatial_ref_sys (srid)")
    refused = manage("setup", data_dir=site.data_dir, DATABASE_URL=elsewhere)
    assert refused.returncode == 1
    assert "There is no site in the database (SQLite, " in refused.stderr
    assert "Correct DATABASE_URL or restore the database." in refused.stderr
    assert "Password:" not in refused.stdout
    served = manage("serve", data_dir=site.data_dir, DATABASE_URL=elsewhere)
    assert served.returncode == 1


def test_a_database_that_does_not_answer_is_named(tmp_path: Path) -> None:
    address = f"postgres://u:very-secret@127.0.0.1:{free_port()}/x"
    refused = manage("setup", data_dir=tmp_path, DATABASE_URL=address)
    assert refused.returncode == 1
    assert refused.stderr.startswith("CommandError: The database does not answer")
    assert "very-secret" not in refused.stderr


@pytest.mark.once
def test_a_site_that_was_not_set_up_is_not_served(
    tmp_path: Path, fresh_database: dict[str, str]
) -> None:
    refused = manage("serve", data_dir=tmp_path, **fresh_database)
    assert refused.returncode == 1
    assert "run manage.py setup" in refused.stderr


@pytest.mark.once
def test_a_wrong_setting_keeps_the_server_from_starting(site: Site) -> None:
    refused = site.manage("serve", WORKERS="0")
    assert refused.returncode == 1
    assert "syteops.E005" in refused.stderr


@pytest.mark.once
def test_a_port_that_is_taken_is_named(site: Site) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        refused = site.manage("serve", PORT=str(other.getsockname()[1]))
    assert refused.returncode == 1
    assert "Address already in use. Set HOST and PORT." in refused.stderr


@pytest.mark.once
def test_the_server_answers_and_stops_cleanly(site: Site) -> None:
    port = free_port()
    server = site.start("serve", PORT=str(port), WORKERS="2")
    with killed_afterwards(server):
        ready = f"http://127.0.0.1:{port}/readyz"
        assert becomes_true(lambda: web.answers(ready) or server.poll() is not None)
        assert server.poll() is None, server.communicate()
        assert web.get(ready).json()["ready"] is True
        assert web.get(f"http://127.0.0.1:{port}/admin/login/").status_code == 200
        server.send_signal(signal.SIGTERM)
        output, _ = server.communicate(timeout=PATIENCE)
    assert server.returncode == 0
    assert f"SyteOps is at http://127.0.0.1:{port}/admin/" in output
    with pytest.raises(httpx.ConnectError):
        web.get(f"http://127.0.0.1:{port}/healthz")
