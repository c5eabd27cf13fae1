"""Regular expressions that stand in the API's description (ECMA 262) and run in Python."""


def exactly(pattern: str) -> str:
    r"""A pattern that ends in "$" as Python needs it: "\Z", for "$" lets a last line break pass."""
    return pattern.removesuffix("$") + r"\Z"
