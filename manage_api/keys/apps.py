from django.apps import AppConfig


class KeysConfig(AppConfig):
    name = "manage_api.keys"
    label = "keys"
    verbose_name = "Manage API keys"
