"""One operation with everybody who may call it: made once, and left as it was by every rule."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import Permission, User
from django.db import transaction
from django.utils import timezone

from manage_api.keys import services
from manage_api.operations import Operation, all_scopes, find
from syteops.core.actors import SYSTEM
from tests.fixtures import Api, is_refusal
from tests.isolation import forget_calls
from tests.manage_api.faces import Answer, as_person
from tests.manage_api.stored import stored
from tests.samples import all_samples


class Case:
    """An operation, a right call of it on stored objects, and who calls."""

    def __init__(self, operation: Operation, with_strangers: bool) -> None:
        self.operation = operation
        self.sample = all_samples()[operation.name]()
        self.needed = [operation, *map(_named, self.sample.also)]
        """The operation, and those that it carries out by the way."""
        self.scopes = {one.scope for one in self.needed}
        self.site = Api(services.generate_site_key(SYSTEM).text)
        self.key = a_key(self.scopes)
        self.scoped = Api(self.key)
        """A key with exactly the scopes that the call needs."""
        permissions = _permissions(one.permission for one in self.needed)
        self.bob = as_person(a_person("bob", permissions))
        """Staff, with exactly the permissions that the call needs."""
        if with_strangers:
            self._let_strangers_in()
        self.before = stored()

    def _let_strangers_in(self) -> None:
        """Who is refused, each for a reason of their own; and Alice, who may do everything."""
        own = _permissions([self.operation.permission])
        others = Permission.objects.exclude(pk__in=[one.pk for one in own])
        self.revoked = Api(a_revoked_key(self.scopes))
        self.elsewhere = Api(a_key(set(all_scopes()) - {self.operation.scope}))
        """A key with every scope but the operation's own."""
        self.expired = Api(a_key(self.scopes, expires_at=timezone.now() - timedelta(days=1)))
        self.alice = as_person(User.objects.create_superuser("alice"))
        self.barbara = as_person(a_person("barbara", others))
        """Staff, with every permission but the operation's own."""
        self.charlie = as_person(a_person("charlie", own, is_staff=False))
        """With the operation's permission, which counts for nothing: he is not staff."""

    @contextmanager
    def undone(self) -> Iterator[None]:
        """What is done is undone again, and what the process remembers of it forgotten."""
        forget_calls()
        with transaction.atomic():
            yield
            transaction.set_rollback(True)

    def refused(self, answer: Answer, status: int, code: str, before: Any = None) -> None:
        """The answer is this problem, in the one shape, and nothing was touched."""
        assert (answer.status, answer.code) == (status, code), answer.body
        assert is_refusal(answer.response)
        assert answer.body["request_id"] == answer.response.headers["X-Request-ID"]
        assert answer.body["status"] == status
        assert stored() == (before or self.before)

    def done(self, answer: Answer) -> None:
        """The answer is success, and it tells the truth about what is stored."""
        assert answer.is_success, answer.body
        assert answer.changed == (stored() != self.before)
        assert answer.changed == (self.operation.writes and self.sample.changes)


def a_key(scopes: set[str], **values: Any) -> str:
    """The text of a new restricted key."""
    return services.create_restricted_key(
        SYSTEM, name="Test key", scopes=sorted(scopes), **values
    ).text


def a_revoked_key(scopes: set[str]) -> str:
    issued = services.create_restricted_key(SYSTEM, name="Old", scopes=sorted(scopes))
    services.revoke_key(SYSTEM, issued.key)
    return issued.text


def a_person(name: str, permissions: Iterable[Permission], is_staff: bool = True) -> User:
    user = User.objects.create_user(name, is_staff=is_staff)
    user.user_permissions.set(permissions)
    return user


def _permissions(names: Iterable[str]) -> list[Permission]:
    pairs = [name.split(".") for name in names]
    return [
        Permission.objects.get(content_type__app_label=app, codename=codename)
        for app, codename in pairs
    ]


def _named(name: str) -> Operation:
    found = find(*name.split("."))
    assert found is not None, name
    return found
