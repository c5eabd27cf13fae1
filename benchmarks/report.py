"""The figures of a run, as a table for people and as JSON."""

import json
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

from benchmarks.loads import LOADS, Load
from benchmarks.wrk import Seen

Row = dict[str, float]
Figures = dict[str, dict[int, dict[str, Row]]]
"""By load, connections and contestant."""

OURS, STOCK, BARE = "SyteOps", "stock DRF", "bare"
ON_POSTGRESQL = 3.0
"""The ratio to stock DRF that is enough on PostgreSQL: there, both wait for the same server."""


class Spent(NamedTuple):
    """CPU time in seconds: of the contestant, and of the database's processes beside it."""

    own: float
    database: float


def combine(load: Load, rounds: list[tuple[Seen, Spent]], pss: float) -> Row:
    """One row of the rounds of one contestant, each with the CPU time that it took."""
    requests = sum(seen.requests for seen, _ in rounds)
    return {
        "requests/s": requests / sum(seen.seconds for seen, _ in rounds),
        "p50 ms": fmean(seen.p50 for seen, _ in rounds),
        "p99 ms": max(seen.p99 for seen, _ in rounds),
        "errors": sum(seen.errors(load) for seen, _ in rounds),
        "CPU ms/request": 1000 * sum(spent.own for _, spent in rounds) / max(requests, 1),
        "database's": 1000 * sum(spent.database for _, spent in rounds) / max(requests, 1),
        "PSS MB": pss,
    }


def ratios(load: Load, found: Figures, connections: int) -> Row:
    """SyteOps' requests/s by those of the others, for the load that it is compared with."""
    ours = found[load.name][connections][OURS]["requests/s"]
    theirs = found[load.compared_with or load.name][connections]
    return {name: ours / theirs[name]["requests/s"] for name in (STOCK, BARE)}


def print_run(run: dict[str, str]) -> None:
    """What it was made on."""
    print("\n".join(f"- {name}: {value}" for name, value in run.items()), flush=True)


def print_table(database: str, figures: Figures) -> None:
    """The figures on one database, in Markdown."""
    names = (
        "load",
        "connections",
        "contestant",
        *next(iter(next(iter(figures.values()))[1].values())),
    )
    print(f"\n## {database}\n")
    print(f"| {' | '.join((*names, '× stock', 'of bare'))} |")
    print("|---" * (len(names) + 2) + "|")
    for load in LOADS:
        for connections, rows in figures[load.name].items():
            for name, row in rows.items():
                shown = ratios(load, figures, connections) if name == OURS else {}
                print(_line(database, load, connections, name, row, shown), flush=True)


def _line(database: str, load: Load, connections: int, name: str, row: Row, shown: Row) -> str:
    wanted = load.stock
    if wanted and database == "postgresql":
        wanted = min(wanted, ON_POSTGRESQL)
    cells = [load.name, str(connections), name, f"{row['requests/s']:.0f}"]
    cells += [f"{row['p50 ms']:.2f}", f"{row['p99 ms']:.2f}", f"{row['errors']:.0f}"]
    cells += [f"{row[name]:.2f}" for name in ("CPU ms/request", "database's")]
    cells += [f"{row['PSS MB']:.0f}"]
    cells += [_ratio(shown.get(STOCK), wanted), _ratio(shown.get(BARE), load.bare)]
    return f"| {' | '.join(cells)} |"


def _ratio(found: float | None, wanted: float | None) -> str:
    """The ratio, and in brackets the one to reach where it is not reached."""
    if found is None:
        return ""
    return f"{found:.2f}" + (f" (≥ {wanted})" if wanted and found < wanted else "")


def write_json(run: dict[str, str], found: dict[str, Figures], file: Path) -> None:
    """All of it, with the ratios."""
    whole = {
        "run": run,
        "databases": found,
        "ratios": {
            database: {
                load.name: {n: ratios(load, figures, n) for n in figures[load.name]}
                for load in LOADS
            }
            for database, figures in found.items()
        },
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(whole, indent=1))
    print(f"\n{file}")
