"""What AI suggests for estimates. Nothing of it is stored before somebody has accepted it."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from rest_framework.exceptions import ValidationError

from estimates import services
from estimates.fields import price_field, quantity_field
from estimates.models import Estimate
from estimates.queries import get_estimate
from estimates.serializers import LineItemSerializer
from syteops.ai.editing import Field
from syteops.ai.suggesting import Item, Suggesting
from syteops.core.actors import Actor
from syteops.core.errors import Conflict, Protected
from syteops.lib.answers import text_of
from syteops.lib.currencies import plain
from syteops.lib.markdown import says_something


class LineItems(Suggesting):
    """The lines of a draft. An item has its decimals as text, as the API has them."""

    title = "Suggest line items"
    sends = "The saved title, currency and scope of work go to the AI provider."
    instructions = (
        "You draft the line items of an estimate from its scope of work: what is delivered, in a "
        "few words; a quantity above 0; a unit price. Take prices from the scope of work; where it "
        "names none, use 0. Write in the language of the scope."
    )
    properties = {
        "description": {"type": "string"},
        "quantity": {"type": "number"},
        "unit_price": {"type": "number"},
    }
    model = Estimate
    find = staticmethod(get_estimate)

    def source(self, about: Estimate) -> str:
        if about.is_frozen:
            raise Protected("Only a draft takes new line items. Revise the estimate first.")
        if not says_something(about.content):
            raise Conflict("Describe the scope of work and save it, then try again.")
        return f"# {about.title}\nCurrency: {about.currency}\n\n{about.content}"

    def read(self, about: Estimate, given: Mapping[str, Any]) -> Item | None:
        description = text_of(given.get("description"), 500)
        if not description:
            return None
        return {
            "description": description,
            "quantity": _decimal(quantity_field, given.get("quantity"), Decimal(1)),
            "unit_price": _decimal(price_field, given.get("unit_price"), Decimal(0)),
        }

    def fields(self) -> Mapping[str, Field]:
        rules = LineItemSerializer().fields
        return {name: rules[name] for name in self.properties}

    def words(self, item: Item) -> str:
        return f"{item['description']} · {item['quantity']} × {item['unit_price']}"

    def present(self, about: Estimate) -> Sequence[str]:
        lines = about.line_items.all()
        return [
            f"{one.description} · {plain(one.quantity)} × {plain(one.unit_price)}" for one in lines
        ]

    def accept(self, actor: Actor, about: Estimate, items: Sequence[Item]) -> Estimate:
        """Behind the lines that there are."""
        kept = [{"id": line.pk} for line in about.line_items.all()]
        return services.update_estimate(actor, about, line_items=[*kept, *map(_line, items)])


def _line(item: Item) -> dict[str, Any]:
    return {**item, **{name: Decimal(item[name]) for name in ("quantity", "unit_price")}}


def _decimal(field: Callable[[], Any], given: Any, otherwise: Decimal) -> str:
    try:
        value: Decimal = field().to_internal_value(given)
    except ValidationError:
        return plain(otherwise)
    return plain(value)
