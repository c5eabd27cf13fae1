"""Sessions in the database, under a hash of their id: who reads the table can take over none."""

import hashlib
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.utils import timezone

from syteops.core.removing import remove


def stored_key(session_key: str | None) -> str:
    """What stands in the table for a session's id: 160 bits of its SHA-256, as the column holds."""
    return hashlib.sha256((session_key or "").encode()).hexdigest()[:40]


class SessionStore(DatabaseStore):
    """Django's own, but for the column. The id is known to the browser alone.

    For synchronous code: requests are worked on in a thread, as a WSGI application.
    """

    def _get_session_from_db(self) -> Session | None:
        found = _rows(self.session_key).filter(expire_date__gt=timezone.now()).first()
        if found is None:
            self._session_key = None
        return found

    def exists(self, session_key: str) -> bool:
        return _rows(session_key).exists()

    def create_model_instance(self, data: dict[str, Any]) -> Any:
        instance = super().create_model_instance(data)
        instance.session_key = stored_key(instance.session_key)
        return instance

    def delete(self, session_key: str | None = None) -> None:
        _rows(session_key or self.session_key).delete()


def _rows(session_key: str | None) -> "QuerySet[Session]":
    return Session.objects.filter(session_key=stored_key(session_key))


def forget_ended_sessions() -> None:
    """Those of before; and none lasts longer than a new one, though a wrong clock began it."""
    latest = timezone.now() + timedelta(seconds=settings.SESSION_COOKIE_AGE)
    remove(Session.objects.filter(expire_date__lte=timezone.now()))
    Session.objects.filter(expire_date__gt=latest).update(expire_date=latest)


def end_sessions(user: Any, but: str = "") -> None:
    """Sign a person out everywhere, except in the session of that id."""
    rows = Session.objects.filter(expire_date__gt=timezone.now())
    for row in rows.exclude(session_key=stored_key(but)).iterator():
        if row.get_decoded().get(SESSION_KEY) == str(user.pk):
            row.delete()
