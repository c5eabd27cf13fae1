"""`python -m tests.run_on_postgresql [pytest arguments]`: the suite as it runs in production.

Starts a PostgreSQL and, where installed, a Redis server around one run of pytest. Fails without
PostgreSQL, and without Redis if SYTEOPS_TEST_NO_SKIPS is set.
"""

import os
import signal
import subprocess
import sys
from contextlib import ExitStack

from tests.environment import ROOT
from tests.servers import ServerUnavailable, postgresql, redis


def main(arguments: list[str]) -> int:
    """The exit code of pytest."""
    # Leave through the context managers on `kill` too: they stop the servers.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with ExitStack() as servers:
        try:
            os.environ["SYTEOPS_TEST_DATABASE_URL"] = servers.enter_context(postgresql())
        except ServerUnavailable as reason:
            print(f"*** NOT TESTED ON POSTGRESQL: {reason}", file=sys.stderr)
            return 1
        try:
            os.environ["SYTEOPS_TEST_CACHE_URL"] = servers.enter_context(redis())
        except ServerUnavailable as reason:
            print(f"*** NOT TESTED WITH REDIS: {reason}", file=sys.stderr)
            if os.environ.get("SYTEOPS_TEST_NO_SKIPS"):
                return 1
        command = [sys.executable, "-m", "pytest", *arguments]
        return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
