from typing import TYPE_CHECKING, ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q

from syteops.core.entities import Entity
from syteops.core.events import Verb
from syteops.core.folding import FoldedField, SearchField
from syteops.roles.choices import ConstraintType
from syteops.roles.constraints import capacity

if TYPE_CHECKING:
    from syteops.team.models import TeamMember

# \Z, not $: that would let a final line break pass.
_is_color = RegexValidator(r"^#[0-9a-fA-F]{6}\Z", "Write the color like #1d4ed8.")
_is_icon = RegexValidator(r"^[a-z0-9_]+\Z", "Use the name of a Material symbol, such as badge.")


SLUG_LENGTH = 50
slug_validator = RegexValidator(
    r"\A[a-z0-9]+(?:_[a-z0-9]+)*\Z", "Use a-z, 0-9 and single underscores between."
)


class Role(Entity):
    """What members do for the site. The slug never changes: variables are built on it.

    A system role exists from the start and has one holder.
    """

    resource: ClassVar[str] = "roles"
    noun: ClassVar[str] = "role"
    verbs: ClassVar[frozenset[Verb]] = Entity.verbs | {Verb.ASSIGNED, Verb.UNASSIGNED}
    identified_by: ClassVar[str] = "slug"

    slug = models.CharField(max_length=60, unique=True, validators=[slug_validator])
    name = models.CharField(
        max_length=60, help_text="Such as Editor. People read it; automations use the slug."
    )
    description = models.CharField(max_length=500, blank=True)
    icon = models.CharField(
        max_length=50,
        blank=True,
        validators=[_is_icon],
        help_text="Name of a Material symbol, such as badge.",
    )
    color = models.CharField(
        max_length=7, default="#64748b", validators=[_is_color], help_text="Such as #1d4ed8."
    )
    constraint_type = models.CharField(
        "constraint",
        max_length=10,
        choices=ConstraintType,
        default=ConstraintType.UNLIMITED,
        help_text="How many members may hold the role.",
    )
    max_count = models.PositiveIntegerField(
        "limit",
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(10_000)],
        help_text="How many members, if the constraint is a number of members.",
    )
    system = models.BooleanField(default=False, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    name_folded = FoldedField("name")
    searched = SearchField("name", "slug", "description")

    class Meta:
        ordering = ("-system", "name_folded")
        constraints = (
            models.UniqueConstraint(
                fields=["name_folded"],
                name="roles_name_once",
                violation_error_message="Another role has this name.",
            ),
            models.CheckConstraint(
                condition=Q(constraint_type__in=ConstraintType.values),
                name="roles_constraint_type_known",
            ),
            models.CheckConstraint(
                # Without isnull no limit would pass: to a database, unknown is no violation.
                condition=Q(
                    constraint_type=ConstraintType.MAX_COUNT,
                    max_count__isnull=False,
                    max_count__gte=1,
                )
                | Q(~Q(constraint_type=ConstraintType.MAX_COUNT), max_count=None),
                name="roles_max_count_with_its_type",
                violation_error_message="Give a limit if it is a number of members, and only then.",
            ),
            models.CheckConstraint(
                condition=Q(system=False) | Q(constraint_type=ConstraintType.UNIQUE),
                name="roles_system_role_is_unique",
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def capacity(self) -> int | None:
        """How many members may hold the role; None for any number."""
        return capacity(self.constraint_type, self.max_count)

    @property
    def holders(self) -> "list[TeamMember]":
        """The members who hold the role, by number."""
        members = [one.member for one in self.assignments.all()]
        return sorted(members, key=lambda member: member.number or 0)

    @property
    def assigned_users(self) -> list[str]:
        """The numbers of the members who hold the role, sorted."""
        return [member.slot for member in self.holders]

    @property
    def assigned_count(self) -> int:
        """How many members hold the role."""
        return len(self.assigned_users)


class RoleAssignment(models.Model):
    """That a member holds a role. Written through the role's services."""

    role = models.ForeignKey(Role, on_delete=models.CASCADE, related_name="assignments")
    member = models.ForeignKey(
        "team.TeamMember", on_delete=models.CASCADE, related_name="role_assignments"
    )

    class Meta:
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(fields=["role", "member"], name="roles_assigned_once"),
        )

    def __str__(self) -> str:
        return f"{self.member}: {self.role}"
