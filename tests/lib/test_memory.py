"""What a process does not need any more goes back to the system."""

import gc
import subprocess
import sys

import pytest

from syteops.lib.memory import without_collector

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


def test_the_collector_goes_on_once_things_are_made_also_where_that_fails() -> None:
    def make() -> None:
        with without_collector():
            with without_collector():
                assert not gc.isenabled()
            assert not gc.isenabled()
            raise ValueError("made in vain")

    before = gc.isenabled()
    gc.enable()
    try:
        with pytest.raises(ValueError, match="in vain"):
            make()
        assert gc.isenabled()
    finally:
        (gc.enable if before else gc.disable)()
