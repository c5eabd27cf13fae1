from django.apps import AppConfig


class DeliveriesConfig(AppConfig):
    name = "syteops.deliveries"
    guide = "integrations"
    verbose_name = "Deliveries"

    def ready(self) -> None:
        """Queue deliveries whenever events are published; tell who is sent variables."""
        from syteops.deliveries import pushes, queueing  # noqa: F401 - importing registers them
