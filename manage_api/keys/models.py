from copy import copy
from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from manage_api.keys.tokens import VERIFIER_LENGTH, digest_name, digest_rights
from syteops.core.encryption import EncryptedTextField, KeyRing, UnsealError, open_sealed, seal
from syteops.core.entities import Entity
from syteops.core.events import Verb


class KeyKind(models.TextChoices):
    """The one key with every scope, or one of the restricted keys beside it."""

    SITE = "site", "Site key"
    RESTRICTED = "restricted", "Restricted key"


class KeyState(models.TextChoices):
    """What a key can do now, and if nothing, why."""

    ACTIVE = "active", "Active"
    RETIRING = "retiring", "Replaced, still works"
    PAUSED = "paused", "Paused"
    EXPIRED = "expired", "Expired"
    REPLACED = "replaced", "Replaced"
    REVOKED = "revoked", "Revoked"


class ApiSwitch(Entity):
    """Whether the API is enabled: one row. If not, every key gets `api_disabled`."""

    resource: ClassVar[str] = "api"
    noun: ClassVar[str] = "api"
    told_as: ClassVar[str] = "Manage API"
    verbs: ClassVar[frozenset[Verb]] = frozenset((Verb.ENABLED, Verb.DISABLED))
    counted: ClassVar[bool] = False

    enabled = models.BooleanField(default=True)

    class Meta:
        default_permissions = ()
        permissions = (("manage_api_keys", "Can manage the Manage API and its keys"),)
        constraints = (models.CheckConstraint(condition=Q(id=1), name="keys_one_switch"),)

    def __str__(self) -> str:
        return "Manage API"


class ManageKey(Entity):
    """A key: what its holder may do, from where and until when. Its text is stored nowhere.

    `verifier` is the SHA-256 of the secret with that of the rights, sealed and bound to this row's
    `public_id`: whoever changes these, or the name, in the database ends the key.
    """

    resource: ClassVar[str] = "keys"
    noun: ClassVar[str] = "key"
    told_as: ClassVar[str] = "API keys"
    verbs: ClassVar[frozenset[Verb]] = frozenset(
        (
            Verb.GENERATED,
            Verb.ISSUED_BY_ROTATION,
            Verb.ROTATED,
            Verb.REVOKED,
            Verb.PAUSED,
            Verb.RESUMED,
            Verb.UPDATED,
            Verb.EXPIRING,
        )
    )
    counted: ClassVar[bool] = False
    # The services make them, and look under a lock whether there is one already.
    unvalidated = frozenset(("public_id", "kind"))

    public_id = models.CharField(max_length=12, unique=True, editable=False)
    kind = models.CharField(max_length=10, choices=KeyKind, editable=False)
    name = models.CharField(max_length=100)
    hint = models.CharField(max_length=30, editable=False)
    verifier = EncryptedTextField(bound_to="public_id", null=False, blank=False)
    scopes = models.JSONField(default=list, blank=True)
    networks = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.CharField(max_length=200, blank=True, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    rotated_at = models.DateTimeField(null=True, blank=True, editable=False)
    retires_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    paused_at = models.DateTimeField(null=True, blank=True, editable=False)
    successor = models.OneToOneField(
        "self",
        null=True,
        blank=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="predecessor",
    )
    sponsor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_used_address = models.CharField(max_length=45, blank=True, editable=False)

    class Meta:
        verbose_name = "API key"
        verbose_name_plural = "Manage API Key"
        ordering = ("-id",)
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(
                fields=["kind"],
                condition=Q(kind="site", revoked_at=None, successor=None),
                name="keys_one_site_key",
            ),
            # The switch does that for the site key, so that there is one place to look at.
            models.CheckConstraint(
                condition=Q(kind="restricted") | Q(paused_at=None), name="keys_site_key_not_paused"
            ),
            models.CheckConstraint(
                condition=Q(retires_at=None) | Q(successor__isnull=False, rotated_at__isnull=False),
                name="keys_retires_after_rotation",
            ),
        )

    def __str__(self) -> str:
        return f"{self.name} ({self.hint})"

    def seal_verifier(self, verifier: str) -> None:
        """Bind the SHA-256 of the secret to the rights, to what has ended it or lets it rest, and
        to what the trail calls it.

        Store it in the same transaction.
        """
        bound = self._rights_digest() + digest_name(str(self))
        self.verifier = seal(self, "verifier", verifier + bound)

    def open_verifier(self, keys: KeyRing | None = None) -> tuple[str, bool]:
        """The SHA-256 of the secret ("" if it does not open), and whether the rights are genuine.

        As much work for every key, and in constant time. `keys` as for `open_sealed`.
        """
        try:
            sealed = open_sealed(self, "verifier", keys) or ""
        except UnsealError:
            sealed = ""
        told, rights = sealed[VERIFIER_LENGTH:], self._rights_digest()
        # Former versions did not bind the name. Both are looked at, for the sake of constant time.
        of_before = constant_time_compare(told, rights)
        is_genuine = constant_time_compare(told, rights + digest_name(str(self)))
        return sealed[:VERIFIER_LENGTH], is_genuine or of_before

    def seal_end(self) -> bool:
        """Seal what has ended a key that is still sealed as it was made; whether it was.

        Former versions left the seal as it was, and whoever took the end out of the row had the key
        work again.
        """
        made = copy(self)
        made.retires_at = made.revoked_at = made.paused_at = None
        verifier, is_as_made = made.open_verifier()
        if is_as_made:
            self.seal_verifier(verifier)
        return is_as_made

    @property
    def has_genuine_rights(self) -> bool:
        """Whether the rights in the database are those that the key was made with."""
        return self.open_verifier()[1]

    @property
    def _rights(self) -> tuple[Any, ...]:
        return self.kind, self.scopes, self.networks, self.expires_at

    def _rights_digest(self) -> str:
        ends = self.retires_at, self.revoked_at, self.paused_at
        return digest_rights(*self._rights, *ends)

    @property
    def ends_at(self) -> datetime | None:
        """When it stops working, or stopped: whichever of its possible ends comes first."""
        ends = (self.expires_at, self.retires_at, self.revoked_at)
        return min((moment for moment in ends if moment), default=None)

    @property
    def state(self) -> KeyState:
        """What the key can do now. The API's switch is another matter."""
        now = timezone.now()
        if self.revoked_at:
            return KeyState.REPLACED if self.successor_id else KeyState.REVOKED
        if self.expires_at and self.expires_at <= now:
            return KeyState.EXPIRED
        if self.retires_at:
            return KeyState.REPLACED if self.retires_at <= now else KeyState.RETIRING
        return KeyState.PAUSED if self.paused_at else KeyState.ACTIVE


class KeyCalls(models.Model):
    """How many calls came with a key in one hour, whatever their answers were."""

    key = models.ForeignKey(ManageKey, on_delete=models.CASCADE, related_name="+")
    hour = models.DateTimeField()
    calls = models.PositiveIntegerField(default=0)

    class Meta:
        default_permissions = ()
        constraints = (models.UniqueConstraint(fields=("key", "hour"), name="keys_calls_once"),)

    def __str__(self) -> str:
        return f"{self.calls} calls from {self.hour} on"
