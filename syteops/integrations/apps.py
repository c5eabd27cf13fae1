from django.apps import AppConfig


class IntegrationsConfig(AppConfig):
    name = "syteops.integrations"
    label = "integrations"
    verbose_name = "Integrations"
