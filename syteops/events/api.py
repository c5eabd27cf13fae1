"""The event feed over the Manage API."""

from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

import manage_api
from manage_api.filters import FilterBackend
from manage_api.permissions import readable_resources
from manage_api.viewsets import ListMixin
from syteops.core.actors import Channel
from syteops.core.waiting import want_to_wait
from syteops.events import queries
from syteops.events.filters import EventFilter, wanted
from syteops.events.models import Event
from syteops.events.pagination import FeedPagination
from syteops.events.serializers import SiteEventSerializer


@manage_api.register("events", resource="events")
class EventViewSet(ListMixin):
    about = "What happened, in order, for those who would rather ask than be told."
    title = "Events"
    queryset = Event.objects.all()
    serializer_class = SiteEventSerializer
    filter_backends = (FilterBackend,)
    filterset_class = EventFilter
    pagination_class = FeedPagination
    list_name = "events"
    why_no_sync = "Events never change. Send the last answer's next as after, or ask for since."
    why_read_only = "Events tell what has happened. They cannot be changed."
    summaries = {"list": "Read the event feed"}
    descriptions = {
        "list": "What was changed, oldest first, in an order that never changes. Send `next` as "
        "`after` to go on, and `wait` to be told at once. You see events of what you may read."
    }

    def list(self, request: Request, **path: str) -> Response:
        # Asked before the feed is read: what is published in between ends the wait.
        newest = queries.newest_id()
        response = super().list(request, **path)
        if not response.data["events"] and self.channel is Channel.REST:
            wants = wanted(self.validated, readable_resources(self.principal))
            who = f"{self.principal.kind} {self.principal.id}"
            want_to_wait(request._request, who, self.validated["wait"], newest, wants)
        return response

    def get_queryset(self) -> QuerySet[Event]:
        return queries.feed(readable_resources(self.principal))

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "reader": self.principal}
