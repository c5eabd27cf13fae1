from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "syteops.people"
    label = "people"
    verbose_name = "People & access"

    def ready(self) -> None:
        from syteops.people import (  # noqa: F401 - they connect receivers
            confirmation,
            passwords,
            sign_ins,
        )
