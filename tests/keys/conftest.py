"""A browser at the pages of the keys, and a site key."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from manage_api.keys import services
from manage_api.keys.models import ManageKey
from syteops.core.actors import SYSTEM


@pytest.fixture
def page(alice: User) -> Client:
    """Alice's browser, just signed in."""
    client = Client()
    client.force_login(alice)
    return client


@pytest.fixture
def key(db: None) -> ManageKey:
    return services.generate_site_key(SYSTEM).key
