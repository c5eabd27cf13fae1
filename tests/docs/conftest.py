import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.docs.live import Site, served


@pytest.fixture(scope="package")
def serve() -> Callable[..., Any]:
    """Serves a site of its own. Needs curl, like the reader."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed.")
    return served


@pytest.fixture(scope="package")
def site(serve: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One site for the pages that leave nothing behind."""
    with serve(tmp_path_factory.mktemp("site")) as made:
        yield made
