"""What a killed process has started ends with it."""

import os
import signal
import subprocess
import sys

from syteops.lib.children import ending_with_us
from tests.environment import ROOT
from tests.processes import is_gone, killed_afterwards, name_of
from tests.waiting import becomes_true

_START = """
import shutil, subprocess
from syteops.lib.children import ending_with_us
started = subprocess.Popen(ending_with_us([shutil.which("sleep"), "600"]))
print(started.pid, flush=True)
started.wait()
"""


def test_a_program_ends_with_a_process_that_is_killed() -> None:
    """`restore` was: PostgreSQL's program filled the database all the same."""
    command = [sys.executable, "-c", _START]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    with killed_afterwards(process):
        assert process.stdout is not None
        started = int(process.stdout.readline())
        try:
            assert becomes_true(lambda: name_of(started) == "sleep")
            process.kill()
            assert becomes_true(lambda: is_gone(started))
        finally:
            if not is_gone(started):
                os.kill(started, signal.SIGKILL)


def test_else_it_is_as_if_it_was_started_directly() -> None:
    command = [sys.executable, "-c", "import sys; print(sys.argv[1:]); sys.exit(7)", "a b", "--c"]
    done = subprocess.run(ending_with_us(command), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (7, "['a b', '--c']\n", "")


def test_it_is_not_even_begun_where_that_has_ended_already() -> None:
    command = ending_with_us([sys.executable, "-c", "print('begun')"])
    command[command.index(str(os.getpid()))] = "1"
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
