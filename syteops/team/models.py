from typing import ClassVar

from django.conf import settings
from django.core.validators import MaxLengthValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.functional import cached_property

from syteops.core.columns import of_columns
from syteops.core.entities import Numbered
from syteops.core.events import Verb
from syteops.core.folding import FoldedField, SearchField
from syteops.core.web_addresses import MailAddressField, WebAddressField
from syteops.lib import countries, languages, time_zones

PICTURES = "team"
"""The folder of the members' pictures, below the uploads."""
_LONGEST_TEXT = 20_000

# Plain facts that automations may know. Not among them: the internal notes and the login.
PUBLISHED = (
    "first_name", "last_name", "nickname", "job_title", "company_name",
    "email", "email_alternate", "email_personal",
    "phone_number", "phone_mobile", "phone_map_pref", "slack_handle", "website", "linkedin_url",
    "address_line_1", "address_line_2", "city", "region", "postal_code", "country",
    "time_zone", "language", "link_profile_pic", "biography",
)  # fmt: skip


class TeamMember(Numbered):
    """A person who works on or with the site. Everything about them is optional.

    Deleted, a member keeps everything but the number (then `former_number`) and the roles.
    """

    resource: ClassVar[str] = "users"
    noun: ClassVar[str] = "team_member"
    verbs: ClassVar[frozenset[Verb]] = Numbered.verbs | {Verb.ERASED}
    most: ClassVar[str] = "MAX_TEAM_MEMBERS"

    first_name = models.CharField(max_length=100, blank=True)
    last_name = models.CharField(max_length=100, blank=True)
    full_name = models.CharField(
        max_length=200, blank=True, help_text="If empty: first and last name."
    )
    nickname = models.CharField(max_length=100, blank=True)
    job_title = models.CharField(max_length=150, blank=True)
    company_name = models.CharField(max_length=150, blank=True)

    email = MailAddressField("e-mail", blank=True)
    email_alternate = MailAddressField("alternate e-mail", blank=True)
    email_personal = MailAddressField("personal e-mail", blank=True)
    phone_number = models.CharField(max_length=50, blank=True)
    phone_mobile = models.CharField("mobile phone", max_length=50, blank=True)
    phone_map_pref = models.CharField(
        "preferred map app",
        max_length=50,
        blank=True,
        help_text="The map app that the person prefers on the phone.",
    )
    slack_handle = models.CharField("Slack handle", max_length=80, blank=True)
    website = WebAddressField(max_length=500, blank=True)
    linkedin_url = WebAddressField("LinkedIn URL", max_length=500, blank=True)

    address_line_1 = models.CharField(max_length=200, blank=True)
    address_line_2 = models.CharField(max_length=200, blank=True)
    city = models.CharField(max_length=100, blank=True)
    region = models.CharField(max_length=100, blank=True)
    postal_code = models.CharField(max_length=20, blank=True)
    country = models.CharField(
        max_length=2,
        blank=True,
        choices=countries.choices,
        help_text="Country code (ISO 3166-1 alpha-2), such as AT.",
    )
    time_zone = models.CharField(
        max_length=64,
        blank=True,
        choices=time_zones.choices,
        help_text="IANA time zone, such as Europe/Vienna.",
    )
    language = models.CharField(
        max_length=languages.MAX_LENGTH,
        blank=True,
        validators=[languages.is_language],
        help_text="Language tag (BCP 47), such as en or de-AT.",
    )

    link_profile_pic = WebAddressField(
        "link to a profile picture",
        max_length=500,
        blank=True,
        help_text="Address of a picture that is hosted elsewhere.",
    )
    profile_picture = models.ImageField(
        blank=True,
        max_length=200,
        help_text="JPEG, PNG, WebP or GIF. Stored without location or camera data.",
    )
    biography = models.TextField(blank=True, validators=[MaxLengthValidator(_LONGEST_TEXT)])
    notes = models.TextField(
        "internal notes",
        blank=True,
        validators=[MaxLengthValidator(_LONGEST_TEXT)],
        help_text="Internal: never an automation variable.",
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="team_members",
        help_text="The login of this person on this site.",
    )
    former_number = models.PositiveIntegerField(
        null=True, editable=False, validators=[MinValueValidator(1)]
    )

    full_name_folded = FoldedField("full_name", otherwise=("first_name", "last_name"))
    last_name_folded = FoldedField("last_name")
    job_title_folded = FoldedField("job_title")
    company_name_folded = FoldedField("company_name")
    email_folded = FoldedField("email")
    searched = SearchField(
        "first_name", "last_name", "full_name", "nickname",
        "email", "email_alternate", "email_personal", "company_name", "job_title",
        "phone_number", "phone_mobile", "city",
    )  # fmt: skip
    published_folded = SearchField("full_name", *PUBLISHED)

    named_by = ("number", "first_name", "last_name", "full_name", "nickname")
    """What the number and the name are of: all that others, such as notes, show of a member."""

    class Meta(Numbered.Meta):
        verbose_name = "team member"
        permissions = (("erase_teammember", "Can erase team members for good"),)
        indexes = (
            models.Index(fields=["full_name_folded"], name="team_by_full_name"),
            models.Index(fields=["last_name_folded"], name="team_by_last_name"),
            models.Index(fields=["company_name_folded"], name="team_by_company_name"),
            models.Index(fields=["email_folded"], name="team_by_email"),
        )
        constraints = (  # type: ignore[assignment]  # more, and of other kinds
            *Numbered.Meta.constraints,
            models.CheckConstraint(
                condition=Q(deleted_at=None, former_number=None)
                | Q(deleted_at__isnull=False, former_number__isnull=False),
                name="team_former_number_once_deleted",
            ),
            models.UniqueConstraint(
                fields=["user"], condition=Q(deleted_at=None), name="team_one_member_per_user"
            ),
        )

    def __str__(self) -> str:
        """A name and nothing else: it is shown also to who may not read team members."""
        return self.shown_name or self.nickname or f"Team member {self.public_id}"

    @property
    @of_columns("full_name", "first_name", "last_name")
    def shown_name(self) -> str:
        """The full name: the one given, or else first and last name."""
        return self.full_name or f"{self.first_name} {self.last_name}".strip()

    @property
    def picture_folder(self) -> str:
        """Where the member's pictures are stored, and nobody else's."""
        return f"{PICTURES}/{self.uid}"

    # `with_related` sets these for many members at once.

    @cached_property
    def role_slugs(self) -> list[str]:
        """The roles this member holds, sorted."""
        return sorted(held.role.slug for held in self.role_assignments.all())

    @cached_property
    def crm_ids(self) -> dict[str, str]:
        """Who the member is in each CRM system: number → identifier."""
        found = sorted(self.crm_identifiers.all(), key=lambda one: one.system.number or 0)
        return {one.system.slot: one.identifier for one in found}
