"""What a person must do before anything else: choose a password, set up a second factor."""

from typing import NamedTuple

from django.http import HttpRequest

from syteops.people.factors import is_missing
from syteops.people.passwords import must_change_first


class FirstThing(NamedTuple):
    """The page where it is done, with the pages below it, and what a tool is told."""

    page: str
    told: str


def first_thing(request: HttpRequest) -> FirstThing | None:
    """What this request's person must do first, if anything.

    A one-time password costs no query unless there is one in the session, and a second factor none
    unless the site wants it.
    """
    if must_change_first(request):
        return FirstThing("admin:password_change", "Choose a new password in the admin first.")
    if is_missing(request.user):
        return FirstThing("admin:second_factor", "Set up two-step sign-in in the admin first.")
    return None
