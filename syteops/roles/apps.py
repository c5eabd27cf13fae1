from django.apps import AppConfig


class RolesConfig(AppConfig):
    name = "syteops.roles"
    guide = "team"

    def ready(self) -> None:
        from syteops.roles import attachment  # noqa: F401 - importing it registers it
