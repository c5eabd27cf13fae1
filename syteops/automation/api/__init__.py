"""Automation variables, and sets of them, over the Manage API."""

from syteops.automation.api.variables import VariableViewSet

# isort: split
# In the order in which manifest and documentation tell of them.
from syteops.automation.api.sets import VariableSetViewSet

__all__ = ["VariableSetViewSet", "VariableViewSet"]
