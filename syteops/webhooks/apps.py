from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    name = "syteops.webhooks"
    verbose_name = "Webhooks"

    def ready(self) -> None:
        """Queue tests whenever they are published."""
        from syteops.webhooks import testing  # noqa: F401 - importing it registers it
