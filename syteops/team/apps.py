from django.apps import AppConfig


class TeamConfig(AppConfig):
    name = "syteops.team"
    label = "team"
    verbose_name = "Team"
