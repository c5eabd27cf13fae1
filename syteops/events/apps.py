from django.apps import AppConfig


class EventsConfig(AppConfig):
    name = "syteops.events"
    verbose_name = "Events"
