"""Second factors: what a person proves at sign-in beside the password.

django-allauth keeps them and knows the algorithms; its secrets are sealed under our keys. What it
has of pages, sessions and mails is not used: the doors are the admin's (see `second_steps`).
"""

from typing import Any

from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet

from syteops.audit.services import record_about
from syteops.core.actors import Actor
from syteops.core.encryption import UnsealError, open_text, seal_text, sealed_in_json
from syteops.core.errors import Conflict, Invalid, NotFound
from syteops.core.events import Noun, Verb
from syteops.people.services import about
from syteops.people.sessions import end_sessions

Kind = Authenticator.Type
_PURPOSE = "second factor"
_SECRETS = frozenset(("secret", "seed"))
sealed_in_json("mfa.Authenticator", "data", *_SECRETS)


class Adapter(DefaultMFAAdapter):  # type: ignore[misc]
    """What the library asks about this site (MFA_ADAPTER)."""

    def encrypt(self, text: str) -> str:
        return seal_text(_PURPOSE, text)

    def decrypt(self, encrypted_text: str) -> str:
        return open_text(_PURPOSE, encrypted_text)

    def _get_site_name(self) -> str:
        return str(settings.SITE_NAME)

    def _get_user_identifier(self, user: Any) -> str:
        return str(user.get_username())


# --- Reading -------------------------------------------------------------------------------


def factors_of(user: User) -> QuerySet[Authenticator]:
    """A person's second factors. Recovery codes are none: they stand in for one that is lost."""
    rows: QuerySet[Authenticator] = Authenticator.objects.filter(user_id=user.pk)
    return rows.exclude(type=Kind.RECOVERY_CODES).order_by("pk")


def has_factor(user: User) -> bool:
    """Whether the password alone does not sign this person in."""
    return factors_of(user).exists()


def is_missing(user: Any) -> bool:
    """Whether the site wants a second factor that this person does not have."""
    return settings.SECOND_FACTOR == "required" and user.is_authenticated and not has_factor(user)


def is_readable(factor: Authenticator) -> bool:
    """Whether its secret opens; a passkey has none here. One that does not lets nobody in."""
    try:
        for name in _SECRETS & factor.data.keys():
            open_text(_PURPOSE, factor.data[name])
    except UnsealError:
        return False
    return True


def has_unreadable(user: User) -> bool:
    """Whether codes of this person cannot be looked at any more, so that they never are right."""
    return not all(map(is_readable, Authenticator.objects.filter(user_id=user.pk)))


def recovery_codes_left(user: User) -> int:
    """How many recovery codes would still work."""
    row = Authenticator.objects.filter(user_id=user.pk, type=Kind.RECOVERY_CODES).first()
    return len(row.wrap().get_unused_codes()) if row and is_readable(row) else 0


def new_secret() -> str:
    """A new secret for an authenticator app. It is stored nowhere."""
    return str(generate_totp_secret())


def totp_picture(user: User, secret: str) -> str:
    """The QR code that gives the secret to an authenticator app, as an SVG."""
    adapter = Adapter()
    svg: str = adapter.build_totp_svg(adapter.build_totp_url(user, secret))
    return svg


# --- Changes -------------------------------------------------------------------------------


@transaction.atomic
def add_totp(actor: Actor, user: User, secret: str, code: str, session_key: str) -> list[str]:
    """Have codes of an authenticator app asked for, once one shows that it works.

    With the first second factor there are recovery codes, which are answered and seen by nobody
    again. Every other session of the person ends: it began without the second step. Raises Invalid
    for a wrong code, and Conflict where there is one.
    """
    lock_factors(user)
    counter = _counter_of(secret, code)
    if counter is None:
        raise Invalid.field("code", "This code is not right, or no longer. Enter the newest one.")
    if factors_of(user).filter(type=Kind.TOTP).exists():
        raise Conflict("An authenticator app is set up already. Switch it off first.")
    factor = TOTP.activate(user, secret).instance
    factor.data["counter"] = counter
    factor.save(update_fields=["data"])
    return factor_added(actor, user, Kind.TOTP, session_key)


def factor_added(actor: Actor, user: User, kind: str, session_key: str) -> list[str]:
    """What follows: the record, the end of other sessions, and with the first one recovery codes.

    Answers the codes, or nothing where there are some already.
    """
    record_about(actor, Noun.PERSON, Verb.FACTOR_ADDED, about(user), {"kind": (None, kind)})
    end_sessions(user, but=session_key)
    has_codes = Authenticator.objects.filter(user_id=user.pk, type=Kind.RECOVERY_CODES).exists()
    return [] if has_codes else _make_codes(user)


@transaction.atomic
def renew_recovery_codes(actor: Actor, user: User) -> list[str]:
    """New codes in place of the former ones. Raises NotFound for who has no second factor."""
    lock_factors(user)
    if not has_factor(user):
        raise NotFound("There is no second factor that recovery codes could stand in for.")
    left = recovery_codes_left(user)
    codes = _make_codes(user)
    changes = {"recovery_codes": (left, len(codes))}
    record_about(actor, Noun.PERSON, Verb.RECOVERY_CODES_MADE, about(user), changes)
    return codes


def _make_codes(user: User) -> list[str]:
    Authenticator.objects.filter(user_id=user.pk, type=Kind.RECOVERY_CODES).delete()
    codes: list[str] = RecoveryCodes.activate(user).generate_codes()
    return codes


@transaction.atomic
def remove_factors(actor: Actor, user: User, session_key: str = "") -> None:
    """From now on the password alone signs in. Every other session of the person ends.

    Raises NotFound for who has no second factor.
    """
    lock_factors(user)
    kinds = sorted(factors_of(user).values_list("type", flat=True))
    if not kinds:
        raise NotFound(f"{user} has no second factor.")
    Authenticator.objects.filter(user_id=user.pk).delete()
    changes = {"kind": (", ".join(kinds), None)}
    record_about(actor, Noun.PERSON, Verb.FACTOR_REMOVED, about(user), changes)
    end_sessions(user, but=session_key)


@transaction.atomic
def use_code(actor: Actor, user: User, code: str) -> bool:
    """Whether it is a code of this person that was not used before; now it is.

    A code of the app is as good as used when a later one was.
    """
    rows = Authenticator.objects.select_for_update().filter(user_id=user.pk).order_by("pk")
    for factor in filter(is_readable, rows):
        if factor.type == Kind.TOTP and _use_totp(factor, code):
            return True
        if factor.type == Kind.RECOVERY_CODES and factor.wrap().validate_code(code):
            left = recovery_codes_left(user)
            changes = {"recovery_codes": (left + 1, left)}
            record_about(actor, Noun.PERSON, Verb.RECOVERY_CODE_USED, about(user), changes)
            return True
    return False


def _use_totp(factor: Authenticator, code: str) -> bool:
    counter = _counter_of(open_text(_PURPOSE, factor.data["secret"]), code)
    if counter is None or counter <= factor.data["counter"]:
        return False
    factor.data["counter"] = counter
    factor.save(update_fields=["data"])
    factor.record_usage()
    return True


def _counter_of(secret: str, code: str) -> int | None:
    """Which of the codes that hold now it is, by its number since 1970."""
    for counter in yield_hotp_counters_from_time():
        if compare_user_code(actual=code, expected=format_hotp_value(hotp_value(secret, counter))):
            return int(counter)
    return None


def lock_factors(user: User) -> None:
    """Let nobody else change this person's second factors until this transaction ends."""
    User.objects.select_for_update().get(pk=user.pk)
