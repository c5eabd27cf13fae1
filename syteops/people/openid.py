"""Signing in by OpenID Connect (Core 1.0): the code flow with PKCE, state and nonce.

The provider says whose verified e-mail address it is, and nothing else: an account is there, or an
invitation makes it, and rights are given here. What stands in place of the password is a signed ID
token; a second factor that the person has here is asked for all the same. PyJWT checks the token.
"""

import json
import logging
import secrets
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from itertools import islice
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from urllib.parse import quote, urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import authenticate
from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.models import User
from django.contrib.auth.views import RedirectURLMixin
from django.core.exceptions import ValidationError
from django.core.signing import BadSignature
from django.core.validators import validate_email
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.views import View

from syteops.core.actors import Actor
from syteops.core.addresses import absolute_address, lockout_address
from syteops.core.errors import DomainError
from syteops.core.outages import in_one_line
from syteops.core.outbound import OutboundFailed, exchange, url_problem
from syteops.core.waiting import beside, not_yet
from syteops.people.lockout import has_to_wait, note_try, wait
from syteops.people.queries import is_same_address
from syteops.people.second_steps import continue_sign_in
from syteops.people.sign_ins import PASSWORD_BACKEND, network_actor

if TYPE_CHECKING:
    from jwt import PyJWK

log = logging.getLogger(__name__)

# None with a shared secret: who knows the client's would sign what he likes.
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"]
_COOKIE, _SALT, _MINUTES = "openid", "syteops.openid", 10
_MOST_BYTES = 500_000
_MOST_KEYS = 100
# What is public of a key (RFC 7518, section 6); where "d" is there, too, PyJWT factors the modulus.
_OF_PUBLIC_KEY = frozenset(("kty", "kid", "use", "alg", "n", "e", "crv", "x", "y"))


Answered = TypeVar("Answered")
MakesAccount = TypeVar("MakesAccount", bound=Callable[[Actor, str], User | None])
_makers: list[Callable[[Actor, str], User | None]] = []


class Untrue(Exception):
    """What the provider answered, or somebody in its name, proves nothing."""


class Told(NamedTuple):
    """The claims that are believed, or why there are none."""

    claims: dict[str, Any]
    error: Exception | None = None


class OpenIdView(RedirectURLMixin, View):
    """Leads to the provider. What must come back is in a signed cookie of this browser."""

    http_method_names = ("get",)
    next_page = settings.LOGIN_REDIRECT_URL

    def get(self, request: HttpRequest) -> HttpResponse:
        if not settings.OIDC_ISSUER:
            raise Http404
        if has_to_wait(request):
            return wait(request)
        trip = {name: secrets.token_urlsafe(32) for name in ("state", "nonce", "verifier")}
        try:
            if (configuration := _beside(request, _configuration)) is None:
                return not_yet()
            place = _address(configuration, "authorization_endpoint")
        except (OutboundFailed, Untrue) as error:
            return _refuse(request, error)
        asked = {
            "response_type": "code",
            "client_id": settings.OIDC_CLIENT_ID,
            "redirect_uri": _own_address(request),
            "scope": "openid email",
            "state": trip["state"],
            "nonce": trip["nonce"],
            "code_challenge": _challenge(trip["verifier"]),
            "code_challenge_method": "S256",
        }
        answer = HttpResponseRedirect(f"{place}{'&' if '?' in place else '?'}{urlencode(asked)}")
        answer.set_signed_cookie(
            _COOKIE,
            json.dumps({**trip, "next": self.get_success_url()}),
            salt=_SALT,
            max_age=_MINUTES * 60,
            path=reverse("admin:openid"),
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
        return answer


def come_back(request: HttpRequest) -> HttpResponse:
    """From the provider, with a code that is good for an ID token."""
    if has_to_wait(request):
        return wait(request)
    try:
        cookie = request.get_signed_cookie(_COOKIE, salt=_SALT, max_age=_MINUTES * 60)
        trip = json.loads(cookie or "")
        if not constant_time_compare(request.GET.get("state", ""), trip["state"]):
            raise Untrue("the answer belongs to another sign-in")
        if "code" not in request.GET:
            raise Untrue(f"no code, but {request.GET.get('error', 'nothing')!r}")
    except (KeyError, BadSignature, Untrue) as error:
        return _refuse(request, error)
    proof = {"code": request.GET["code"], "address": _own_address(request), **trip}
    if (told := _beside(request, partial(_told, proof))) is None:
        return not_yet()
    # Django hides what has "token" in its name from whoever listens to failures.
    person = authenticate(request, username="", openid_token=told)
    if person is None:
        return _refuse(request, None)
    answer = continue_sign_in(request, person, PASSWORD_BACKEND, trip["next"], "people.openid")
    answer.delete_cookie(_COOKIE, path=reverse("admin:openid"))
    return answer


class OpenIdBackend(BaseBackend):
    """Finds the person of an ID token, so that lock-out and trail see what fails."""

    def authenticate(  # type: ignore[override]
        self, request: HttpRequest | None, username: str, openid_token: Told
    ) -> Any:
        try:
            if openid_token.error is not None:
                raise openid_token.error
            actor = network_actor(request, "people.openid", "", "")
            return _person_of(actor, openid_token.claims)
        except (DomainError, Untrue) as error:
            _tell(error)
            return None


# --- What the provider says ----------------------------------------------------------------


def _beside(request: HttpRequest, ask: Callable[[], Answered]) -> Answered | None:
    """What the provider answers: nobody else waits for it, however long it takes."""
    return beside(request, "openid", lockout_address(request), ask)


def _told(proof: dict[str, str]) -> Told:
    try:
        return Told(_believed(proof))
    except (OutboundFailed, Untrue) as error:
        return Told({}, error)


def _believed(proof: dict[str, str]) -> dict[str, Any]:
    """What the ID token says that the code is good for. Raises Untrue and OutboundFailed."""
    import jwt  # here, for the sake of starts: few processes ever see a token

    try:
        return _claims(proof)
    except (jwt.PyJWTError, *_MALFORMED) as error:
        raise Untrue(f"{type(error).__name__}: {error}") from error


# What libraries stumble over where a list or a number stands in place of a text.
_MALFORMED = (
    ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError,
)  # fmt: skip


def _claims(proof: dict[str, str]) -> dict[str, Any]:
    """OpenID Connect Core 1.0, 3.1.3.7, and the signature in any case."""
    import jwt

    configuration = _configuration()
    tokens = _redeem(configuration, proof)
    token = str(tokens.get("id_token", ""))
    claims: dict[str, Any] = jwt.decode(
        token,
        _signing_key(configuration, token),
        algorithms=ALGORITHMS,
        audience=settings.OIDC_CLIENT_ID,
        issuer=configuration["issuer"],
        leeway=60,
        options={"require": ["iss", "sub", "aud", "exp", "iat", "nonce"]},
    )
    if not constant_time_compare(str(claims["nonce"]), proof["nonce"]):
        raise Untrue("the token is of another sign-in")
    if claims.get("azp", settings.OIDC_CLIENT_ID) != settings.OIDC_CLIENT_ID:
        raise Untrue("the token is for another application")
    return claims if "email" in claims else _user_info(configuration, tokens, claims["sub"])


def _configuration() -> dict[str, Any]:
    """Where the provider's doors are (OpenID Connect Discovery 1.0). Kept for five minutes.

    By each process for itself: nobody is kept out because Redis is away.
    """
    issuer = settings.OIDC_ISSUER.rstrip("/")
    until, found = _kept.get(issuer, (0.0, {}))
    if monotonic() < until:
        return found
    found = _fetch(f"{issuer}/.well-known/openid-configuration")
    if str(found.get("issuer")).rstrip("/") != issuer:
        raise Untrue("the provider calls itself otherwise than OIDC_ISSUER")
    _kept[issuer] = monotonic() + _KEPT_FOR, found
    return found


_KEPT_FOR = 300.0  # seconds
_kept: dict[str, tuple[float, dict[str, Any]]] = {}
"""Until when each provider's configuration is good, and what it is."""


def _redeem(configuration: dict[str, Any], proof: dict[str, str]) -> dict[str, Any]:
    form = {
        "grant_type": "authorization_code",
        "code": proof["code"],
        "redirect_uri": proof["address"],
        "code_verifier": proof["verifier"],
    }
    client, secret = settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET
    headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
    ways = configuration.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    if "client_secret_basic" in ways:
        pair = f"{quote(client, safe='')}:{quote(secret, safe='')}"
        headers["authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
    else:
        form |= {"client_id": client, "client_secret": secret}
    return _fetch(_address(configuration, "token_endpoint"), urlencode(form).encode(), headers)


def _signing_key(configuration: dict[str, Any], token: str) -> "PyJWK":
    """The one that the token names, or the only one. No other is looked at: each takes its time."""
    import jwt

    kid = jwt.get_unverified_header(token).get("kid")
    found = _fetch(_address(configuration, "jwks_uri"))["keys"]
    named = (one for one in found if isinstance(one, dict) and kid in (None, one.get("kid")))
    keys = [key for one in islice(named, _MOST_KEYS) if (key := _public_key(one))]
    if len(keys) != 1:
        raise Untrue("the provider has no such key")
    return keys[0]


def _public_key(told: dict[str, Any]) -> "PyJWK | None":
    """The key, as far as it is public; None for one that is of no use here."""
    import jwt

    public = {name: one for name, one in told.items() if name in _OF_PUBLIC_KEY}
    try:
        return jwt.PyJWK(public)
    except jwt.PyJWTError:
        return None


def _user_info(configuration: dict[str, Any], tokens: dict[str, Any], sub: str) -> dict[str, Any]:
    """The claims that some providers keep out of the token. They must be of the same person."""
    headers = {"authorization": f"Bearer {tokens.get('access_token', '')}"}
    found = _fetch(_address(configuration, "userinfo_endpoint"), headers=headers)
    if found.get("sub") != sub:
        raise Untrue("the provider told of somebody else")
    return found


def _address(configuration: dict[str, Any], name: str) -> str:
    place = str(configuration.get(name, ""))
    if problem := url_problem(place):
        raise Untrue(f"{name}: {problem}")
    return place


def _fetch(url: str, body: bytes = b"", headers: dict[str, str] | None = None) -> dict[str, Any]:
    method = "POST" if body else "GET"
    answer = exchange(method, url, body, headers, most_bytes=_MOST_BYTES)
    try:
        found = json.loads(answer.body) if answer.is_success else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Untrue(f"status {answer.status} without an answer that can be read")
    return found


# --- Who that is here ----------------------------------------------------------------------


def makes_accounts(service: MakesAccount) -> MakesAccount:
    """Have the service asked for an account of an address that the provider has verified.

    It answers None for an address that it knows nothing of.
    """
    _makers.append(service)
    return service


def _person_of(actor: Actor, claims: dict[str, Any]) -> User:
    """The one person with this verified address who may sign in, or is invited to.

    Raises Untrue, and DomainError where an invitation cannot be accepted.
    """
    address = claims.get("email")
    if claims.get("email_verified") is not True or not isinstance(address, str):
        raise Untrue("no verified e-mail address")
    try:
        validate_email(address.encode().decode())  # which half of a surrogate pair is not
    except (ValidationError, UnicodeError):
        raise Untrue("no e-mail address") from None
    rows = User.objects.filter(email__iexact=address, is_active=True, is_staff=True)
    people = [one for one in rows if is_same_address(one.email, address)]
    if not people:
        people = [one for make in _makers if (one := make(actor, address))]
    if len(people) != 1:
        raise Untrue(f"{len(people)} people have that e-mail address")
    return people[0]


# --- Refusing ------------------------------------------------------------------------------


def _tell(error: Exception) -> None:
    """To whoever runs the site; a stranger is told one and the same."""
    log.warning("Nobody was signed in by OpenID Connect: %s", in_one_line(error))


def _refuse(request: HttpRequest, error: Exception | None) -> HttpResponse:
    if error is not None:  # else `authenticate` has counted it
        note_try(request)
        _tell(error)
    told = "That did not work. Nobody is signed in here without an account that has the address."
    messages.error(request, f"{settings.OIDC_NAME}: {told}")
    return HttpResponseRedirect(reverse("admin:login"))


def _own_address(request: HttpRequest) -> str:
    return absolute_address(request, reverse("admin:openid_callback"))


def _challenge(verifier: str) -> str:
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
