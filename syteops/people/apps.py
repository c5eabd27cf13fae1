from django.apps import AppConfig
from django.db.models.signals import post_migrate


class PeopleConfig(AppConfig):
    name = "syteops.people"
    label = "people"
    verbose_name = "People & access"

    def ready(self) -> None:
        from syteops.people import (  # noqa: F401 - they connect receivers, or declare
            confirmation,
            factors,
            passwords,
            sign_ins,
            starter_groups,
        )

        post_migrate.connect(starter_groups.after_migrate, dispatch_uid=self.name)
