"""What the start page shows of variables: that a tool should read one."""

from syteops.automation.models import VariableRead
from syteops.core.start_page import Step, first_step


@first_step(
    40,
    "automation.view_variable",
    Step(
        "Read a variable",
        "Have n8n, Zapier or a script read one with its key. The page tells which there are.",
        "data_object",
        "admin:automation_variable_catalogue",
    ),
)
def was_read() -> bool:
    """Whether a key has read a variable."""
    return VariableRead.objects.exists()
