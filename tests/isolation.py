"""What a process remembers of the calls that it has answered, and how it forgets them."""

from django.core.cache import cache

from estimates import sums
from manage_api import kept
from manage_api.keys import usage
from syteops.audit.heads import forget_head
from syteops.automation import reads
from syteops.core import outbound, request_counts
from syteops.core.counters import counters


def forget_calls() -> None:
    """Counters, kept answers and noted uses of keys decide nothing that comes after."""
    cache.clear()
    forget_head()
    counters().clear()
    usage._take()
    reads._noted.clear()
    vars(kept._local).clear()
    request_counts._tallies.clear()
    sums._known.clear()
    outbound._silent.clear()
