"""A provider of OpenID Connect: a real server with a real key, which can be made to lie."""

import json
import threading
import time
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT, SECRET = "syteops", "se:cret/é"


@cache
def rsa_key(name: str) -> Any:
    return rsa.generate_private_key(65537, 2048)


class Provider(ThreadingHTTPServer):
    """`claims` go into the token over what is right; None leaves one out."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.claims: dict[str, Any] = {}
        self.info: dict[str, Any] = {}
        self.configuration: dict[str, Any] = {}
        self.signed_with: Any = (rsa_key("its own"), "RS256", "one")
        self.asked: dict[str, str] = {}
        self.refusals: list[str] = []
        self.requests = 0

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def authorize(self, location: str) -> str:
        """What a person does there: the browser is sent back with this code."""
        assert location.startswith(f"{self.issuer}/authorize?")
        self.asked = dict(parse_qsl(urlsplit(location).query))
        return "the-code"

    def documents(self) -> dict[str, Any]:
        key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(rsa_key("its own").public_key()))
        doors = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/info",
        }
        return {
            "/.well-known/openid-configuration": {**doors, **self.configuration},
            "/keys": {"keys": [{**key, "kid": "one", "use": "sig", "alg": "RS256"}]},
            "/info": self.info,
        }

    def token(self) -> str:
        now = int(time.time())
        right = {
            "iss": self.issuer,
            "sub": "1234",
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": self.asked.get("nonce"),
            "email": "bob@example.com",
            "email_verified": True,
        }
        told = {name: one for name, one in {**right, **self.claims}.items() if one is not None}
        key, algorithm, kid = self.signed_with
        return jwt.encode(told, key, algorithm, headers={"kid": kid})

    def problem_of(self, form: dict[str, str], authorization: str) -> str:
        """What is wrong with the exchange of a code, as a real provider finds it."""
        challenge = urlsafe_b64encode(sha256(form["code_verifier"].encode()).digest())
        pair = b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
        found = {
            "client": (unquote(pair[0]), unquote(pair[2])) == (CLIENT, SECRET),
            "code": form["code"] == "the-code",
            "verifier": challenge.rstrip(b"=").decode() == self.asked.get("code_challenge"),
            "address": form["redirect_uri"] == self.asked.get("redirect_uri"),
        }
        return next((name for name, is_right in found.items() if not is_right), "")


class _Handler(BaseHTTPRequestHandler):
    server: Provider

    def do_GET(self) -> None:
        self.server.requests += 1
        found = self.server.documents().get(self.path)
        self._answer(200 if found else 404, found or {})

    def do_POST(self) -> None:
        self.server.requests += 1
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        if problem := self.server.problem_of(form, self.headers["authorization"] or ""):
            self.server.refusals.append(problem)
            self._answer(400, {"error": "invalid_grant"})
        else:
            self._answer(200, {"id_token": self.server.token(), "access_token": "x"})

    def _answer(self, status: int, found: Any) -> None:
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(found).encode())

    def log_message(self, *args: Any) -> None:
        pass


@contextmanager
def provider_running() -> Iterator[Provider]:
    server = Provider()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()
