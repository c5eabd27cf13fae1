"""Asks one contestant's application in this process, for callgrind: see `instructions`.

`python -m benchmarks.one_process <plan>`, in the contestant's environment. The plan is JSON: by
the load's name, its requests. For each load so many are asked to warm up, and then as many as are
counted; what callgrind counts in between is told to it through `vgdb`, which comes with it.
"""

import gc
import json
import os
import subprocess
import sys
from io import BytesIO
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from benchmarks.loads import COUNTER, Request

WARM_UP, COUNTED = 12, 50
"""Telling callgrind costs half a million by itself, and so must be spread over many."""


def main(plan: Path) -> None:
    asker = Asker(load_application())
    for name, load in json.loads(plan.read_text()).items():
        requests = cycle([Request(*one) for one in load["requests"]])
        for request in islice(requests, WARM_UP):
            asker.ask(request, load)
        gc.collect()  # what is due by now nobody of those that are counted has to pay for
        tell_callgrind("instrumentation on", "zero")
        for request in islice(requests, COUNTED):
            asker.ask(request, load)
        tell_callgrind(f"dump {name}", "instrumentation off")


def load_application() -> Any:
    """The contestant's application. SyteOps without its background thread: it would be counted."""
    import django

    django.setup(set_prefix=False)
    if os.environ["DJANGO_SETTINGS_MODULE"] == "syteops.settings":
        from syteops.server.launcher import load_what_workers_share

        load_what_workers_share()
        from syteops.server.handlers import shared_handler, shorten_signals

        shorten_signals()
        return shared_handler()
    from django.core.handlers.wsgi import WSGIHandler

    return WSGIHandler()


class Asker:
    """Sends requests as a server would, and remembers the ETag of each path's last answer."""

    def __init__(self, application: Any) -> None:
        self._application = application
        self._etags: dict[str, str] = {}
        self._count = 0

    def ask(self, request: Request, load: dict[str, Any]) -> None:
        """Send it and read the answer. Raises SystemExit for another status than the load's."""
        if "If-None-Match" in request.headers and request.path not in self._etags:
            always = {n: v for n, v in request.headers.items() if n != "If-None-Match"}
            self.ask(request._replace(headers=always), {**load, "status": 200})
        environ = self._environ(request, load["tagged"])
        status = ""
        headers: dict[str, str] = {}

        def start(said: str, fields: list[tuple[str, str]], *_: Any) -> None:
            nonlocal status, headers
            status, headers = said, dict(fields)

        answer = self._application(environ, start)
        body = b"".join(answer)
        answer.close()
        if not status.startswith(_begin_of(load["status"])):
            raise SystemExit(f"{request.method} {request.path}: {status} {body[:500]!r}")
        self._etags[request.path] = headers.get("ETag", "*")

    def _environ(self, request: Request, tagged: bool) -> dict[str, Any]:
        self._count += 1
        number = f"{self._count:0{len(COUNTER)}d}"
        given = {"Host": "127.0.0.1", **request.headers}
        if tagged or "If-None-Match" in given:
            name = "If-Match" if tagged else "If-None-Match"
            given[name] = self._etags.get(request.path, "*")
        body = request.body.replace(COUNTER, number).encode()
        fields = {
            f"HTTP_{name.upper().replace('-', '_')}": value.replace(COUNTER, number)
            for name, value in given.items()
        }
        if body:
            fields |= {"CONTENT_TYPE": fields.pop("HTTP_CONTENT_TYPE")}
            fields |= {"CONTENT_LENGTH": str(len(body))}
        path, _, query = request.path.partition("?")
        return {
            "REQUEST_METHOD": request.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "8000",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": False,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
            **fields,
        }


def _begin_of(status: int) -> str:
    """How the status line begins: stock DRF refuses a wrong key with 403 and not with 401."""
    return "4" if status >= 400 else str(status)


def tell_callgrind(*orders: str) -> None:
    """Nobody is told where no callgrind runs."""
    if "BENCH_CALLGRIND" in os.environ:
        for order in orders:
            command = ["vgdb", f"--pid={os.getpid()}", *order.split(" ", 1)]
            subprocess.run(command, check=True, capture_output=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
