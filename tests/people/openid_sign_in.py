"""A browser that goes to a provider of OpenID Connect and comes back; both as they should be."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from syteops.people import openid
from tests.people.authenticator_app import (
    SIGN_IN,
    is_in,
)
from tests.people.openid_provider import CLIENT, SECRET, Provider, provider_running, rsa_key

GO, BACK = "/admin/login/openid/", "/admin/login/openid/back/"


@pytest.fixture(scope="module")
def running() -> Iterator[Provider]:
    with provider_running() as server:
        yield server


@pytest.fixture(autouse=True)
def provider(running: Provider, settings: Settings) -> Provider:
    """As it should be."""
    openid._kept.clear()
    running.claims, running.info, running.configuration, running.refusals = {}, {}, {}, []
    running.signed_with = (rsa_key("its own"), "RS256", "one")
    settings.ALLOW_PRIVATE_URLS = True
    settings.OIDC_ISSUER, settings.OIDC_NAME = running.issuer, "Acme"
    settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = CLIENT, SECRET
    return running


def go(client: Client, provider: Provider, then: str = "") -> str:
    """To the provider, and sign in there; answers the code with which the browser comes back."""
    answer = client.get(GO, {"next": then} if then else {})
    return provider.authorize(answer["Location"])


def come_back(client: Client, provider: Provider, **changed: str) -> Any:
    sent = {"code": "the-code", "state": provider.asked["state"], **changed}
    return client.get(BACK, {name: value for name, value in sent.items() if value})


def sign_in(client: Client, provider: Provider, then: str = "") -> Any:
    go(client, provider, then)
    return come_back(client, provider)


def refused(client: Client, answer: Any) -> None:
    assert answer["Location"] == SIGN_IN
    assert not is_in(client)
    assert "Acme: That did not work" in client.get(SIGN_IN).content.decode()
