from django.apps import AppConfig


class RolesConfig(AppConfig):
    name = "syteops.roles"
    label = "roles"
    verbose_name = "Roles"
