import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.fixtures import signed_in


@pytest.fixture
def browser(alice: User) -> Client:
    """Alice's."""
    return signed_in(alice)
