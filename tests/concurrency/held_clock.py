"""The product's settings for a server whose budgets are counted by a clock that stands still."""

from time import monotonic
from types import SimpleNamespace
from unittest.mock import patch

from syteops.core import counters
from syteops.settings import *  # noqa: F403 - everything else is as in production

# The middle of some minute: none ends while requests are counted.
clock = SimpleNamespace(time=lambda: 1_800_000_030.0, monotonic=monotonic)
patch.object(counters, "time", clock).start()
