"""The WSGI application of a server process, which begins its background work. See `asgi`."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "syteops.settings")

import django

django.setup(set_prefix=False)

from syteops.server.handlers import shared_handler, shorten_signals  # noqa: E402 - needs the apps loaded

application = shared_handler()

from django.conf import settings  # noqa: E402 - needs DJANGO_SETTINGS_MODULE

from manage_api.keys import usage  # noqa: E402 - needs the apps loaded
from syteops.automation import reads  # noqa: E402 - the same
from syteops.core import background, request_counts  # noqa: E402 - beside the others
from syteops.core.postgresql.base import DatabaseWrapper  # noqa: E402 - the same
from syteops.core.sqlite.base import DatabaseWrapper as SqliteWrapper  # noqa: E402 - the same
from syteops.integrations.startup import LOOKED_EVERY, follow_enabled  # noqa: E402 - the same
from syteops.lib.memory import give_back  # noqa: E402 - beside the others
from syteops.server import housekeeping  # noqa: E402 - the same

# Requests do not wait without end; commands, which do not come here, may take their time.
DatabaseWrapper.patience = settings.DATABASE_TIMEOUT
SqliteWrapper.may_create = False
shorten_signals()
follow_enabled()
background.every(usage.INTERVAL.total_seconds(), housekeeping.watched("count_calls", usage.flush))
background.every(reads.INTERVAL.total_seconds(), housekeeping.watched("note_reads", reads.flush))
background.every(request_counts.SHARED_EVERY, request_counts.share)
background.every(LOOKED_EVERY, follow_enabled)
background.every(60, give_back)
background.start()
