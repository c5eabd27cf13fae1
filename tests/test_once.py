"""What is tested in one of two runs is there, and the runs are as they say."""

import re

import pytest

from tests.environment import ROOT
from tests.once import ONCE

CI = (ROOT / ".ci" / "run").read_text()


@pytest.mark.parametrize("path", ONCE)
def test_what_differs_between_databases_is_not_left_out(path: str) -> None:
    place = ROOT / "tests" / path
    files = [place] if place.is_file() else sorted(place.rglob("test_*.py"))
    assert files
    for file in files:
        assert not re.search(r"mark\.(combination|postgresql_only)", file.read_text()), file


def test_only_one_of_the_runs_of_ci_leaves_it_out() -> None:
    assert CI.count("not once") == 1
