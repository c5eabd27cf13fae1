"""What the start page shows of the team: that it is to be entered first."""

from syteops.core.start_page import Step, first_step
from syteops.team.queries import live_members


@first_step(
    10,
    "team.add_teammember",
    Step(
        "Add your team",
        "Automations and estimates read who works here from the team, so it is typed once.",
        "badge",
        "admin:team_teammember_add",
    ),
)
def has_members() -> bool:
    """Whether somebody is in the team."""
    return live_members().exists()
