"""Colours: contrast as the standard has it, and text that can be read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syteops.lib.colours import BLACK, LEAST_CONTRAST, WHITE, Colour, contrast, readable

channel = st.integers(0, 255)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [("#000000", "#ffffff", 21.0), ("#767676", "#ffffff", 4.54), ("#ffff00", "#ffffff", 1.07)],
)
def test_contrast_is_that_of_the_standard(one: str, other: str, expected: float) -> None:
    assert round(contrast(Colour.of(one), Colour.of(other)), 2) == expected


@given(channel, channel, channel)
def test_any_colour_becomes_readable_on_light_and_on_dark(red: int, green: int, blue: int) -> None:
    colour = Colour(red, green, blue)

    for grounds in ((WHITE, Colour.of("#f4f5f6")), (BLACK, Colour.of("#1c1f22"))):
        assert all(contrast(readable(colour, *grounds), one) >= LEAST_CONTRAST for one in grounds)


def test_a_readable_colour_stays_as_it_is() -> None:
    assert str(readable(Colour.of("#0b57a4"), WHITE)) == "#0b57a4"
