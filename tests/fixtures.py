"""Three people, five keys, and a client that speaks to the Manage API."""

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.models import Permission, User
from django.http import HttpRequest
from django.test import Client

from manage_api.keys import services
from manage_api.keys.models import ApiSwitch, ManageKey
from syteops.core.actors import SYSTEM
from syteops.people.sessions import SessionStore

API = "/api/manage/v1"


class Api:
    """Calls the API as one caller, and answers with Django's test responses."""

    def __init__(self, key: str | None = None, client: Client | None = None) -> None:
        headers = {"X-API-Key": key} if key else {}
        self.client = client or Client(headers=headers, raise_request_exception=False)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """One REST request; `path` is relative to the API's root, `headers` use underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        address = path if path.startswith(("/api", "/wp-json", "/.well-known")) else API + path
        if body is None:
            return self.client.generic(method, address, headers=named)
        return self.client.generic(method, address, _json(body), "application/json", headers=named)

    def get(self, path: str, **headers: str) -> Any:
        return self.call("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.call("POST", path, body, **headers)

    def patch(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.call("PATCH", path, body, **headers)

    def put(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.call("PUT", path, body, **headers)

    def delete(self, path: str, **headers: str) -> Any:
        return self.call("DELETE", path, **headers)

    def dispatch(self, operation: str, params: dict[str, Any] | None = None, **more: Any) -> Any:
        """One operation, such as `crm.update`, through dispatch; `more` are confirm and dry_run."""
        resource, action = operation.split(".")
        body = {"resource": resource, "action": action, "params": params or {}, **more}
        return self.post("/dispatch", body)


def is_refusal(answer: Any) -> bool:
    """Whether it is of the type of refusals: dispatch's envelope is no problem document."""
    of_dispatch = answer.wsgi_request.path.endswith(("/dispatch", "/manage/dispatch/"))
    wanted = "application/json" if of_dispatch else "application/problem+json"
    return bool(answer.headers["Content-Type"] == wanted)


def _json(body: Any) -> bytes:
    from manage_api.rendering import dump

    return body if isinstance(body, bytes) else dump(body)


@pytest.fixture
def alice(db: None) -> User:
    """Superuser."""
    return User.objects.create_superuser("alice", "alice@example.com", "alice-password")


@pytest.fixture
def bob(db: None) -> User:
    """Staff, with the rights to see and change CRM systems and nothing else."""
    user = User.objects.create_user("bob", "bob@example.com", "bob-password", is_staff=True)
    codenames = ("view_crmsystem", "change_crmsystem")
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return user


@pytest.fixture
def charlie(db: None) -> User:
    """Can log in, and has no rights."""
    return User.objects.create_user("charlie", "charlie@example.com", "charlie-password")


def signed_in(user: User, client: Client | None = None) -> Client:
    """The browser of a person who has just signed in.

    As `Client.force_login`, without the session that this makes beforehand and throws away.
    """
    client = client or Client()
    request = HttpRequest()
    session = request.session = SessionStore()
    login(request, user, "django.contrib.auth.backends.ModelBackend")
    session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = str(session.session_key)
    return client


@pytest.fixture
def page(alice: User) -> Client:
    """Alice's browser."""
    return signed_in(alice)


@pytest.fixture
def site_key(db: None) -> str:
    """The text of the site key: every scope."""
    ApiSwitch.objects.get_or_create(pk=1)  # a test may have emptied the database before
    return services.generate_site_key(SYSTEM).text


@pytest.fixture
def make_key(db: None) -> Callable[..., str]:
    """Makes a restricted key with the scopes given, and answers its text."""

    def make(*scopes: str, **values: Any) -> str:
        values.setdefault("name", "Test key")
        return services.create_restricted_key(SYSTEM, scopes=scopes, **values).text

    return make


def remake(key: ManageKey, **rights: Any) -> None:
    """Give a stored key other rights, as if it had been made with them."""
    key.refresh_from_db()  # what has ended it is sealed, too
    verifier, _ = key.open_verifier()
    for name, value in rights.items():
        setattr(key, name, value)
    key.seal_verifier(verifier)
    key.save(update_fields=["verifier", *rights])


@pytest.fixture
def revoked_key(db: None) -> str:
    """A key that was revoked."""
    issued = services.create_restricted_key(SYSTEM, name="Old", scopes=["crm:read"])
    services.revoke_key(SYSTEM, issued.key)
    return issued.text


@pytest.fixture
def api(site_key: str) -> Api:
    """The API with the site key."""
    return Api(site_key)


@pytest.fixture
def as_person() -> Callable[[User], Api]:
    """The API with a person's session (CSRF checks are off in Django's test client)."""

    def enter(user: User) -> Api:
        return Api(client=signed_in(user, Client(raise_request_exception=False)))

    return enter
