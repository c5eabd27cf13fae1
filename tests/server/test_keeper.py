"""The process that keeps the worker: it hears whoever tells it to end, from its first moment on."""

import subprocess
import sys
from pathlib import Path

from tests.environment import ROOT

# In a process without threads, as the server is when it forks.
_TOLD_AT_ONCE = """
import os, signal, sys, time
from syteops.server import keeper

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # as launcher.serve does
os.register_at_fork(after_in_child=lambda: signal.signal(signal.SIGTERM, signal.SIG_DFL))
ends = set()
for _ in range(20):
    process = keeper._fork("kept", lambda: time.sleep(0.3) or 0)
    os.kill(process, signal.SIGTERM)
    ends.add(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))
print(ends)
"""


# Every worker stops after a moment, then the keeper does, and at last the one that replaces it.
_STOPPED = """
import os, pathlib, signal, sys, time
from syteops.server import keeper

keeper._STARTS_WITHIN = keeper.SHORTEST = keeper._GRACE = keeper._ORPHAN_GRACE = 0.5
begun = pathlib.Path(sys.argv[1])

def work(has_ended):
    with begun.open("a") as file:
        print(os.getpid(), file=file)
    for _ in range(5):
        assert not has_ended()
        time.sleep(0.1)
    os.kill(os.getpid(), signal.SIGSTOP)

kept = keeper.Keeper(work, 0.5)
kept.start()
for _ in range(600):
    if begun.exists() and len(begun.read_text().split()) > 2:
        break
    time.sleep(0.1)
stopped = kept._process
os.kill(stopped, signal.SIGSTOP)
for _ in range(40):
    if kept._process != stopped:
        break
    kept.replace()
    time.sleep(0.3)  # longer than one that lives is silent
print(kept._process != stopped)
os.kill(kept._process, signal.SIGSTOP)
kept.wait()
try:
    print(os.waitpid(-1, os.WNOHANG))
except ChildProcessError:
    print("nobody is left")
workers = list(map(int, begun.read_text().split()))
left = [one for one in workers[:2] if pathlib.Path(f"/proc/{one}").exists()]
for one in workers:
    try:
        os.kill(one, signal.SIGKILL)
    except ProcessLookupError:
        pass
print(len(workers) > 2, left)
"""


def told(script: str, *arguments: str) -> list[str]:
    command = [sys.executable, "-c", script, *arguments]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return ended.stdout.splitlines()


def test_who_is_told_to_end_right_after_the_fork_does() -> None:
    """A server that could not begin waited for ever for its keeper, and did not say why."""
    assert told(_TOLD_AT_ONCE) == ["{-15}"]


def test_who_is_stopped_is_replaced_and_ends_when_told(tmp_path: Path) -> None:
    """Events, deliveries and the hour's work stood still for ever, and nobody said so."""
    assert told(_STOPPED, str(tmp_path / "begun")) == ["True", "nobody is left", "True []"]
