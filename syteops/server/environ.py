"""What the application is told about a request: the environment of PEP 3333."""

import sys
from typing import Any
from urllib.parse import unquote_to_bytes

from django.conf import settings

Scope = dict[str, Any]
Environ = dict[str, Any]

_SCHEME = "HTTP_X_FORWARDED_PROTO"
_SAME_FOR_ALL: Environ = {
    "SCRIPT_NAME": "",
    "wsgi.version": (1, 0),
    "wsgi.errors": sys.stderr,
    "wsgi.input_terminated": True,
    "wsgi.multithread": False,
    "wsgi.multiprocess": True,
    "wsgi.run_once": False,
}


def environ_of(scope: Scope) -> Environ:
    """The environment of the ASGI scope of a request, without its body.

    A header that was sent more than once is joined (RFC 9110, section 5.3; cookies: RFC 9113,
    section 8.2.3). One with an underscore in its name is left out: it would pass for the one with
    a hyphen, which a proxy has checked.
    """
    server, client = scope["server"], scope["client"]
    environ = _SAME_FOR_ALL | {
        "REQUEST_METHOD": scope["method"],
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1]),
        "SERVER_PROTOCOL": "HTTP/1.0" if scope["http_version"] == "1" else "HTTP/1.1",
        "REMOTE_ADDR": client[0],
        "wsgi.url_scheme": scope["scheme"],
    }
    for name, value in scope["headers"]:
        if b"_" not in name:
            _add(environ, "HTTP_" + name.decode("latin-1").upper().replace("-", "_"), value)
    _rename(environ, "HTTP_CONTENT_TYPE", "CONTENT_TYPE")
    _rename(environ, "HTTP_CONTENT_LENGTH", "CONTENT_LENGTH")
    if "," in (told := environ.get(_SCHEME, "")):
        environ[_SCHEME] = _of_outermost(told.split(","))
    if not environ.get("HTTP_HOST"):  # which the server adds for HTTP/1.0
        environ.pop("HTTP_HOST", None)
    return environ


def _of_outermost(values: list[str]) -> str:
    """What the outermost trusted proxy has said, of what the client and each proxy have appended.

    As with X-Forwarded-For, what is further left the client may have written itself.
    """
    proxies: int = settings.TRUSTED_PROXIES
    return values[-proxies] if 0 < proxies <= len(values) else values[0]


def _add(environ: Environ, name: str, value: bytes) -> None:
    text = value.decode("latin-1")
    if name in environ:
        text = environ[name] + ("; " if name == "HTTP_COOKIE" else ",") + text
    environ[name] = text


def _rename(environ: Environ, name: str, proper_name: str) -> None:
    if name in environ:
        environ[proper_name] = environ.pop(name)
