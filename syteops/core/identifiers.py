"""The forms of public identifiers. One home for each pattern.

They keep to the part of regular expressions that Python and ECMA 262 share, because the API
documents them.
"""

from django.core.validators import RegexValidator

from syteops.lib.patterns import exactly

SLOT = "^[0-9]{3,9}$"
"""A slot number, such as "001": zero-padded to three digits, growing beyond."""
ROW_ID = "^[1-9][0-9]{0,17}$"
"""A row's own id."""
SLUG = "^[A-Za-z0-9_-]{1,50}$"
"""A slug, as a path parameter."""
ROLE_SLUG = "^[a-z0-9_]{1,60}$"
"""The slug of a role, as a parameter."""
UUID = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
"""The id of something whose number would tell how many there are."""
ANY_NAME = r"^[^/\x00-\x1f]{1,200}$"
"""A name of any form, as a path parameter."""

slot_validator = RegexValidator(exactly(SLOT), 'Send a number such as "001".')
"""Refuses what is no slot number."""
