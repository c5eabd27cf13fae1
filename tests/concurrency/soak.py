"""`python -m tests.concurrency.soak [fault …]`: what goes wrong under load, again and again.

Clients write without pause; each write has an Idempotency-Key and is sent again until it is
done, or for good refused. Meanwhile one thing after the other goes wrong (`faults`). Then the site
must recover by itself, every answer must have been one that is documented, and what the database
holds must fit what the clients were told: nothing lost, nothing doubled, nothing that was refused.
Its audit trail must be whole and tell of every row. On SQLite, then on PostgreSQL with Redis.

The last, `deliveries`, is about what a webhook is sent while those who send and receive are killed.
"""

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.concurrency import deliveries
from tests.concurrency.faults import FAULTS, Fault
from tests.concurrency.load import IN_PROGRESS, UNAVAILABLE, Load, Writer, problems
from tests.concurrency.stage import Stage, stage
from tests.servers import ServerUnavailable, postgresql_server, redis_server
from tests.waiting import PATIENCE, becomes_true

WRITERS = 6
CALM = 1.5  # seconds under load before something goes wrong, at most

# Whatever fails may hold a lock, for longer than anybody waits for it.
_EXPECTED = frozenset({IN_PROGRESS, UNAVAILABLE})


@dataclass
class Outcome:
    """What came of it. `replayed` are writes that had happened although their answer was lost.

    `dropped` are those that were refused and not sent again.
    """

    fault: str
    times: int = 0
    acknowledged: int = 0
    retried: int = 0
    replayed: int = 0
    dropped: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    entries: int = 0
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        refused = ", ".join(f"{count} {code}" for code, count in sorted(self.refused.items()))
        found = "\n".join(["", *self.problems]) if self.problems else " no problem"
        return (
            f"{self.fault}, {self.times} times: {self.acknowledged} writes acknowledged, "
            f"{self.retried} sent again, {self.replayed} replayed, {self.dropped} dropped, "
            f"refused: {refused or 'none'}, {self.entries} audit entries:{found}"
        )


def drive(fault: Fault, on: Stage, times: int, pause: float = 0.0) -> Outcome:
    """Let it happen that many times under load. Stops at the first contradiction.

    Each writer rests for `pause` seconds after each write.
    """
    on.chance = random.Random()
    outcome = Outcome(fault.name)
    load = Load([_writer(fault, on, number, pause) for number in range(WRITERS)])
    load.start()
    try:
        while outcome.times < times and not outcome.problems:
            time.sleep(on.chance.uniform(0, CALM))
            outcome.times += 1
            _let_happen(fault, on, load, outcome)
    except BaseException:
        load.give_up()  # they would wait for ever for a server that lies dead
        raise
    if outcome.problems:
        load.give_up()
    else:
        load.finish()
    _look(on, load, outcome, "At the end")
    outcome.refused = load.refused
    for name in ("acknowledged", "retried", "replayed", "dropped"):
        setattr(outcome, name, load.total(name))
    return outcome


def _writer(fault: Fault, on: Stage, number: int, pause: float) -> Writer:
    name, seed = f"{fault.name} {number}", on.chance.getrandbits(32)
    return Writer(on.server, name, seed, _EXPECTED, fickle=not fault.doubtful, pause=pause)


def _let_happen(fault: Fault, on: Stage, load: Load, outcome: Outcome) -> None:
    with fault.on(on):
        time.sleep(fault.lasts)
        if fault.deadly:
            _look(on, load, outcome, f"After {fault.name} {outcome.times}")
    print(".", end="", file=sys.stderr, flush=True)
    if not load.gets_through(PATIENCE):
        outcome.problems.append("Not every write gets through again.")
    if not becomes_true(on.is_ready):
        outcome.problems.append("The site does not say that it is ready again.")


def _look(on: Stage, load: Load, outcome: Outcome, when: str) -> None:
    state = on.site.state()
    outcome.entries = state["entries"]
    outcome.problems += [f"{when}: {text}" for text in problems(load, state)]


def main(arguments: Sequence[str] | None = None) -> int:
    """1 if anything was wrong."""
    parser = argparse.ArgumentParser(prog="soak")
    known = [*FAULTS, deliveries.NAME]
    parser.add_argument("faults", nargs="*", metavar="fault", help=", ".join(known))
    parser.add_argument("--times", type=int, help="how often each happens")
    options = parser.parse_args(arguments)
    if unknown := set(options.faults) - set(known):
        parser.error(f"There is no fault {', '.join(unknown)}. There are: {', '.join(known)}.")
    chosen = options.faults or known
    outcomes: list[Outcome | deliveries.Outcome] = []
    for database in ("SQLite", "PostgreSQL"):
        try:
            outcomes += _soak(database, chosen, options.times)
        except ServerUnavailable as reason:
            print(f"*** NOT RUN ON {database}: {reason}", file=sys.stderr)
    return int(any(one.problems for one in outcomes))


def _soak(
    database: str, names: Sequence[str], times: int | None
) -> list[Outcome | deliveries.Outcome]:
    with ExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="syteops-soak-"))
        is_sqlite = database == "SQLite"
        servers = [] if is_sqlite else [postgresql_server(), redis_server()]
        running = [stack.enter_context(one) for one in servers]
        on = stack.enter_context(stage(Path(directory), *running, on_disk=True))
        outcomes: list[Outcome | deliveries.Outcome] = []
        for fault in (FAULTS[name] for name in names if name in FAULTS):
            if fault.needs in on.parts:
                outcomes.append(drive(fault, on, times or fault.times))
                print(f"{database}: {outcomes[-1]}", flush=True)
        if deliveries.NAME in names:  # last: it leaves the site with a webhook
            kills = times or deliveries.KILLS
            outcomes.append(deliveries.drive(on.server, Path(directory), kills))
            print(f"{database}: {outcomes[-1]}", flush=True)
        return outcomes


if __name__ == "__main__":
    sys.exit(main())
