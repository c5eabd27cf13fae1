"""What team members can be asked for over the Manage API."""

from django.core.validators import RegexValidator

from manage_api.filters import FilterSet, RowFilter
from syteops.core.identifiers import ROLE_SLUG
from syteops.lib.patterns import exactly


class TeamMemberFilter(FilterSet):
    role = RowFilter(
        "role_assignments__role__slug",
        trim_whitespace=False,
        validators=[RegexValidator(exactly(ROLE_SLUG), "Send a slug such as site_owner.")],
        help_text="Slug of a role they hold.",
    )
