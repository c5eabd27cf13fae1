from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class ServerConfig(AppConfig):
    name = "syteops.server"
    label = "server"
    verbose_name = "Server"

    def ready(self) -> None:
        autodiscover_modules("hourly")
