"""One-time passwords: good for one sign-in, then the person must choose another.

The obligation is a row (PasswordChangeRequired). Signing in copies it into the session, so that
ordinary requests pay nothing for it; any change of the password, through whichever door, ends it.
"""

import secrets
from typing import Any

from django.contrib.auth.hashers import check_password
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in
from django.core.exceptions import ValidationError
from django.db import transaction
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils.translation import gettext as _

from syteops.core.actors import command
from syteops.people.models import PasswordChangeRequired
from syteops.people.services import create_superuser

SESSION_FLAG = "password_change_required"

# Without 0/o, 1/l/i and upper case: this one is copied from a terminal by hand.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


def new_one_time_password() -> str:
    """Four groups of five characters: 99 random bits."""
    groups = ("".join(secrets.choice(_ALPHABET) for _ in range(5)) for _ in range(4))
    return "-".join(groups)


@transaction.atomic
def create_first_admin(username: str) -> str | None:
    """Creates a superuser with a one-time password and returns it; None when people exist."""
    if User.objects.exists():
        return None
    password = new_one_time_password()
    user = create_superuser(command("setup"), User(username=username), password)
    require_change(user)
    return password


def require_change(user: User) -> None:
    """From the next sign-in on, this person must choose a new password first."""
    PasswordChangeRequired.objects.get_or_create(user=user)


def must_change(user: Any) -> bool:
    """Whether this person still has to choose a new password."""
    return PasswordChangeRequired.objects.filter(user_id=user.pk).exists()


def must_change_first(request: HttpRequest) -> bool:
    """Whether this request's session is of a person who still has a one-time password."""
    if not request.session.get(SESSION_FLAG):
        return False
    if must_change(request.user):
        return True
    del request.session[SESSION_FLAG]
    return False


@receiver(user_logged_in)
def note_obligation(request: HttpRequest, user: Any, **kwargs: Any) -> None:
    """Puts the obligation into the session that has just begun."""
    if must_change(user):
        request.session[SESSION_FLAG] = True


class OneTimePasswordValidator:
    """Refuses to keep a one-time password, and ends the obligation once another one is set.

    Django tells every validator when a password was really changed, whoever changed it; it does
    not when only the stored hash was strengthened.
    """

    def validate(self, password: str, user: Any = None) -> None:
        """Raises ValidationError when the one-time password is chosen again."""
        if user is None or user.pk is None or not must_change(user):
            return
        if check_password(password, user.password):
            raise ValidationError(
                _("This is the one-time password. Choose another one."),
                code="one_time_password",
            )

    def get_help_text(self) -> str:
        """Shown with the other rules."""
        return _("Your password can’t be the one-time password that you were given.")

    def password_changed(self, password: str, user: Any = None) -> None:
        """Ends the obligation."""
        if user is not None:
            PasswordChangeRequired.objects.filter(user_id=user.pk).delete()
