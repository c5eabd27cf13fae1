"""TLS, piece by piece: to a real server, whole, and to no other than the right one."""

import datetime
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from syteops.core import outbound
from syteops.core.outbound import OutboundFailed, exchange
from tests.waiting import PATIENCE

LONG = b"0123456789abcdef" * 40_000


class Echo(BaseHTTPRequestHandler):
    """Answers what it was sent."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        if self.path == "/":
            self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Not in the tests' output."""


def make_certificate(path: Path, address: str) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    path.write_bytes(key.private_bytes(pem, form, plain) + made.public_bytes(pem))
    return path


@contextmanager
def serving(certificate: Path, version: ssl.TLSVersion) -> Iterator[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.minimum_version = context.maximum_version = version
    server = HTTPServer(("127.0.0.1", 0), Echo)
    server.handle_error = lambda *args: None  # type: ignore[method-assign]
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=partial(server.serve_forever, 0.02), daemon=True)
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(PATIENCE)


def trust(monkeypatch: pytest.MonkeyPatch, certificate: Path) -> None:
    context = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr(outbound, "_trust", lambda: context)


@pytest.fixture(autouse=True)
def private_allowed(settings: Any) -> None:
    settings.ALLOW_PRIVATE_URLS = True


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("path", ["/", "/until-it-ends"])
def test_what_is_sent_and_answered_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: ssl.TLSVersion, path: str
) -> None:
    certificate = make_certificate(tmp_path / "pem", "127.0.0.1")
    trust(monkeypatch, certificate)
    with serving(certificate, version) as url:
        answer = exchange("POST", url + path, LONG, seconds=PATIENCE, most_bytes=len(LONG))
    assert (answer.status, answer.body) == (200, LONG)


@pytest.mark.parametrize("lies", ["another address", "nobody's"])
def test_nothing_is_sent_to_a_server_that_is_not_the_right_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lies: str
) -> None:
    address = "127.0.0.2" if lies == "another address" else "127.0.0.1"
    certificate = make_certificate(tmp_path / "pem", address)
    trusted = (
        make_certificate(tmp_path / "other", "127.0.0.1") if lies == "nobody's" else certificate
    )
    trust(monkeypatch, trusted)
    with serving(certificate, ssl.TLSVersion.TLSv1_3) as url, pytest.raises(OutboundFailed) as told:
        exchange("POST", url, b"secret", seconds=PATIENCE)
    assert not told.value.sent
