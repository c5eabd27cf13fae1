from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from syteops.core.encryption import EncryptedTextField
from syteops.core.entities import Entity
from syteops.core.events import SECRET_VERBS, Verb


class LicenseStatus(models.TextChoices):
    """What the licence allows. Only `revoked` takes something away: it switches modules off."""

    ACTIVE = "active", "Active"
    INACTIVE = "inactive", "Inactive"
    EXPIRED = "expired", "Expired"
    SUSPENDED = "suspended", "Suspended"
    REVOKED = "revoked", "Revoked"
    UNKNOWN = "unknown", "Unknown"


class ConnectionMode(models.TextChoices):
    """Who manages this site."""

    STANDALONE = "standalone", "Standalone"
    MANAGED = "managed", "Managed from outside"


class ConnectionStatus(models.TextChoices):
    """How the connection to the management stands."""

    ACTIVE = "active", "Active"
    DISCONNECTED = "disconnected", "Disconnected"
    REVOKED = "revoked", "Revoked"
    READY = "ready", "Ready"


class License(Entity):
    """The site's licence: one row. Until a superuser saves it, there is none and all is default."""

    resource: ClassVar[str] = "license"
    noun: ClassVar[str] = "license"
    verbs: ClassVar[frozenset[Verb]] = SECRET_VERBS | {Verb.UPDATED}
    counted: ClassVar[bool] = False

    status = models.CharField(
        max_length=10,
        choices=LicenseStatus,
        default=LicenseStatus.UNKNOWN,
        help_text="Revoked switches every module off. Their data and configuration stay.",
    )
    plan = models.CharField(max_length=100, blank=True)
    sites = models.PositiveIntegerField(
        null=True, blank=True, help_text="How many sites it covers."
    )
    expires_at = models.DateTimeField("expires at", null=True, blank=True)
    key = EncryptedTextField("licence key", bound_to="id")
    key_set_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = verbose_name_plural = "licence"
        # Changing it takes a superuser, so there is no right to hand out.
        default_permissions = ("view",)
        permissions = (("view_status", "Can view the site's status"),)
        constraints = (
            models.CheckConstraint(condition=Q(id=1), name="site_one_license"),
            models.CheckConstraint(
                condition=Q(status__in=LicenseStatus.values), name="site_license_status"
            ),
        )

    def __str__(self) -> str:
        return "Licence"

    @property
    def public_id(self) -> str:
        """None: there is only one."""
        return ""

    @property
    def current_status(self) -> str:
        """The status now: an active licence whose time is over has expired."""
        over = self.expires_at is not None and self.expires_at <= timezone.now()
        return LicenseStatus.EXPIRED if over and self.status == "active" else self.status


class Connection(Entity):
    """The connection to whoever manages this site: one row, as with the licence."""

    resource: ClassVar[str] = "connection"
    noun: ClassVar[str] = "connection"
    verbs: ClassVar[frozenset[Verb]] = SECRET_VERBS | {Verb.UPDATED}
    counted: ClassVar[bool] = False

    mode = models.CharField(
        max_length=10, choices=ConnectionMode, default=ConnectionMode.STANDALONE
    )
    connection_id = models.CharField("connection id", max_length=100, blank=True)
    status = models.CharField(
        max_length=12, choices=ConnectionStatus, default=ConnectionStatus.DISCONNECTED
    )
    last_seen_at = models.DateTimeField("last seen", null=True, blank=True)
    secret = EncryptedTextField("connection secret", bound_to="id")
    secret_set_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = verbose_name_plural = "management connection"
        default_permissions = ("view",)
        constraints = (
            models.CheckConstraint(condition=Q(id=1), name="site_one_connection"),
            models.CheckConstraint(
                condition=Q(mode__in=ConnectionMode.values), name="site_connection_mode"
            ),
            models.CheckConstraint(
                condition=Q(status__in=ConnectionStatus.values), name="site_connection_status"
            ),
        )

    def __str__(self) -> str:
        return "Management connection"

    @property
    def public_id(self) -> str:
        """None: there is only one."""
        return ""
