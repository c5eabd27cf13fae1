"""`python -m benchmarks.sampling <plan>`: what one contestant's process works on, for `profile`.

In the contestant's environment and without a server, as `one_process` asks. A thousand times in
each second of processor time the timer of the system asks where Python is: that costs nothing
between, so short functions weigh what they weigh. What is waited for takes no processor time, and
is not seen. The plan is that of `one_process`; what was found is printed as JSON.
"""

import json
import signal
import sys
import time
from collections import Counter
from itertools import cycle, islice
from pathlib import Path
from types import FrameType
from typing import Any

from benchmarks.loads import Request
from benchmarks.one_process import Asker, load_application

WARM_UP, SECONDS = 100, 3.0
REST = "what Django and DRF do for any request"

# The innermost of these that is being called says what is worked on: file and function.
STEPS = {
    ("keys/authentication.py", "authenticate"): "who calls: the key",
    ("manage_api/throttling.py", "allow_request"): "limits, counted",
    ("manage_api/throttling.py", "check_failures"): "limits, counted",
    ("manage_api/throttling.py", "count_failure"): "limits, counted",
    ("manage_api/execution.py", "look_at_input"): "the input, by the serializer",
    ("manage_api/execution.py", "_check_precondition"): "the precondition: reading it",
    ("manage_api/idempotency.py", "once"): "the transaction, the answer for a retry",
    ("audit/services.py", "_clean"): "the input, by the model",
    ("audit/services.py", "insert"): "the row itself",
    ("audit/services.py", "update"): "the row itself",
    ("audit/services.py", "record"): "its audit entry",
    ("audit/services.py", "_seal"): "the seal of the trail",
    ("core/entities.py", "free_number"): "the lowest free number",
    ("manage_api/pagination.py", "paginate_queryset"): "which are on the page",
    ("manage_api/places.py", "count"): "how many there are",
    ("manage_api/viewsets.py", "fetch"): "the rows of the page",
    ("manage_api/viewsets.py", "_find"): "the row that is named",
    ("manage_api/viewsets.py", "load"): "what belongs to them: roles, identifiers",
    ("team/queries.py", "related_values"): "what belongs to them: roles, identifiers",
    ("manage_api/rows.py", "show"): "showing them",
    ("manage_api/shared.py", "represent"): "showing them",
    ("manage_api/shared.py", "represent_each"): "showing them",
    ("manage_api/execution.py", "_represent"): "bytes and ETag of the answer",
    ("manage_api/views.py", "handle_exception"): "the refusal",
}

# The first that the file of the innermost function has in its path; the driver's calls are in it.
LAYERS = {
    "/django/db/backends/": "driver and database's library",
    "/psycopg": "driver and database's library",
    "/syteops/core/sqlite/": "driver and database's library",
    "/syteops/core/postgresql/": "driver and database's library",
    "/django/db/": "Django's models and transactions",
    "/django/": "the rest of Django",
    "/rest_framework/": "DRF",
    "/manage_api/": "manage_api",
    "/syteops/": "syteops",
}
OTHER = "Python's library and others"


def main(plan: Path) -> None:
    asker = Asker(load_application())
    loads = json.loads(plan.read_text()).items()
    print(json.dumps({name: sample(asker, load) for name, load in loads}))


def sample(asker: Asker, load: dict[str, Any]) -> dict[str, Any]:
    """Milliseconds of processor time per request, and the shares of steps and of layers."""
    requests = cycle([Request(*one) for one in load["requests"]])
    for request in islice(requests, WARM_UP):
        asker.ask(request, load)
    steps, layers = Counter[str](), Counter[str]()

    def note(signum: int, frame: FrameType | None) -> None:
        layers[layer_of(frame)] += 1
        steps[step_of(frame)] += 1

    signal.signal(signal.SIGPROF, note)
    began, asked = time.process_time(), 0
    signal.setitimer(signal.ITIMER_PROF, 0.001, 0.001)
    while time.process_time() < began + SECONDS:
        asker.ask(next(requests), load)
        asked += 1
    signal.setitimer(signal.ITIMER_PROF, 0)
    each = 1000 * (time.process_time() - began) / asked
    return {"ms": each, "steps": _shares(steps), "layers": _shares(layers)}


def step_of(frame: FrameType | None) -> str:
    """What the innermost function that has a name for people is about."""
    while frame is not None:
        code = frame.f_code
        place = "/".join(code.co_filename.rsplit("/", 2)[1:]), code.co_name
        if place in STEPS:
            return STEPS[place]
        frame = frame.f_back
    return REST


def layer_of(frame: FrameType | None) -> str:
    """Whose code it is."""
    path = frame.f_code.co_filename if frame else ""
    # Whatever is above it: the project may lie in a folder of such a name.
    path = path.partition("site-packages")[2] or path.removeprefix(str(Path.cwd()))
    return next((layer for part, layer in LAYERS.items() if part in path), OTHER)


def _shares(seen: Counter[str]) -> dict[str, float]:
    return {name: count / seen.total() for name, count in seen.most_common()}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
