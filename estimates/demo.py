from decimal import Decimal

from estimates import services
from estimates.models import Estimate
from syteops.core.actors import Actor
from syteops.core.demo import seeds
from syteops.crm.models import CrmSystem

RELAUNCH = (
    {"description": "Concept and design", "quantity": Decimal("6"), "unit_price": Decimal("780")},
    {"description": "Development", "quantity": Decimal("12"), "unit_price": Decimal("820")},
    {"description": "Hosting, first year", "quantity": Decimal("1"), "unit_price": Decimal("360")},
    {"description": "Texts by a copywriter", "quantity": Decimal("2"), "unit_price": Decimal("640"),
     "optional": True},
)  # fmt: skip
CARE = ({"description": "Care plan", "quantity": Decimal("12"), "unit_price": Decimal("149.90")},)


@seeds("estimates", Estimate)
def seed(actor: Actor) -> int:
    tax = {"tax_percent": Decimal("20")}
    relaunch = services.create_estimate(
        actor,
        title="Shop relaunch",
        content="Design, development and hosting of the new shop.\n\nStart within two weeks.",
        client_name="Marta Huber",
        client_company="Huber & Daughters",
        client_email="marta@huber.example",
        crm_system=CrmSystem.objects.order_by("number").first(),
        crm_contact_id="hs-2044",
        currency="EUR",
        line_items=[{**line, **tax} for line in RELAUNCH],
    )
    services.send_estimate(actor, relaunch, email=False)  # nobody real lives there
    services.create_estimate(
        actor,
        title="Website care",
        client_name="Tom Reed",
        client_email="tom@reed.example",
        currency="GBP",
        line_items=[{**line, **tax} for line in CARE],
    )
    return 2
