"""Requests to the servers of tests. On a loaded machine they answer later than httpx waits for."""

from typing import Any

import httpx

from tests.waiting import PATIENCE, SOON, becomes_true


def client(**options: Any) -> httpx.Client:
    """A patient one. There is no TLS here, and to read the certificates of all takes 20 ms."""
    return httpx.Client(**{"timeout": PATIENCE, "verify": False, **options})


def request(method: str, url: str, *, cookies: Any = None, **options: Any) -> httpx.Response:
    """One request in a connection of its own."""
    with client(cookies=cookies) as own:
        return own.request(method, url, **options)


def get(url: str, **options: Any) -> httpx.Response:
    return request("GET", url, **options)


def post(url: str, **options: Any) -> httpx.Response:
    return request("POST", url, **options)


def answers(url: str, status: int = 200) -> bool:
    """Whether there is such an answer now; who does not answer soon is asked again."""
    try:
        return get(url, timeout=SOON).status_code == status
    except httpx.TransportError:
        return False


def wait_until_ready(url: str) -> None:
    """Returns once the site there says that it is ready."""
    assert becomes_true(lambda: answers(f"{url}/readyz")), "the server did not start"
