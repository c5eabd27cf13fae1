"""The project itself as a Django app: first start, sign-in, health."""

from django.apps import AppConfig


class SyteOpsConfig(AppConfig):
    """Registers the system checks and watches sign-ins for one-time passwords."""

    name = "syteops"
    verbose_name = "SyteOps"

    def ready(self) -> None:
        from syteops import checks, passwords  # noqa: F401 - importing them registers them
