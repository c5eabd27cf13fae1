"""Colours that people can read: contrast as WCAG 2.2 has it, from 1 to 21."""

from typing import NamedTuple

LEAST_CONTRAST = 4.5
"""Of text (WCAG 2.2, success criterion 1.4.3)."""
_STEPS = 100


class Colour(NamedTuple):
    """Red, green and blue, each from 0 to 255."""

    red: int
    green: int
    blue: int

    @classmethod
    def of(cls, text: str) -> "Colour":
        """That of `#rrggbb`."""
        return cls(*bytes.fromhex(text.removeprefix("#")))

    def __str__(self) -> str:
        return "#" + bytes(self).hex()

    @property
    def luminance(self) -> float:
        """From 0 to 1, as the eye sees it."""
        red, green, blue = (_linear(one / 255) for one in self)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    def mixed(self, other: "Colour", share: float) -> "Colour":
        """This colour with that share of the other."""
        return Colour(*(round(a + (b - a) * share) for a, b in zip(self, other, strict=True)))


BLACK, WHITE = Colour(0, 0, 0), Colour(255, 255, 255)


def contrast(one: Colour, other: Colour) -> float:
    """Between two colours."""
    darker, lighter = sorted((one.luminance, other.luminance))
    return (lighter + 0.05) / (darker + 0.05)


def ink_on(ground: Colour) -> Colour:
    """Black or white, whichever is read better: one of them always has enough contrast."""
    return max(BLACK, WHITE, key=lambda ink: contrast(ink, ground))


def readable(colour: Colour, *grounds: Colour) -> Colour:
    """The colour, made darker or lighter by as little as it takes to be read on each ground."""
    ink = ink_on(grounds[0])
    mixed = (colour.mixed(ink, step / _STEPS) for step in range(_STEPS + 1))
    return next(one for one in mixed if all(contrast(one, on) >= LEAST_CONTRAST for on in grounds))


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)
