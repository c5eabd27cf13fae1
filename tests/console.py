"""Management commands for a site that is running, one after the other in a process of its own.

To start a process for each of them takes more than a second of a processor.
"""

import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.environment import ROOT
from tests.processes import clean_environment, killed_afterwards


@contextmanager
def console(data_dir: Path, **settings: str) -> Iterator[Callable[..., str]]:
    """Yields what runs one command of that site and returns what the command printed."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.console"],
        cwd=ROOT,
        env=clean_environment(data_dir, **settings),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    typed, printed = process.stdin, process.stdout

    def run(*arguments: str) -> str:
        print(json.dumps(arguments), file=typed, flush=True)
        answer = printed.readline()
        assert answer, f"{arguments[0]} failed"
        return str(json.loads(answer))

    with killed_afterwards(process):
        yield run


def _main() -> None:
    import django
    from django.core.management import call_command

    django.setup()
    for line in sys.stdin:
        out = io.StringIO()
        with suppress(SystemExit):  # a refusal, of which it printed why
            call_command(*json.loads(line), stdout=out)
        print(json.dumps(out.getvalue()), flush=True)


if __name__ == "__main__":
    _main()
