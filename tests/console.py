"""Management commands for a site that is running, one after the other in a process of its own.

To start a process for each of them takes more than a second of a processor.
"""

import io
import json
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

from tests.environment import ROOT
from tests.processes import clean_environment, killed_afterwards

_FAILED = "failed"


@contextmanager
def console(data_dir: Path, **settings: str) -> Iterator[Callable[..., str]]:
    """Yields what runs one command of that site and returns what the command printed.

    A command that fails, fails the test; one that refuses as well, unless it `may_refuse`.
    """
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

    def run(*arguments: str, may_refuse: bool = False) -> str:
        print(json.dumps(arguments), file=typed, flush=True)
        answer = printed.readline()
        assert answer, f"{arguments[0]} failed"
        code, text = json.loads(answer)
        assert not code or (may_refuse and code != _FAILED), text
        return str(text)

    with killed_afterwards(process):
        yield run


def _main() -> None:
    import gc

    import django
    from django.core.management import call_command
    from django.db import connections

    gc.disable()  # `SyteOpsConfig.ready` enables it, as after `manage.py`
    django.setup()
    for line in sys.stdin:
        code, fault = None, ""
        with redirect_stdout(io.StringIO()) as out:
            try:
                call_command(*json.loads(line))
            except SystemExit as refusal:
                code = refusal.code
            except Exception:  # noqa: BLE001 - shown to its test, and no other's must fail by it
                code, fault = _FAILED, traceback.format_exc()
        connections.close_all()  # as at the end of a process
        print(json.dumps([code, out.getvalue() + fault]), flush=True)


if __name__ == "__main__":
    _main()
