"""JSON from outside is read in a time that grows with its length, and no faster."""

import pytest

from syteops.lib.json_reader import Refused, read
from tests.effort import takes_over


def refused(text: str) -> None:
    with pytest.raises(Refused, match="appears twice"):
        read(text)


def test_a_name_that_comes_twice_among_very_many_is_found_at_once() -> None:
    names = "".join(f'"{number}": 0, ' for number in range(60_000))
    assert not takes_over(1.0, refused, f'{{{names}"59999": 0}}')
