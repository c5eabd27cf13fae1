"""The names of automation variables: which forms they have, and which are taken."""

import re

from django.core.exceptions import ValidationError

from syteops.core.variables import all_families

PREFIX = "syteops_"
FREE_PREFIX = f"{PREFIX}api_"

# \Z, not $: that one lets a line break at the end pass.
KEY = r"^[a-z][a-z0-9_]{0,63}\Z"
ACRONYM = r"^[a-z][a-z0-9]{1,15}\Z"
ACRONYM_PATH = r"^[a-z][a-z0-9]{1,15}$"

# REST has other addresses at /variables/export and so on.
RESERVED_KEYS = ("bulk", "export", "resync")
# What can name a variable in a path: the key of a free-form one, or a full name.
PATH_PATTERN = (
    r"^(syteops_(?!api_)[a-z0-9_]{1,192}|(syteops_api_)?(?!syteops_)[a-z][a-z0-9_]{0,63})$"
)

_RESERVED_ACRONYMS = {"user", "std", "api"}


def free_key(name: str) -> str:
    """The key in the name of a free-form variable; what is a key already stays as it is."""
    return name.removeprefix(FREE_PREFIX)


def full_name(name: str) -> str:
    """What automations call the variable of that key or name."""
    return name if is_derived(name) else f"{FREE_PREFIX}{free_key(name)}"


def is_derived(name: str) -> bool:
    """Whether the name lies where variables are derived, so that nothing can be set there."""
    return name.startswith(PREFIX) and not name.startswith(FREE_PREFIX)


def validate_suffix(suffix: str) -> None:
    """Refuse what cannot end a variable's name."""
    if not re.match(KEY, suffix):
        raise ValidationError(
            "Use small letters, digits and underscores, a letter first, 64 characters at most.",
            "invalid",
        )


def validate_key(key: str) -> None:
    """Refuse what cannot be the key of a free-form variable."""
    validate_suffix(key)
    if key in RESERVED_KEYS or key.startswith(PREFIX):
        raise ValidationError("This name is reserved. Choose another one.", "invalid")


def validate_acronym(acronym: str) -> None:
    """Refuse what cannot be the acronym of a variable set, or names other variables already."""
    if not re.match(ACRONYM, acronym):
        raise ValidationError(
            "Use 2 to 16 small letters and digits, a letter first, such as acme.", "invalid"
        )
    # The word after `syteops_` in every pattern; that of the sets themselves stands for any.
    taken = {one.pattern.removeprefix(PREFIX).split("_")[0] for one in all_families()}
    if acronym in _RESERVED_ACRONYMS | taken:
        raise ValidationError("Other variables are named so. Choose another acronym.", "invalid")
