"""Posting JSON to the address of an integration: never into our own network, never redirected.

The address as written was checked when it was stored. Here the name is resolved once, the answer
is judged, and exactly that IP address is connected to, so a name that changes its mind between
check and use (DNS rebinding) gains nothing.
"""

import socket
from collections.abc import Mapping

import httpx
from django.conf import settings

from syteops import __version__
from syteops.core.schemas import url_problem
from syteops.integrations.errors import DeliveryFailed
from syteops.lib.urls import is_public, plain_host

TIMEOUT = httpx.Timeout(10, connect=5)
USER_AGENT = f"SyteOps/{__version__}"


def post_json(url: str, body: bytes, headers: Mapping[str, str] | None = None) -> int:
    """Post `body` and answer the status (2xx). Raises DeliveryFailed, naming only the host."""
    if problem := url_problem(url):
        raise DeliveryFailed(problem)
    try:
        target = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise DeliveryFailed("The address is no web address.") from error
    status = _post(target, body, httpx.Headers(headers))
    if not 200 <= status < 300:
        redirect = " Redirects are not followed." if 300 <= status < 400 else ""
        raise DeliveryFailed(f"{target.host} answered {status}.{redirect}")
    return status


def _post(target: httpx.URL, body: bytes, headers: httpx.Headers) -> int:
    address = _address_of(target)
    # Last, so that no header of the integration's config can stand in for them.
    headers.update(
        {
            "Host": target.netloc.decode("ascii"),
            "Content-Type": "application/json",
            "User-Agent": USER_AGENT,
        }
    )
    # The environment's proxy would resolve the name by itself, out of our sight.
    with httpx.Client(timeout=TIMEOUT, trust_env=False, follow_redirects=False) as client:
        request = client.build_request(
            "POST",
            target.copy_with(host=address),
            content=body,
            headers=headers,
            extensions={"sni_hostname": target.raw_host.decode("ascii")},
        )
        try:
            # The answer's body is of no interest, and may be endless.
            response = client.send(request, stream=True)
            response.close()
        except httpx.HTTPError as error:
            problem = "took too long" if isinstance(error, httpx.TimeoutException) else "failed"
            raise DeliveryFailed(f"The connection to {target.host} {problem}.") from error
    return response.status_code


def _address_of(target: httpx.URL) -> str:
    """The one IP address to connect to. Raises DeliveryFailed if the name leads nowhere good."""
    host = plain_host(target.raw_host.decode("ascii"))
    try:
        found = socket.getaddrinfo(host, target.port or 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise DeliveryFailed(f"The name {target.host} cannot be resolved.") from error
    addresses = [str(address[0]) for *_, address in found]
    if not settings.ALLOW_PRIVATE_URLS and not all(map(is_public, addresses)):
        raise DeliveryFailed(f"{target.host} leads to a private address.")
    return addresses[0]
