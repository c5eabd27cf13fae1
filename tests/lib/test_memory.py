"""What a process does not need any more goes back to the system."""

import subprocess
import sys

import pytest

_PROGRAM = """
from pathlib import Path
from syteops.lib.memory import give_back

def megabytes():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) // 1024

answers = [bytearray(50_000) for _ in range(1000)]
stays = answers[::100] + answers[-1:]
answers.clear()
before = megabytes()
give_back()
print(before - megabytes())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_what_lies_between_things_that_stay_is_given_back() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM], check=True, capture_output=True, text=True
    )
    assert int(done.stdout) > 30
