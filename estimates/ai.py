"""What estimates use AI for."""

from estimates import assistant
from syteops.ai.areas import register_area

register_area(
    "estimates.line_items",
    "Line items of estimates",
    "Suggests the line items of an estimate from its scope of work.",
    module=__name__,
    suggests=assistant.LineItems(),
)
