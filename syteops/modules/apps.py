from django.apps import AppConfig


class ModulesConfig(AppConfig):
    name = "syteops.modules"
    label = "modules"
    verbose_name = "Modules"
