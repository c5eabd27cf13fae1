"""The API description tells every event that can be sent, and its shape is what is sent."""

from jsonschema import Draft202012Validator

from manage_api.openapi.document import document, inlined
from syteops.audit.event_types import event_types
from syteops.events.models import Event
from syteops.events.serializers import message_of
from tests.events.publish import a_system, publish
from tests.samples.team import a_member


def test_every_event_is_described() -> None:
    assert set(document()["webhooks"]) == event_types()


def test_what_is_told_has_the_shape_that_is_described() -> None:
    a_system()
    a_member()
    publish()
    for event in Event.objects.select_related("entry"):
        described = document()["components"]["pathItems"][event.type]["post"]["requestBody"]
        schema = inlined(described["content"]["application/json"]["schema"])
        changes = event.entry.changes if event.entry else {}
        Draft202012Validator(schema).validate(message_of(event, changes))
