"""What estimates use AI for."""

from syteops.ai.areas import register_area

LINE_ITEMS = register_area(
    "estimates.line_items",
    "Line items of estimates",
    "Drafts the line items of an estimate from its scope of work.",
    module=__name__,
)
