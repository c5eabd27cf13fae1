from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "syteops.people"
    label = "people"
    verbose_name = "People & access"

    def ready(self) -> None:
        from syteops.people import confirmation, sign_ins  # noqa: F401 - they connect receivers
