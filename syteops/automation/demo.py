from syteops.automation import services
from syteops.automation.models import Variable, VariableSet
from syteops.core.actors import Actor
from syteops.core.demo import seeds

VARIABLES = (
    ("booking_link", "https://northlight.example/book", "Where clients book a call."),
    ("maintenance_mode", "false", "Read by the deploy workflow."),
    ("newsletter_list_id", "nl-2026-main", "The list that new clients are added to."),
)
OFFICE = (
    {"suffix": "hours", "type": "text", "value": "Mon-Fri 9:00-17:00"},
    {"suffix": "founded", "type": "date", "value": "2014-03-01"},
    {"suffix": "support_email", "type": "email", "value": "help@northlight.example"},
)


@seeds("free-form variables", Variable)
def seed_variables(actor: Actor) -> int:
    for key, value, description in VARIABLES:
        services.create_variable(actor, key=key, value=value, description=description)
    return len(VARIABLES)


@seeds("variable sets", VariableSet)
def seed_sets(actor: Actor) -> int:
    services.create_variable_set(actor, name="Office", acronym="office", values=OFFICE)
    return 1
