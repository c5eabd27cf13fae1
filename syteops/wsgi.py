"""The WSGI application that the server loads, once per process."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "syteops.settings")

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()

from manage_api.keys.afterwards import start_working  # noqa: E402 - needs the apps loaded
from manage_api.keys.usage import start_flushing  # noqa: E402 - the same
from syteops.integrations.startup import start_enabled  # noqa: E402 - the same

start_enabled()
start_flushing()
start_working()
