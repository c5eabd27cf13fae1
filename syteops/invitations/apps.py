from django.apps import AppConfig


class InvitationsConfig(AppConfig):
    name = "syteops.invitations"
    guide = "people"
    verbose_name = "Invitations"
