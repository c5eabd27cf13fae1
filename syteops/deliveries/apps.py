from django.apps import AppConfig


class DeliveriesConfig(AppConfig):
    name = "syteops.deliveries"
    verbose_name = "Deliveries"

    def ready(self) -> None:
        """Queue deliveries whenever events are published."""
        from syteops.deliveries import queueing  # noqa: F401 - importing it registers it
