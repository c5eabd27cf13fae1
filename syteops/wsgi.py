"""The WSGI application that the server loads, once per process."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "syteops.settings")

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
