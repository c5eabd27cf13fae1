"""A real site, for the commands that the docs tell their readers to type."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import web
from tests.docs.pages import commands, comment_of
from tests.processes import killed_afterwards, manage, start
from tests.servers import free_port
from tests.sites import set_up_with_key
from tests.waiting import PATIENCE

_TYPED = re.compile(r"(\w+=\$\()?curl |export (KEY|API)=")
_EXPECTED = re.compile(r"^([1-5]\d\d)\b(?:: (\w+))?")
_MARK = "@@ next command"
# As typed, curl shows what it got. Here it also says with which status.
_PRELUDE = r"""
curl() { command curl --silent --show-error --max-time 30 --write-out '\n%{http_code}' "$@"; }
"""


@dataclass(frozen=True)
class Ran:
    """A command of a page, and what came of it."""

    command: str
    status: int
    body: str

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Site:
    """A site that is served, and its key."""

    url: str
    data_dir: Path
    key: str

    def run(self, page: str, directory: Path) -> list[Ran]:
        """Type the curl commands of a page, in order, in one POSIX shell.

        Each must answer as its comment says (`# 428`, `# 404: not_found`), or else succeed.
        """
        typed = list(filter(_TYPED.match, commands(page)))
        script = _PRELUDE + "".join(f"{one}\nprintf '\\n%s\\n' '{_MARK}'\n" for one in typed)
        script = script.replace("som_…", self.key).replace("http://127.0.0.1:8000", self.url)
        done = subprocess.run(
            ["sh", "-eu"],
            input=script,
            cwd=directory,
            env={**os.environ, "KEY": self.key, "API": f"{self.url}/api/manage/v1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, ""), done.stdout
        pairs = zip(typed, done.stdout.split(f"\n{_MARK}\n"), strict=False)
        ran = [_ran(one, shown) for one, shown in pairs if one.startswith("curl")]
        for one in ran:
            _check(one)
        return ran


def _ran(command: str, shown: str) -> Ran:
    body, _, status = shown.rpartition("\n")
    return Ran(command, int(status), body)


def _check(ran: Ran) -> None:
    expected = _EXPECTED.match(comment_of(ran.command))
    if not expected:
        assert 200 <= ran.status < 300, ran
        return
    assert ran.status == int(expected[1]), ran
    if expected[2] and "_" in expected[2]:
        assert ran.json["code"] == expected[2], ran


@contextmanager
def served(data_dir: Path, **settings: str) -> Iterator[Site]:
    """Set up, opened with a site key, and served, as an operator does it."""
    key = set_up_with_key(data_dir, {})
    if settings:
        done = manage("setup", data_dir=data_dir, **settings)
        assert done.returncode == 0, done.stderr
    port = str(free_port())
    process = start("serve", data_dir=data_dir, PORT=port, WORKERS="1", **settings)
    with killed_afterwards(process):
        url = f"http://127.0.0.1:{port}"
        try:
            web.wait_until_ready(url)
            yield Site(url, data_dir, key)
        finally:
            process.terminate()  # killed, it would leave its workers behind
            process.communicate(timeout=PATIENCE)
