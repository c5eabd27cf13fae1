"""A site that sends mail, through a sink."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import django

from tests.integrations.smtp_sink import SmtpSink, receiving_mail


@contextmanager
def site_with_mail(settings: Any) -> Iterator[SmtpSink]:
    """This site sends its mail to the sink, until the block is left."""
    with receiving_mail() as started:
        backend = "syteops.core.smtp.EmailBackend"
        settings.EMAIL_SERVER = {"host": "127.0.0.1", "port": started.port, "timeout": 5}
        if django.VERSION >= (6, 1):
            settings.MAILERS = {"default": {"BACKEND": backend, "OPTIONS": settings.EMAIL_SERVER}}
        else:
            settings.EMAIL_BACKEND = backend
            settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", started.port
        settings.SITE_NAME, settings.SITE_URL = "Ops", "https://ops.example.com"
        settings.DEFAULT_FROM_EMAIL = "SyteOps <ops@example.com>"
        yield started
