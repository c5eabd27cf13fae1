from django.apps import AppConfig


class CrmConfig(AppConfig):
    name = "syteops.crm"
    guide = "team"
    verbose_name = "CRM systems"
