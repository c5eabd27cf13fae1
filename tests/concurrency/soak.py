"""`python -m tests.concurrency.soak [kills]`: kills the server under load, again and again.

Eight clients write without pause; each write has an Idempotency-Key and is sent again until it is
answered. At random moments the server and its workers get `kill -9`. What the database holds then
must fit what the clients were told, and its audit trail must be whole and tell of every row; and
so it must be when all is over. Runs on SQLite, then on PostgreSQL where that is installed.
"""

import random
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.concurrency.live import live_site
from tests.concurrency.load import Load, Writer, problems
from tests.servers import ServerUnavailable, postgresql

WRITERS = 8
LONGEST = 1.5  # seconds under load before a kill


@dataclass
class Outcome:
    """What came of it. `replayed` are writes that had happened although their answer was lost."""

    kills: int = 0
    acknowledged: int = 0
    retried: int = 0
    replayed: int = 0
    entries: int = 0
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        found = "\n".join(["", *self.problems]) if self.problems else " no problem"
        return (
            f"{self.kills} kills, {self.acknowledged} writes acknowledged, {self.retried} sent "
            f"again, {self.replayed} of them replayed, {self.entries} audit entries:{found}"
        )


def soak(data_dir: Path, settings: dict[str, str], kills: int, seed: int | None = None) -> Outcome:
    """Kill the server that many times. Stops at the first contradiction."""
    chance = random.Random(seed)
    outcome = Outcome()
    with live_site(data_dir, settings, workers=4) as site:
        server = site.servers[0]
        load = Load([Writer(server, f"writer {n}", chance.getrandbits(32)) for n in range(WRITERS)])
        load.start()
        try:
            while outcome.kills < kills and not outcome.problems:
                time.sleep(chance.uniform(0, LONGEST))
                server.kill()
                outcome.kills += 1
                print(".", end="", file=sys.stderr, flush=True)
                outcome.problems = _found(load, state := site.state(), outcome.kills)
                server.start()
        except BaseException:
            load.give_up()  # they would wait for ever for a server that lies dead
            raise
        load.finish()
        state = site.state()
        outcome.problems += _found(load, state, None)
    outcome.entries = state["entries"]
    for name in ("acknowledged", "retried", "replayed"):
        setattr(outcome, name, load.total(name))
    return outcome


def _found(load: Load, state: dict[str, Any], kill: int | None) -> list[str]:
    when = "At the end" if kill is None else f"After kill {kill}"
    return [f"{when}: {text}" for text in problems(load, state)]


def main(kills: int) -> int:
    """1 if anything was wrong."""
    outcomes = [_report("SQLite", {}, kills)]
    try:
        with postgresql() as address:
            outcomes.append(_report("PostgreSQL", {"DATABASE_URL": address}, kills))
    except ServerUnavailable as reason:
        print(f"*** NOT RUN ON POSTGRESQL: {reason}", file=sys.stderr)
    return int(any(one.problems for one in outcomes))


def _report(database: str, settings: dict[str, str], kills: int) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="syteops-soak-") as directory:
        outcome = soak(Path(directory) / "data", settings, kills)
    print(f"{database}: {outcome}", flush=True)
    return outcome


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 50))
