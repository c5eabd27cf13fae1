from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "syteops.audit"
    guide = "events"
    label = "audit"
    verbose_name = "Audit"
