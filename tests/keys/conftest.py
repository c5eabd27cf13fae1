"""A site key, as it is stored."""

import pytest

from manage_api.keys import services
from manage_api.keys.models import ManageKey
from syteops.core.actors import SYSTEM


@pytest.fixture
def key(db: None) -> ManageKey:
    return services.generate_site_key(SYSTEM).key
