from collections.abc import Iterator

import pytest

from tests.integrations.receivers import Receiver, listening


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with listening() as started:
        yield started
