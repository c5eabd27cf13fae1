"""A variable, and two tools that read it."""

from collections.abc import Callable

import pytest

from syteops.automation import services
from syteops.core.actors import SYSTEM
from tests.automation.reading import NAME, read


@pytest.fixture
def greeting(db: None) -> None:
    """`NAME` says "Hello"."""
    services.create_variable(SYSTEM, key="greeting", value="Hello")


@pytest.fixture
def n8n(greeting: None, make_key: Callable[..., str]) -> str:
    """The key of a tool that reads one variable."""
    text = make_key("variables:read", name="n8n on ops-1")
    read(text, NAME)
    return text


@pytest.fixture
def exporter(greeting: None, make_key: Callable[..., str]) -> str:
    """The key of a tool that reads all."""
    text = make_key("variables:read", name="Nightly export")
    read(text)
    return text
