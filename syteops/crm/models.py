from collections.abc import Mapping
from typing import ClassVar

from django.db import models

from syteops.core.encryption import EncryptedTextField
from syteops.core.entities import Numbered
from syteops.core.events import SECRET_VERBS, Verb
from syteops.core.folding import FoldedField, SearchField
from syteops.core.records import Record
from syteops.core.web_addresses import WebAddressField
from syteops.lib.text import latin_slug


class CrmSystem(Numbered):
    """A CRM system that the site works with, and the credentials for it."""

    resource: ClassVar[str] = "crm"
    noun: ClassVar[str] = "crm_system"
    verbs: ClassVar[frozenset[Verb]] = Numbered.verbs | SECRET_VERBS
    most: ClassVar[str] = "MAX_CRM_SYSTEMS"
    credential_addresses: ClassVar[Mapping[str, str]] = {"api_key": "url", "api_secret": "url"}
    values_of_others: ClassVar[Mapping[str, str]] = {"identifiers": "users"}

    name = models.CharField(max_length=100, help_text="As people call it, such as HubSpot.")
    url = WebAddressField("URL", blank=True, help_text="Where people log in.")
    link_admin_only = models.BooleanField(
        "link for admins only",
        default=False,
        help_text="Show the link to site admins only.",
    )
    api_key = EncryptedTextField(bound_to="uid")
    api_key_set_at = models.DateTimeField(null=True, blank=True, editable=False)
    api_secret = EncryptedTextField(bound_to="uid")
    api_secret_set_at = models.DateTimeField(null=True, blank=True, editable=False)

    name_folded = FoldedField("name")
    searched = SearchField("name", "url")

    class Meta(Numbered.Meta):
        verbose_name = "CRM system"
        permissions = (("set_secrets_crmsystem", "Can set and clear secrets of CRM systems"),)

    def __str__(self) -> str:
        return self.name

    @property
    def code(self) -> str:
        """A short name for automations, derived from the name; else from the number."""
        return (latin_slug(self.name) or f"crm-{self.slot}").replace("-", "_").strip("_")


class CrmIdentifier(Record):
    """Who a team member is in one CRM system. Part of the member: each change is an entry there."""

    member = models.ForeignKey(
        "team.TeamMember", on_delete=models.CASCADE, related_name="crm_identifiers"
    )
    system = models.ForeignKey(CrmSystem, on_delete=models.CASCADE, related_name="identifiers")
    identifier = models.CharField(max_length=200)
    identifier_folded = FoldedField("identifier")

    class Meta:
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(fields=["member", "system"], name="crm_one_id_per_member"),
        )

    def __str__(self) -> str:
        return self.identifier
