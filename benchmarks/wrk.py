"""Drives one load with wrk and says what came of it."""

import itertools
import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from benchmarks.loads import COUNTER, Load, Request

HOW_TO_INSTALL = """wrk is not installed.
On Debian and Ubuntu: apt install wrk. On macOS: brew install wrk.
Else: https://github.com/wg/wrk, then make, and wrk on the PATH."""

_first = itertools.count(1_000_000, 1_000_000)


@dataclass(frozen=True)
class Seen:
    """What one run of wrk saw. `p50` and `p99` are in milliseconds."""

    requests: int
    seconds: float
    p50: float
    p99: float
    refused: int
    broken: int

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds

    def errors(self, load: Load) -> int:
        """How many answers were not what the load expects."""
        refused = self.requests - self.refused if load.status >= 400 else self.refused
        return refused + self.broken


def require_wrk() -> None:
    """Raises SystemExit where wrk is missing, with the cure."""
    if shutil.which("wrk") is None:
        raise SystemExit(HOW_TO_INSTALL)


def drive(
    url: str, load: Load, requests: list[Request], connections: int, seconds: int, home: Path
) -> Seen:
    """Send the requests in turn, for so long."""
    plan = home / "plan.lua"
    plan.write_text(_plan(load, requests), encoding="utf-8")
    script = Path(__file__).with_name("load.lua")
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s"]
    done = subprocess.run(
        [*command, "-s", str(script), url, "--", str(plan)],
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    return Seen(**json.loads(done.stdout.splitlines()[-1]))


def _plan(load: Load, requests: list[Request]) -> str:
    counted = any(COUNTER in str(one) for one in requests)
    members = ",\n".join(_table(one) for one in requests)
    flags = f"tagged = {str(load.tagged).lower()}, counted = {str(counted).lower()}"
    return f"return {{ {flags}, first = {next(_first)}, requests = {{\n{members} }} }}\n"


def _table(one: Request) -> str:
    headers = ", ".join(f"[{_text(n)}] = {_text(v)}" for n, v in one.headers.items())
    line = f"method = {_text(one.method)}, path = {_text(one.path)}, headers = {{ {headers} }}"
    return f"{{ {line}, body = {_text(one.body)} }}" if one.body else f"{{ {line} }}"


def _text(text: str) -> str:
    """A Lua string: JSON's, without what Lua reads otherwise."""
    return json.dumps(text, ensure_ascii=False)
