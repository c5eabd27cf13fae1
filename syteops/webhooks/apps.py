from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    name = "syteops.webhooks"
    verbose_name = "Webhooks"
