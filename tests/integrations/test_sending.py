"""Posting to an address: hostile ones first."""

import socket
from types import SimpleNamespace
from typing import Any

import pytest

from syteops.core import outbound
from syteops.integrations.errors import DeliveryFailed
from syteops.integrations.sending import post_json
from tests.integrations.receivers import Receiver


def resolve_to(monkeypatch: pytest.MonkeyPatch, *answers: str) -> list[str]:
    """Let every name lead to these addresses, one look-up after the other; tells who asked."""
    asked: list[str] = []

    def resolved(host: str, port: int, **kwargs: Any) -> list[Any]:
        asked.append(host)
        address = answers[min(len(asked), len(answers)) - 1]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    look_up_with(monkeypatch, resolved)
    return asked


def look_up_with(monkeypatch: pytest.MonkeyPatch, look_up: Any) -> None:
    """Only the look-up of `outbound` itself: connecting looks up the address it was given."""
    fake = SimpleNamespace(getaddrinfo=look_up, SOCK_STREAM=socket.SOCK_STREAM)
    monkeypatch.setattr(outbound, "socket", fake)


def test_a_private_address_is_refused_before_anything_is_sent(receiver: Receiver) -> None:
    with pytest.raises(DeliveryFailed, match="private"):
        post_json(receiver.url, b"{}")
    assert receiver.received == []


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "0.0.0.0"])
def test_a_public_name_that_leads_to_a_private_address_is_refused(
    monkeypatch: pytest.MonkeyPatch, receiver: Receiver, address: str
) -> None:
    resolve_to(monkeypatch, address)
    with pytest.raises(DeliveryFailed, match="private"):
        post_json(f"http://example.com:{receiver.port}/", b"{}")
    assert receiver.received == []


def test_one_private_address_among_public_ones_is_enough_to_refuse(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    both = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80))
        for address in ("93.184.216.34", "127.0.0.1")
    ]
    look_up_with(monkeypatch, lambda *args, **kwargs: both)
    with pytest.raises(DeliveryFailed, match="private"):
        post_json("http://example.com/", b"{}")


def test_a_name_is_resolved_once_so_that_it_cannot_change_its_mind(
    monkeypatch: pytest.MonkeyPatch, settings: Any, receiver: Receiver
) -> None:
    settings.ALLOW_PRIVATE_URLS = True
    asked = resolve_to(monkeypatch, "127.0.0.1", "192.0.2.99")
    post_json(f"http://hooks.example.com:{receiver.port}/x?y=1", b"{}")
    assert asked == ["hooks.example.com"]
    assert receiver.received[0].headers["host"] == f"hooks.example.com:{receiver.port}"
    assert receiver.received[0].path == "/x?y=1"


def test_a_redirect_is_an_error_and_is_not_followed(settings: Any, receiver: Receiver) -> None:
    settings.ALLOW_PRIVATE_URLS = True
    receiver.status, receiver.location = 307, f"{receiver.url}/elsewhere"
    with pytest.raises(DeliveryFailed, match="Redirects are not followed"):
        post_json(f"{receiver.url}/here", b"{}")
    assert [one.path for one in receiver.received] == ["/here"]


@pytest.mark.parametrize("status", [400, 401, 404, 410, 500, 503])
def test_a_refusal_is_told_without_the_path_that_may_be_secret(
    settings: Any, receiver: Receiver, status: int
) -> None:
    settings.ALLOW_PRIVATE_URLS = True
    receiver.status = status
    with pytest.raises(DeliveryFailed, match=str(status)) as refused:
        post_json(f"{receiver.url}/canary-path", b"{}")
    assert "canary" not in refused.value.detail


def test_nobody_listening_is_told_plainly(settings: Any, unused_port: int) -> None:
    settings.ALLOW_PRIVATE_URLS = True
    with pytest.raises(DeliveryFailed, match="cannot be reached"):
        post_json(f"http://127.0.0.1:{unused_port}/", b"{}")


def test_a_name_that_does_not_exist_is_told_plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    def unresolved(*args: Any, **kwargs: Any) -> None:
        raise socket.gaierror

    look_up_with(monkeypatch, unresolved)
    with pytest.raises(DeliveryFailed, match="cannot be resolved"):
        post_json("https://nowhere.example.com/", b"{}")


def test_a_proxy_of_the_environment_is_not_used(
    monkeypatch: pytest.MonkeyPatch, settings: Any, receiver: Receiver, unused_port: int
) -> None:
    settings.ALLOW_PRIVATE_URLS = True
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{unused_port}")
    assert post_json(receiver.url, b"{}") == 200


def test_headers_of_a_config_cannot_replace_our_own(settings: Any, receiver: Receiver) -> None:
    settings.ALLOW_PRIVATE_URLS = True
    post_json(receiver.url, b"{}", {"content-type": "text/plain", "HOST": "evil", "X-Token": "t"})
    headers = receiver.received[0].headers
    assert headers["content-type"] == "application/json"
    assert headers["host"] == f"127.0.0.1:{receiver.port}"
    assert headers["x-token"] == "t"


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
