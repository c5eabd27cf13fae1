from django.apps import AppConfig


class ServerConfig(AppConfig):
    name = "syteops.server"
    label = "server"
    verbose_name = "Server"
